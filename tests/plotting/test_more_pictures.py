"""Heat maps, latencies, messages, moving pictures: what they show, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.animation import FFMpegWriter
from PIL import Image

import bft
from bft import plotting
from bft.errors import BftError, ScenarioError, SweepError
from bft.plotting.space_time import MOST_MESSAGES, space_time, space_time_figure
from bft.record.diagram import SpaceTime


def test_a_heat_map_shows_the_estimates(by_n: bft.Sweep) -> None:
    ax = plotting.heat_map(by_n)
    values = np.asarray(ax.images[0].get_array())
    assert values.shape == (2, 3)
    for row, n in enumerate([4, 7]):
        for column, delta in enumerate([0.0, 0.25, 0.5]):
            cell = next(each for each in by_n.rows if each["n"] == n and each["faults.delta"] == delta)
            assert values[row, column] == cell["p_agree"]
    assert {text.get_text() for text in ax.texts} >= {"1"}
    flipped = plotting.heat_map(by_n, x="n", y="faults.delta")
    assert np.asarray(flipped.images[0].get_array()).T.tolist() == values.tolist()


def test_a_heat_map_needs_two_axes(by_n: bft.Sweep, llms: bft.Sweep) -> None:
    with pytest.raises(SweepError, match=r"exactly two swept fields .* this sweep has faults.delta \(3\)"):
        plotting.heat_map(llms)
    with pytest.raises(SweepError, match=r"outcome = 'right': must be one of agree, correct"):
        plotting.heat_map(by_n, "right")
    with pytest.raises(SweepError, match=r"exactly two swept fields"):
        plotting.heat_map(by_n, x="n", y="n")


def test_latencies_count_undecided_runs_as_never() -> None:
    ax = plotting.latencies({"a": [3.0, None, 1.0, float("nan")]})
    times, shares = (np.asarray(each).tolist() for each in ax.lines[0].get_data())
    assert (times, shares) == ([0.0, 1.0, 3.0, 3.0], [0.0, 0.25, 0.5, 0.5])
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a: 2 of 4 never"]
    medians = [line.get_data() for line in ax.lines if line.get_marker() == "o"]
    assert [(float(x[0]), float(y[0])) for x, y in medians] == [(3.0, 0.5)]  # the 99th percentile is never


@pytest.mark.parametrize(
    ("times", "complaint"),
    [({}, "at least one label"), ({"a": []}, "must have at least one run"), ({"a": [-1.0]}, "must not be negative")],
)
def test_latencies_that_cannot_be_are_refused(times: dict[str, list[float]], complaint: str) -> None:
    with pytest.raises(SweepError, match=complaint):
        plotting.latencies(times)


def test_runs_that_never_decide_are_drawn_too() -> None:
    ax = plotting.latencies({"none": [None, None]})
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == [0.0, 0.0]


def test_messages_add_up() -> None:
    run = bft.simulate(bft.Scenario(n=7, faults={"nodes": [0], "behaviour": "crash"}), 1)
    ax = plotting.messages_by_phase({"crash": run.metrics.sent_by_kind})
    heights = [patch.get_height() for patch in ax.patches]
    assert sum(heights) == run.metrics.messages_sent
    assert [text.get_text() for text in ax.texts] == [f"{run.metrics.messages_sent:,}"]
    with pytest.raises(SweepError, match="must not be negative"):
        plotting.messages_by_phase({"a": {"Prepare": -1}})
    with pytest.raises(SweepError, match="at least one label"):
        plotting.messages_by_phase({})


@pytest.fixture(scope="module")
def diagram() -> SpaceTime:
    journal = bft.simulate(bft.Scenario(n=4), 1, journal=True).journal
    assert journal is not None
    return journal.diagram("four nodes")


def test_an_animation_is_a_film_of_its_length(diagram: SpaceTime, tmp_path: Path) -> None:
    file = plotting.save_animation(plotting.animation(diagram, length_s=0.5), tmp_path / "run.gif")
    with Image.open(file) as film:
        assert film.n_frames > 2  # equal frames are joined  # type: ignore[attr-defined]
        assert film.size == (480, 496)


def test_an_animation_goes_where_it_can(diagram: SpaceTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moving = plotting.animation(diagram, length_s=0.2)
    with pytest.raises(BftError, match=r"must end in \.gif or \.mp4"):
        plotting.save_animation(moving, tmp_path / "run.avi")
    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda _: False))
    with pytest.raises(BftError, match="needs the program ffmpeg, which is not here"):
        plotting.save_animation(moving, tmp_path / "run.mp4")
    plotting.save_animation(moving, tmp_path / "run.gif")  # matplotlib warns of films that are never shown


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"length_s": 0.0}, "length_s = 0.0: must be a positive number"),
        ({"frames_per_s": 0}, "frames_per_s = 0: must be at least 1"),
        ({"positions": {0: (0.0, 0.0)}}, "must have a place for every node; 1 has none"),
    ],
)
def test_animations_that_cannot_be_are_refused(diagram: SpaceTime, given: dict[str, object], complaint: str) -> None:
    with pytest.raises(BftError, match=complaint):
        plotting.animation(diagram, **given)  # type: ignore[arg-type]


def test_a_long_run_is_drawn_in_part_and_says_so() -> None:
    run = bft.simulate(bft.Scenario(n=4, requests={"count": 60, "rate_per_s": 5}), 1, journal=True)
    assert run.journal is not None
    diagram = run.journal.diagram("a stream")
    counted = sum(each.kind not in diagram.hidden for each in diagram.arrows)
    assert counted > MOST_MESSAGES
    title = space_time(diagram).get_title(loc="left")
    assert f"{MOST_MESSAGES} of {counted:,} messages; the others are left out" in title
    part = space_time(diagram, between=(2.0, 3.0))
    drawn = [each for each in diagram.arrows if each.kind not in diagram.hidden and 2.0 <= each.sent <= 3.0]
    assert 0 < len(drawn) < MOST_MESSAGES
    assert f"from 2 to 3 s: {len(drawn)} of {counted:,} messages" in part.get_title(loc="left")
    assert len([each for each in part.texts if getattr(each, "arrow_patch", None) is not None]) == len(drawn)
    assert space_time(diagram, most=10**9).get_title(loc="left") == "a stream", "all of it, if asked for"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"most": 0}, "most = 0: must be at least 1"),
        ({"between": (3, 2)}, r"between = \(3, 2\): must be a start and a later end"),
        ({"between": "all"}, "between = 'all': must be a start and a later end"),
    ],
)
def test_parts_that_cannot_be_are_refused(diagram: SpaceTime, given: dict[str, object], complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        space_time_figure(diagram, **given)
