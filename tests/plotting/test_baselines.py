"""Every picture against its baseline; `pytest tests/plotting --record` draws the baselines anew, to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

import bft
from bft import plotting
from bft.errors import SweepError
from bft.experiments.comparison import Compared, compare
from bft.experiments.laws import law_of
from bft.plotting import networks, operations
from bft.plotting.animation import moment
from bft.plotting.operations import (
    Point,
    availability_of_k_of_n,
    breaker_thresholds,
    detector_trade_off,
    retry_storm,
)
from bft.plotting.style import new_figure, styled

BASELINES = Path(__file__).parent / "baselines"
DPI = 50
TOLERANCE = 2.0
"""Root of the mean squared difference of pixels, of 255: room for another build of the same library, not for a
missing line."""


def _journal() -> object:
    run = bft.simulate(bft.Scenario(n=4, faults={"nodes": [0], "behaviour": "silent_primary"}), 5, journal=True)
    assert run.journal is not None
    return run.journal.diagram("n = 4, a silent primary")


@cache
def _stream() -> bft.Run:
    faults = {"nodes": [0, 1], "behaviour": {"kind": "crash", "at_s": 9.0}}
    return bft.simulate(bft.Scenario(requests={"count": 60, "rate_per_s": 5}, faults=faults, horizon_s=30.0), seed=2)


@cache
def _compared() -> tuple[Compared, ...]:
    panel = {"kind": "statistical", "latency": {}}
    twice = {"delta": 0.3, "behaviour": "equivocate"}
    return compare(
        {
            "PBFT": bft.Scenario(n=7, validators=panel),
            "quorum": bft.Scenario(n=7, protocol="ballot", validators="statistical"),
            "plurality, voting twice": bft.Scenario(
                n=7, protocol="ballot", rule="plurality", validators=panel, faults=twice
            ),
            "too many crashed": bft.Scenario(n=7, faults={"nodes": [0, 1, 2], "behaviour": "crash"}),
        },
        replications=60,
        seed=1,
    )


@cache
def _designed() -> bft.Design:
    return bft.design(accuracies=[0.9, 0.85, 0.8, 0.8, 0.7], r=0.5, tau=0.3, max_wrong=0.02)


POINTS = {
    "one": [Point(1.0, 0.9, 0.8, 0.95, 0.91), Point(2.0, 0.5, 0.4, 0.6, 0.52), Point(3.0, 0.1, 0.05, 0.2, 0.11)],
    "another": [Point(1.0, 0.99, 0.97, 1.0), Point(2.0, 0.95, 0.9, 0.98), Point(3.0, 0.9, 0.85, 0.93)],
}
MEASURED = {
    "ring": [networks.Measured(4, 1.0, 0.9, 1.1, 1.05), networks.Measured(8, 2.0, 1.8, 2.2)],
    "star": [networks.Measured(4, 0.5, 0.4, 0.6), networks.Measured(8, 0.6, 0.5, 0.7, 0.58)],
}
IN_KINDS = {name: [each._replace(x=place) for place, each in enumerate(MEASURED[name])] for name in MEASURED}
DOWN = [operations.Stretch(0, 1.0, 1.2), operations.Stretch(1, 4.0, 4.5), operations.Stretch(2, 8.0, 8.1)]
SENT = {
    "no fault": {"PrePrepare": 6, "Prepare": 36, "Commit": 42},
    "silent": {"PrePrepare": 6, "Prepare": 36, "Commit": 42, "ViewChange": 42, "NewView": 6, "Status": 60},
}

D = [0.0, 0.25, 0.5]
PICTURES: dict[str, Callable[[dict[str, bft.Sweep], Axes], object]] = {
    "agreement": lambda sweeps, ax: plotting.agreement(sweeps["by_n"], ax=ax),
    "bands": lambda sweeps, ax: plotting.bands(sweeps["llms"], ax=ax),
    "share": lambda sweeps, ax: plotting.share(sweeps["behaviours"], "split", ax=ax),
    "heat_map": lambda sweeps, ax: plotting.heat_map(sweeps["by_n"], ax=ax),
    "law_bands": lambda _, ax: plotting.law_bands(law_of(bft.Scenario(validators="statistical"), D), D, at=0.2, ax=ax),
    "latencies": lambda _, ax: plotting.latencies(
        {"a": [0.1, 0.2, 0.4], "b": [0.3, None, 10.2, None]}, log=True, ax=ax
    ),
    "latency_over_time": lambda _, ax: plotting.latency_over_time(_stream(), window_s=1.0, ax=ax),
    "throughput_over_time": lambda _, ax: plotting.throughput_over_time(_stream(), window_s=1.0, ax=ax),
    "source_documents": lambda sweeps, ax: plotting.source_documents(sweeps["by_n"], ax=ax),
    "messages": lambda _, ax: plotting.messages_by_phase(SENT, ax=ax),
    "messages_log": lambda _, ax: plotting.messages_by_phase(SENT, log=True, ax=ax),
    "outcome_bars": lambda _, ax: plotting.outcome_bars(_compared(), ax=ax),
    "design_front": lambda _, ax: plotting.design_front(_designed(), ax=ax),
    "errors_together": lambda _, ax: plotting.errors_together(_designed().errors_together, ax=ax),
    "measured": lambda _, ax: plotting.measured(_compared(), "precision", ax=ax),
    "space_time": lambda _, ax: plotting.space_time(_journal(), ax=ax),  # type: ignore[arg-type]
    "network_curves": lambda _, ax: networks.curves(MEASURED, x_label="n", y_label="s", title="by n", ax=ax),
    "network_categories": lambda _, ax: networks.curves(
        IN_KINDS, x_label="", y_label="s", title="by kind", categories=["ring", "star"], ax=ax
    ),
    "network_curves_log": lambda _, ax: networks.curves(
        MEASURED, x_label="n", y_label="s", title="by n", logarithmic=True, ax=ax
    ),
    "operations_curves": lambda _, ax: operations.curves(POINTS, xlabel="x", ylabel="y", title="points", ax=ax),
    "timeline": lambda _, ax: operations.timeline(DOWN, alerts=[(1.5, 1), (6.0, 0)], end_days=9.0, ax=ax),
    "retry_storm": lambda _, ax: retry_storm(POINTS, slow_min=(1.5, 2.5), ax=ax),
    "detector_trade_off": lambda _, ax: detector_trade_off(POINTS, ax=ax),
    "availability_of_k_of_n": lambda _, ax: availability_of_k_of_n(POINTS, target=0.999, ax=ax),
    "breaker_thresholds": lambda _, ax: breaker_thresholds(POINTS, ax=ax),
}


@pytest.fixture(scope="module")
def sweeps(by_n: bft.Sweep, llms: bft.Sweep, behaviours: bft.Sweep) -> dict[str, bft.Sweep]:
    return {"by_n": by_n, "llms": llms, "behaviours": behaviours}


def _compare(figure: Figure, name: str, tmp_path: Path, record: bool) -> None:
    baseline, drawn = BASELINES / f"{name}.png", tmp_path / f"{name}.png"
    with styled():
        figure.savefig(baseline if record else drawn, dpi=DPI, metadata={"Software": "bft"})
    if not record:
        difference = compare_images(str(baseline), str(drawn), tol=TOLERANCE)
        assert difference is None, difference


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_on_the_axes_it_is_given_and_looks_as_it_did(
    name: str, sweeps: dict[str, bft.Sweep], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with styled():
        figure = new_figure(8.0, 4.6)
        ax = figure.add_subplot()
    assert PICTURES[name](sweeps, ax) is ax
    _compare(figure, name, tmp_path, request.config.getoption("--record"))


@pytest.mark.parametrize("name", PICTURES)
def test_without_axes_a_picture_makes_its_own(name: str, sweeps: dict[str, bft.Sweep]) -> None:
    drawn = PICTURES[name](sweeps, None)  # type: ignore[arg-type]
    assert isinstance(drawn, Axes)
    assert drawn.get_title(loc="left") or drawn.get_title()


def test_a_frame_of_the_animation_looks_as_it_did(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    figure = moment(_journal(), 0.55)  # type: ignore[arg-type]
    _compare(figure, "animation", tmp_path, request.config.getoption("--record"))


def test_a_point_in_no_category_is_refused_by_its_place() -> None:
    with pytest.raises(SweepError, match=r"x = 4: must be the place of a category, 0 to 1"):
        networks.curves(MEASURED, x_label="", y_label="s", title="by kind", categories=["ring", "star"])


def test_scenarios_side_by_side_look_as_they_did(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    figure = plotting.comparison_figure(_compared(), "Four ways to decide")
    _compare(figure, "comparison", tmp_path, request.config.getoption("--record"))
