"""Whole figures, and what is written to disk."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.image import imread

import bft
from bft import plotting
from bft.errors import SweepError
from bft.experiments.comparison import compare
from bft.plotting import agreement_figure, band_panels, outcome_panels, save, share_panels


def test_the_main_figure_has_agreement_on_the_left_all_outcomes_beside_it_and_the_source_documents_on_the_right(
    by_n: bft.Sweep, llms: bft.Sweep
) -> None:
    left, middle, right = agreement_figure(by_n, llms).axes
    assert left.get_ylabel() == "P(agreement)"
    assert middle.get_ylabel() == "share of runs, stacked"
    assert "LLM validators (mmlu_pro_strong7), n = 4" in middle.get_title(loc="left")
    assert "Source documents" in right.get_title(loc="left")


def test_outcome_panels_put_a_prediction_beside_the_estimates(llms: bft.Sweep) -> None:
    law = SimpleNamespace(correct=[0.9, 0.1], wrong=[0.0, 0.5], stalled=[0.1, 0.4])
    figure = outcome_panels(llms, SimpleNamespace(label="another model", deltas=[0.0, 0.5], law=law))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "agreed, correct",
        "agreed, wrong",
        "stalled: none decided",
    ]
    for ax, values in zip(figure.axes, ([0.9, 0.1], [0.0, 0.5], [0.1, 0.4]), strict=True):
        dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
        assert [np.asarray(line.get_ydata()).tolist() for line in dashed] == [values]
    texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert texts == ["exact law", "another model", "simulated: 20 runs per point, 95 % interval"]


def test_outcome_panels_show_splits_where_there_are_any() -> None:
    scenario = bft.Scenario(n=4, faults=bft.Faults(behaviour="equivocate"), validators="statistical")
    sweep = bft.sweep(scenario, over={"faults.delta": [0.0, 0.5]}, replications=20, seed=1, workers=1)
    assert sweep.rows[1]["p_split"] > 0
    assert [ax.get_title(loc="left") for ax in outcome_panels(sweep).axes][-1] == "split: safety broken"


def test_panels_of_shares_and_of_bands(behaviours: bft.Sweep, llms: bft.Sweep) -> None:
    figure = share_panels(behaviours, ("agree", "split"))
    assert [ax.get_ylabel() for ax in figure.axes] == ["P(agreement)", "P(split)"]
    assert all(any(isinstance(each, ErrorbarContainer) for each in ax.containers) for ax in figure.axes)
    assert len(band_panels([behaviours, llms]).axes) == 2


def test_the_same_figure_is_the_same_file(by_n: bft.Sweep, tmp_path: Path) -> None:
    for name in ("one", "two"):
        png, svg = save(bft.plotting.agreement(by_n), tmp_path, name)
        assert imread(png).shape[1] > 800
        assert svg.read_text().startswith("<?xml")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_settings_of_the_user_stay_untouched(by_n: bft.Sweep, tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    save(bft.plotting.agreement(by_n), tmp_path, "figure")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("module", ["matplotlib.pyplot", "tkinter"])
def test_figures_need_no_global_state(module: str) -> None:
    code = (
        "import sys, bft; s = bft.sweep(bft.Scenario(n=4), over={'faults.delta': [0.0, 0.5]}, replications=2); "
        f"bft.plotting.agreement(s).figure.draw_without_rendering(); print({module!r} in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_comparison_shows_outcomes_intervals_laws_and_measures() -> None:
    crashed = bft.Scenario(n=4, faults={"nodes": [0, 1], "behaviour": "crash"})
    found = compare({"all well": bft.Scenario(n=4), "two crashed": crashed}, replications=5, seed=1)
    bars = plotting.outcome_bars(found)
    assert [label.get_text() for label in bars.get_yticklabels()] == ["all well", "two crashed"]
    widths = [
        bar.get_width() for container in bars.containers if isinstance(container, BarContainer) for bar in container
    ]
    assert widths == [1, 0, 0, 0, 0, 0, 0, 0, 1, 0]  # agreed and right; stalled
    laws = [float(np.asarray(line.get_xdata())[0]) for line in bars.lines if line.get_linewidth() == 1.6]
    assert laws == [1.0, 0.0]
    legend = bars.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words == [
        "agreed, correct",
        "stalled: none decided",
        "5 runs of each, 95 % intervals",
        "agreed, correct: exact law",
    ]
    precision = plotting.measured(found, "precision")
    marks = [line.get_data() for line in precision.lines if line.get_marker() == "o"]
    assert [(float(x[0]), int(y[0])) for x, y in marks] == [(1.0, 0)]  # where none agreed, none is precise
    assert precision.get_ylim() == (1.5, -0.5)
    with pytest.raises(SweepError, match=r"measure = 'cost': must be one of precision, calls, .*messages, latency_s"):
        plotting.measured(found, "cost")  # type: ignore[arg-type]
    with pytest.raises(SweepError, match=r"found = \[\]: must hold at least one scenario"):
        plotting.outcome_bars([])


def _protocols(behaviour: str, delta: list[float]) -> tuple[bft.Sweep, bft.Sweep]:
    scenario = bft.Scenario(n=4, faults={"behaviour": behaviour})
    over = {"protocol": ["pbft", "tendermint", "hotstuff-chained"], "faults.delta": delta}
    how = {"replications": 4, "seed": 1, "workers": 1, "common_random_numbers": True, "progress": False}
    scenarios = (scenario.replace("validators", kind) for kind in ("perfect", "statistical"))
    perfect, fallible = (bft.sweep(each, over, **how) for each in scenarios)
    return perfect, fallible


def test_protocols_side_by_side_show_every_outcome_that_occurs() -> None:
    crash, split = (plotting.protocols_figure(*_protocols(kind, [0.0, 0.5])) for kind in ("crash", "equivocate"))
    titles = [ax.get_title(loc="left") for ax in split.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in crash.axes] == [
        "perfect validators agree",
        "fallible validators agree, correct",
        "fallible validators agree, wrong",
        "fallible validators stall",
    ]
    assert "perfect validators split" in titles
    assert split.get_suptitle().startswith("n = 4, faulty nodes equivocate; fallible: LLM validators")
    (legend,) = crash.legends
    assert [text.get_text() for text in legend.get_texts()][:3] == ["pbft", "tendermint", "hotstuff-chained"]


def test_protocols_that_come_to_the_same_are_nested_so_that_each_is_seen() -> None:
    perfect, _ = _protocols("crash", [0.0, 0.5])
    ax = plotting.share(perfect, "agree", legend=False)
    marks = [each.lines[0] for each in ax.containers if isinstance(each, ErrorbarContainer)]
    assert [tuple(mark.get_xdata()) for mark in marks] == [(0.0, 0.5)] * 3  # each at its true place
    sizes = [mark.get_markersize() for mark in marks]
    laws = [line for line in ax.lines if len(line.get_xdata()) > 2]
    widths = [line.get_linewidth() for line in laws]
    for nested in (sizes, widths):
        assert len(nested) == 3
        assert nested == sorted(nested, reverse=True)
        assert min(before - after for before, after in itertools.pairwise(nested)) >= 1.5
    assert len({(mark.get_marker(), line.get_linestyle()) for mark, line in zip(marks, laws, strict=True)}) == 3
    assert "PBFT" not in plotting.share(perfect, "agree").get_title(loc="left")
