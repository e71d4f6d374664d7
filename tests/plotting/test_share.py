"""P(outcome) against a parameter: what is drawn is what the rows say, and nothing covers it."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

import bft
from bft.errors import SweepError
from bft.plotting import agreement, networks, operations, share, share_panels
from bft.plotting.style import series_looks
from bft.theory import crash_law, independent
from bft.theory.source_documents import alpha, reliability


def points(ax: Axes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return places and values of every series."""
    containers = [each for each in ax.containers if isinstance(each, ErrorbarContainer)]
    return [np.asarray(each.lines[0].get_data()) for each in containers]


def intervals(ax: Axes) -> list[np.ndarray]:
    """Return the vertical extents of every series' intervals."""
    containers = [each for each in ax.containers if isinstance(each, ErrorbarContainer)]
    bars = [each.lines[2][0] for each in containers]
    assert all(isinstance(bar, LineCollection) for bar in bars)
    return [np.array([segment[:, 1] for segment in bar.get_segments()]) for bar in bars]


def words(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_every_row_is_a_point_with_its_interval(by_n: bft.Sweep) -> None:
    ax = share(by_n)
    for series, bars, n in zip(points(ax), intervals(ax), (4, 7), strict=True):
        rows = [row for row in by_n.rows if row["n"] == n]
        np.testing.assert_allclose(series[0], [row["faults.delta"] for row in rows], atol=0.02)
        np.testing.assert_allclose(series[1], [row["p_agree"] for row in rows])
        np.testing.assert_allclose(bars[:, 0], [row["p_agree_low"] for row in rows])
        np.testing.assert_allclose(bars[:, 1], [row["p_agree_high"] for row in rows])


def test_the_exact_law_is_a_curve_along_delta(by_n: bft.Sweep) -> None:
    ax = share(by_n)
    curves = [np.asarray(line.get_data()) for line in ax.lines if len(np.asarray(line.get_xdata())) > 50]
    assert len(curves) == 2
    for (along, values), n in zip(curves, (4, 7), strict=True):
        np.testing.assert_allclose(values, crash_law(by_n.scenario.replace("n", n).system, independent(n, along)).agree)


def test_series_differ_in_colour_and_marker(by_n: bft.Sweep) -> None:
    lines = [each.lines[0] for each in share(by_n).containers if isinstance(each, ErrorbarContainer)]
    assert len({str(line.get_color()) for line in lines}) == 2
    assert len({line.get_marker() for line in lines}) == 2


def test_the_figure_says_what_was_run_and_how_often(by_n: bft.Sweep) -> None:
    ax = agreement(by_n)
    assert ax.get_title(loc="left") == "PBFT, faulty nodes crash\nperfect validators, seed 1"
    assert ax.get_xlabel() == "per-node fault probability δ"
    assert ax.get_ylabel() == "P(agreement)"
    assert words(ax) == [
        "n = 4",
        "n = 7",
        "exact law",
        "simulated: 20 runs per point, 95 % interval",
    ]


def test_the_source_documents_are_drawn_where_asked_as_they_state_them(by_n: bft.Sweep) -> None:
    asked = agreement(by_n, source_documents=True)
    assert words(asked)[3:5] == ["source document: R = 1 − δ", "source document: α = 1 − (1 − δ)ⁿ"]
    alone = bft.plotting.source_documents(by_n)
    for ax in (asked, alone):
        drawn = [np.asarray(line.get_data()) for line in ax.lines if line.get_linestyle() == "--"]
        np.testing.assert_allclose(drawn[0][1], reliability(drawn[0][0]))
        for (along, values), n in zip(drawn[1:], (4, 7), strict=True):
            np.testing.assert_allclose(values, alpha(n, along))
    without = agreement(by_n)
    assert not any("source" in word for word in words(without))
    assert not [line for line in without.lines if line.get_linestyle() == "--"]


def test_the_main_figure_keeps_the_source_documents_in_a_panel_with_a_sentence(
    by_n: bft.Sweep, llms: bft.Sweep
) -> None:
    left, _, right = bft.plotting.agreement_figure(by_n, llms).axes
    assert not any("source" in word for word in words(left))
    assert "Neither is\nthe probability of agreement." in right.get_xlabel()
    whole = [line for line in right.lines if line.get_linestyle() == "-"]
    assert len(whole) == 2, "the exact law of the smallest and the largest n"
    over = bft.plotting.agreement_figure(by_n, llms, over_formulas=True).axes[0]
    assert any("source document" in word for word in words(over))


def test_no_legend_of_other_pictures_is_cropped() -> None:
    """Twenty series, with labels of 60 letters; the figure is made higher where they need more room."""
    names = [f"series {number} " + "x" * 50 for number in range(20)]
    point, measured = [operations.Point(1.0, 0.5, 0.4, 0.6)], [networks.Measured(1.0, 0.5, 0.4, 0.6)]
    drawn = [
        bft.plotting.latencies({name: [0.1, 0.2] for name in names}),
        networks.curves(dict.fromkeys(names, measured), x_label="", y_label="", title="t"),
        operations.curves(dict.fromkeys(names, point), xlabel="", ylabel="", title="t"),
    ]
    for ax in drawn:
        figure = ax.figure
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
        legend = ax.get_legend()
        assert legend is not None
        assert len(legend.get_texts()) == 20
        box = legend.get_window_extent()
        assert figure.bbox.contains(*box.min)
        assert figure.bbox.contains(*box.max)
        assert not box.overlaps(ax.get_window_extent())


def test_series_are_told_apart_by_marker_and_line() -> None:
    looks = series_looks(64)
    assert len({(look["marker"], str(look["linestyle"])) for look in looks}) == 64
    assert len({str(look["linestyle"]) for look in looks[:8]}) == len({look["marker"] for look in looks[:8]}) == 8


def test_behaviours_are_drawn_with_lines_of_their_own() -> None:
    over = {"faults.behaviour": ["crash", "withhold", "slow"], "faults.delta": [0.0, 0.3, 0.5]}
    ax = share(bft.sweep(over=over, replications=5, seed=1, workers=1, progress=False), "agree")
    handles = ax.get_legend().legend_handles[:3]  # type: ignore[union-attr]
    looks = {(handle.get_marker(), str(handle.get_linestyle())) for handle in handles}  # type: ignore[union-attr]
    assert len(looks) == 3
    lines = [line for line in ax.lines if len(np.asarray(line.get_xdata())) > 2 and line.get_marker() in ("None", "")]
    assert len(lines) >= 3, "a law, or a thin line through the points where there is none"


def test_points_of_numbers_stand_at_their_value_and_marks_of_categories_in_their_room() -> None:
    scenario = bft.Scenario(faults=bft.Faults(delta=0.1))
    sweep = bft.sweep(
        scenario, over={"pbft.view_timeout_s": [1.0, 10.0, 100.0], "n": [4, 5]}, replications=2, workers=1
    )
    for container in share(sweep, x="pbft.view_timeout_s").containers:
        assert np.asarray(container[0].get_xdata()).tolist() == [1.0, 10.0, 100.0]  # type: ignore[union-attr]
    many = {f"{number}": [networks.Measured(0, 0.5, 0.4, 0.6)] for number in range(12)}
    ax = networks.curves(many, x_label="", y_label="", title="t", categories=["ring", "star"])
    places = [float(np.asarray(container[0].get_xdata())[0]) for container in ax.containers]  # type: ignore[union-attr]
    assert -0.5 < min(places) < max(places) < 0.5


def test_source_documents_say_nothing_about_other_axes() -> None:
    sweep = bft.sweep(bft.Scenario(faults=bft.Faults(delta=0.2)), over={"n": [4, 7]}, replications=5)
    ax = agreement(sweep)
    assert ax.get_xlabel() == "number of nodes n"
    assert words(ax) == ["exact law", "simulated: 5 runs per point, 95 % interval"]
    assert list(ax.get_xticks()) == [4, 7]


def test_no_legend_covers_data(by_n: bft.Sweep, llms: bft.Sweep) -> None:
    for ax in (agreement(by_n), bft.plotting.bands(llms)):
        figure = ax.figure
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
        legend = ax.get_legend()
        assert legend is not None
        assert not legend.get_window_extent().overlaps(ax.get_window_extent())
        assert figure.bbox.contains(*legend.get_window_extent().min)
        assert figure.bbox.contains(*legend.get_window_extent().max)


def test_given_axes_are_used_and_returned(by_n: bft.Sweep) -> None:
    ax = Figure().add_subplot()
    assert share(by_n, "stalled", ax=ax, title="mine", legend=False) is ax
    assert ax.get_ylabel() == "P(stalled)"
    assert ax.get_title(loc="left") == "mine"
    assert ax.get_legend() is None


def test_categories_stand_side_by_side_with_marks_for_the_law(behaviours: bft.Sweep) -> None:
    ax = share(behaviours)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["crash", "equivocate", "slow"]
    marks = [
        np.asarray(line.get_data()) for line in ax.lines if line.get_marker() == "_" and len(line.get_xdata()) == 2
    ]
    np.testing.assert_allclose(marks[0][0], [0, 1])  # slow nodes have no law
    np.testing.assert_allclose(marks[0][1], [row["exact_agree"] for row in behaviours.rows[:2]])


def test_another_axis_may_be_chosen(by_n: bft.Sweep) -> None:
    ax = share(by_n, x="n")
    assert ax.get_xlabel() == "number of nodes n"
    assert words(ax)[:3] == ["δ = 0", "δ = 0.25", "δ = 0.5"]
    with pytest.raises(SweepError, match=r"x = 'views': must be one of n, faults\.delta"):
        share(by_n, x="views")


def test_a_law_between_the_values_of_any_quantity_is_a_curve() -> None:
    scenario = bft.Scenario(views=1, retransmission=False)
    sweep = bft.sweep(scenario, over={"network.loss": [0.0, 0.1, 0.3]}, replications=5)
    curves = [line for line in share(sweep).lines if len(np.asarray(line.get_xdata())) > 50]
    assert len(curves) == 1
    values = np.asarray(curves[0].get_ydata())
    assert values[-1] == pytest.approx(sweep.rows[2]["exact_agree"])
    assert np.all(np.diff(values) < 0)


def test_a_law_at_delta_zero_alone_is_not_drawn() -> None:
    scenario = bft.Scenario(n=4, faults=bft.Faults(behaviour="slow"))
    sweep = bft.sweep(scenario, over={"faults.delta": [0.0, 0.2]}, replications=3)
    assert "exact_agree" in sweep.rows[0]
    assert "exact law" not in words(share(sweep))


def test_a_single_cell_can_be_drawn() -> None:
    ax = agreement(bft.sweep(bft.Scenario(n=4), replications=3))
    assert [series[1].tolist() for series in points(ax)] == [[1.0]]


@pytest.mark.parametrize("count", [2, 7, 12, 30])
def test_no_legend_is_cropped_at_any_number_of_series(count: int) -> None:
    """Labels are as wide as the widest that sweeps make; every legend lies inside its figure, and data have room."""
    sweep = bft.sweep(
        bft.Scenario(),
        over={"faults.delta": [0.0, 0.5], "n": list(range(4, 4 + count))},
        replications=2,
        progress=False,
    )
    panels = share_panels(sweep, ("agree",))
    alone = share(sweep).figure
    for figure, legends in ((panels, panels.legends), (alone, [ax.get_legend() for ax in alone.axes])):
        figure.draw_without_rendering()
        (legend,) = legends
        inside = legend.get_window_extent()
        assert figure.bbox.x0 <= inside.x0
        assert inside.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= inside.y0
        assert inside.y1 <= figure.axes[0].bbox.y0, "the legend stands under the data"
        assert figure.axes[0].bbox.height >= 200, "the data have room"


def test_numbers_stand_where_they_are(by_n: bft.Sweep) -> None:
    points = [line for line in share(by_n).lines if line.get_marker() in ("o", "s")]
    assert len(points) == 2
    for line in points:
        np.testing.assert_array_equal(line.get_xdata(), by_n.over["faults.delta"])
