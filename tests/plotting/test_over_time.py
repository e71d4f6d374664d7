"""A run along its own time: every request has its point, every answer is counted once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.patches import StepPatch

import bft
from bft import plotting
from bft.cli import main
from bft.errors import SweepError


@pytest.fixture(scope="module")
def run() -> bft.Run:
    """Three requests in four are answered: two of four nodes crash on the way."""
    faults = {"nodes": [0, 1], "behaviour": {"kind": "crash", "at_s": 9.0}}
    return bft.simulate(bft.Scenario(requests={"count": 60, "rate_per_s": 5}, faults=faults, horizon_s=30.0), seed=2)


def test_every_request_is_a_point_or_a_mark(run: bft.Run) -> None:
    ax = plotting.latency_over_time(run, window_s=2.0)
    points, medians, never = ax.lines
    answered = run.requests.answered
    assert 0 < answered < 60
    assert np.asarray(points.get_ydata()).tolist() == run.latencies().tolist()
    assert len(np.asarray(never.get_xdata())) == 60 - answered
    legend = ax.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["one request", "median of 2 s", f"never answered ({60 - answered})"]
    arrived_s, latency_s = run.requests.arrived_s(), run.requests.latency_s()
    first = latency_s[(arrived_s < 2.0) & ~np.isnan(latency_s)]
    assert np.asarray(medians.get_xdata())[0] == 1.0
    assert np.asarray(medians.get_ydata())[0] == np.median(first)


def test_throughput_counts_every_answer_once(run: bft.Run) -> None:
    ax = plotting.throughput_over_time(run, window_s=0.5)
    arrived, answered = (each for each in ax.patches if isinstance(each, StepPatch))
    for steps, count in ((arrived, 60), (answered, run.requests.answered)):
        values, edges, _ = steps.get_data()
        assert np.asarray(values) @ np.diff(edges) == pytest.approx(count)


def test_several_runs_are_told_apart_by_marker_and_line(run: bft.Run) -> None:
    ax = plotting.latency_over_time({"one": run, "other": run})
    medians = [line for line in ax.lines if "median" in str(line.get_label())]
    assert len({(line.get_marker(), line.get_linestyle()) for line in medians}) == 2
    assert not ax.findobj(PathCollection)


@pytest.mark.parametrize(
    ("runs", "given", "complaint"),
    [
        ({}, {}, "must have at least one run"),
        ({"a": 3}, {}, r"runs.a = 'int': must be a bft.Run"),
        (None, {"window_s": 0}, "window_s = 0: must be above 0"),
        (None, {"window_s": float("nan")}, "window_s = nan: must be above 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(run: bft.Run, runs: object, given: dict[str, float], complaint: str) -> None:
    with pytest.raises(SweepError, match=complaint):
        plotting.throughput_over_time(run if runs is None else runs, **given)  # type: ignore[arg-type]


def test_a_run_without_a_single_answer_is_drawn_too() -> None:
    run = bft.simulate(bft.Scenario(faults={"nodes": [0, 1]}), seed=1)
    assert plotting.latency_figure(run, "nobody").axes


def test_bft_run_writes_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "latency.svg"
    assert main(["run", "--set", "requests.count=9", "requests.rate_per_s=4", "--export", f"latency={file}"]) == 0
    assert file.read_bytes().startswith(b"<?xml")
    assert main(["run", "--export", f"latency={tmp_path / 'latency.txt'}"]) == 2
    assert "must end in .png or .svg or .pdf" in capsys.readouterr().err


def test_a_distribution_says_what_it_counts() -> None:
    by_run = plotting.latencies({"a": [1.0, None]})
    by_request = plotting.latencies({"a": [1.0, None]}, counted="requests")
    assert by_run.get_ylabel() == "share of runs decided by then"
    assert by_request.get_ylabel() == "share of requests answered by then"
    assert by_request.get_xlabel() == "seconds from arrival to f + 1 equal replies"
    with pytest.raises(SweepError, match=r"counted = 'nodes': must be one of runs, requests"):
        plotting.latencies({"a": [1.0]}, counted="nodes")  # type: ignore[arg-type]
