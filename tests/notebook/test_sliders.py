"""Sliders over the exact law: they show what the law says, wherever they are turned to."""

from __future__ import annotations

from time import process_time

import ipywidgets
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from bft.experiments.laws import law_of
from bft.notebook.sliders import BEHAVIOURS, DELTAS, LARGEST_N, outcome_law_of, outcome_sliders, shares_at
from bft.plotting.laws import LawPicture
from bft.scenario import Scenario


def test_perfect_validators_at_the_end_of_the_slider() -> None:
    _, law = outcome_law_of(4, 0.99, 0.0, 0.0, "crash")
    shares = shares_at(law, 0.0)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["correct"] > 0.98


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("n", [1, 2, LARGEST_N])
@pytest.mark.parametrize(("accuracy", "correlation", "alike"), [(0.05, 0.0, 0.0), (0.99, 0.95, 0.95), (0.6, 0.6, 0.25)])
def test_there_is_a_law_wherever_the_sliders_stand(
    behaviour: str, n: int, accuracy: float, correlation: float, alike: float
) -> None:
    scenario, law = outcome_law_of(n, accuracy, correlation, alike, behaviour)
    assert scenario.n == n
    for delta in (0.0, 0.5):
        assert sum(shares_at(law, delta).values()) == pytest.approx(1.0)


def test_shares_are_those_of_the_nearest_delta() -> None:
    scenario, law = outcome_law_of(7, 0.8, 0.6, 0.25, "collude")
    there = law_of(scenario, [0.2])
    assert there is not None
    assert there.wrong is not None
    assert shares_at(law, 0.2)["wrong"] == pytest.approx(float(np.asarray(there.wrong)[0]))
    assert pytest.approx(0.01) == DELTAS[1]


def test_turning_a_slider_changes_picture_and_words() -> None:
    box = outcome_sliders()
    *_, words, picture = box.children
    sliders = {each.description: each for each in box.children if hasattr(each, "description")}
    assert isinstance(words, ipywidgets.HTML)
    before = (words.value, bytes(picture.value))
    assert before[1].startswith(b"\x89PNG")
    sliders["fault probability δ"].value = 0.4
    after = (words.value, bytes(picture.value))
    assert after[0] != before[0]
    assert after[1] != before[1]
    law = law_of(Scenario(n=7), [0.4])
    assert law is not None
    stalled = float(words.value.split("stalled <b>")[1][:5])
    assert 0.0 < stalled < 1.0


def test_a_picture_that_moves_is_the_one_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn again and again it is drawn once each time, and shows what a new one would."""
    draws: list[int] = []
    draw = FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: (draws.append(1), draw(canvas))[1])
    moved, fresh = LawPicture(DELTAS), LawPicture(DELTAS)
    for n, accuracy in ((4, 0.6), (16, 0.9), (7, 0.8)):
        _, law = outcome_law_of(n, accuracy, 0.6, 0.25, "collude")
        last = moved.png(law, at=0.1, title="t")
    assert len(draws) == 3
    assert last == fresh.png(law, at=0.1, title="t")


@pytest.mark.nightly
def test_a_slider_moves_the_figure_in_under_a_tenth_of_a_second() -> None:
    """Processor time, the median of nine moves."""
    box = outcome_sliders()
    slider = next(each for each in box.children if getattr(each, "description", "") == "accuracy")
    took = []
    for accuracy in np.linspace(0.5, 0.9, 9):
        started_s = process_time()
        slider.value = round(float(accuracy), 2)
        took.append(process_time() - started_s)
    assert float(np.median(took)) < 0.1
