"""Time with long silences folded."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bft.record.folded_time import FoldedTime


def test_silences_between_bursts_are_folded() -> None:
    time = FoldedTime([0.01, 0.02, 0.05, 0.1, 10, 10.02, 10.05, 10.1, 30.0, 30.03, 30.1])
    assert time.folds == [(0.1, 10), (10.1, 30.0)]
    assert time(10) - time(0.1) == pytest.approx(time(30.0) - time(10.1))
    assert time(0.05) - time(0.01) == pytest.approx(0.04)
    assert time(30.1) < 0.4


def test_silences_of_all_lengths_are_folded() -> None:
    """Timeouts double: each is a silence of its own."""
    bursts = [0.0, 10.0, 30.0, 70.0, 150.0]
    time = FoldedTime([start + part / 100 for start in bursts for part in range(20)])
    assert len(time.folds) == 4


@pytest.mark.parametrize("times", [[], [5.0], [0.0, 0.0], [1, 2, 3, 4, 5, 6, 7, 8]])
def test_without_silences_time_is_time(times: list[float]) -> None:
    time = FoldedTime(times)
    assert time.folds == []
    assert [time(each) for each in times] == times
    assert time.corners[0] == (0.0, 0.0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
@example([1.5321249341941439, 524289.5545316226, 2.2474116321755307e-283])  # no difference of sums is a time
def test_order_is_kept_and_labels_lie_within(times: list[float]) -> None:
    time = FoldedTime(times)
    places = [time(each) for each in sorted(times)]
    assert places == sorted(places)
    assert time.worth_naming()[0] == 0.0
    assert all(0 <= each <= time.end for each in time.worth_naming())
    assert [place for _, place in time.corners] == sorted(place for _, place in time.corners)
