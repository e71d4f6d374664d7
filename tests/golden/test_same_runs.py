"""The comparison of runs with another checkout's, `benchmarks/same_runs.py`, this one being its own partner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def campaign() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import same_runs

        yield same_runs
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


def test_a_checkout_runs_everything_as_it_does_itself(campaign: Any) -> None:
    here, there, totals = (
        campaign.Checkout(ROOT, campaign.CHILD),
        campaign.Checkout(ROOT, campaign.CHILD),
        campaign.Totals(),
    )
    campaign.compare(range(12), here, there, totals)
    here.close()
    there.close()
    assert totals.compared.total() == 12 * campaign.REPLICATIONS
    assert (totals.unread, totals.differences) == (0, [])


class Altered:
    """A partner that says of one run of one scenario, the third, something else; and refuses the first."""

    def __init__(self, told: list[Any]) -> None:
        self._told = told

    def run(self, asked: object) -> Any:
        del asked
        third = [*self._told[2][:-1], [*self._told[2][-1][:-1], "another hash"]]
        return 0.0, ["refused: unknown field", self._told[1], third]


class Told:
    """A partner that says what it was given."""

    def __init__(self, told: list[Any]) -> None:
        self._told = told

    def run(self, asked: object) -> Any:
        del asked
        return 0.0, self._told


def test_one_hash_that_differs_is_told_and_what_the_partner_cannot_read_is_not_compared(campaign: Any) -> None:
    told, totals = [[["agreed", 0.1, f"hash {run}"] for run in range(3)] for _ in range(3)], campaign.Totals()
    campaign.compare(range(3), Told(told), Altered(told), totals)
    assert (totals.unread, totals.compared.total(), len(totals.differences)) == (1, 6, 1)
    assert totals.differences[0].startswith("scenario 2")


def test_scenarios_are_of_every_protocol_and_the_same_whenever_they_are_drawn(campaign: Any) -> None:
    drawn = [campaign.drawn(number) for number in range(60)]
    assert {fields["protocol"] for fields, _ in drawn} >= set(campaign.PROTOCOLS)
    assert drawn[:5] == [campaign.drawn(number) for number in range(5)]
