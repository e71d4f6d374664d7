"""Stacked outcomes: bands along a number, bars over categories, every boundary with its interval."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.container import BarContainer, ErrorbarContainer

import bft
from bft.errors import SweepError
from bft.experiments import Tally
from bft.experiments.intervals import estimate
from bft.plotting import bands
from bft.record.outcome import Outcome


def boundaries(ax: Axes) -> list[np.ndarray]:
    return [np.asarray(each.lines[0].get_ydata()) for each in ax.containers if isinstance(each, ErrorbarContainer)]


def words(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_bands_fill_the_whole_height_in_the_order_of_the_legend(llms: bft.Sweep) -> None:
    ax = bands(llms)
    filled = [each for each in ax.collections if isinstance(each, PolyCollection)]
    heights = []
    for each in filled:
        corners = each.get_paths()[0].vertices
        at_zero = corners[corners[:, 0] == 0.0][:, 1]
        heights.append(at_zero.max() - at_zero.min())
    first = llms.rows[0]
    np.testing.assert_allclose(
        heights, [first[f"p_{name}"] for name in ("correct", "wrong", "partial", "stalled", "split")], atol=1e-12
    )
    assert sum(heights) == pytest.approx(1.0)
    assert words(ax)[:3] == ["agreed, correct", "agreed, wrong", "stalled: none decided"]


def test_a_boundary_is_the_share_of_all_below_it_with_its_own_interval(llms: bft.Sweep) -> None:
    ax = bands(llms)
    correct, agreed = boundaries(ax)
    np.testing.assert_allclose(correct, [row["p_correct"] for row in llms.rows])
    np.testing.assert_allclose(agreed, [row["p_agree"] for row in llms.rows])
    bars = [each.lines[2][0] for each in ax.containers if isinstance(each, ErrorbarContainer)]
    segments = bars[1].get_segments()  # type: ignore[union-attr]
    for segment, row in zip(segments, llms.rows, strict=True):
        low, high = estimate(round(20 * row["p_agree"]), 20)[1:]
        np.testing.assert_allclose(segment[:, 1], [low, high])


def test_laws_lie_on_the_boundaries(llms: bft.Sweep) -> None:
    curves = [line for line in bands(llms).lines if len(np.asarray(line.get_xdata())) > 50]
    ends = [float(np.asarray(line.get_ydata())[-1]) for line in curves]
    assert ends == pytest.approx([llms.rows[-1]["exact_correct"], llms.rows[-1]["exact_agree"]])


def test_categories_become_bars_whose_boundaries_are_where_outcomes_meet(behaviours: bft.Sweep) -> None:
    ax = bands(behaviours)
    bars = [each for each in ax.containers if isinstance(each, BarContainer)]
    tops = np.max([[bar.get_y() + bar.get_height() for bar in each.patches] for each in bars], axis=0)
    np.testing.assert_allclose(tops, 1.0)
    drawn = np.concatenate(boundaries(ax))
    crash, equivocate, slow = behaviours.rows
    assert equivocate["p_split"] > 0
    expected = [crash["p_agree"], equivocate["p_agree"], slow["p_agree"]]
    if equivocate["p_stalled"] > 0:
        expected.append(equivocate["p_agree"] + equivocate["p_stalled"])
    assert sorted(drawn) == pytest.approx(sorted(expected))
    assert "split: safety broken" in words(ax)


def test_agreement_without_ground_truth_has_a_band_of_its_own(llms: bft.Sweep) -> None:
    untold = Tally(counts={Outcome.AGREED: 12, Outcome.PARTIAL: 3, Outcome.STALLED: 5})
    results = tuple(replace(each, tally=untold, law=None) for each in llms.results)
    ax = bands(replace(llms, results=results))
    assert words(ax)[:3] == ["agreed", "partial: some decided", "stalled: none decided"]


def test_outcomes_differ_in_lightness() -> None:
    from matplotlib.colors import to_rgb

    from bft.plotting.style import OUTCOME_COLOURS

    def lightness(colour: Any) -> float:
        red, green, blue = to_rgb(colour)
        return float(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2) ** (1 / 3)

    found = sorted(lightness(colour) for colour in OUTCOME_COLOURS.values())
    assert min(np.diff(found)) > 0.05


def test_several_parameters_are_too_many(by_n: bft.Sweep) -> None:
    with pytest.raises(SweepError, match="must be one parameter with several values"):
        bands(by_n)
