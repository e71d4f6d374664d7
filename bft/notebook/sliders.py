"""Sliders over the exact law: δ, n, accuracy and correlation, and what becomes of a decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bft.errors import UnsupportedError
from bft.experiments.laws import law_of
from bft.plotting.laws import LawPicture
from bft.scenario import Scenario
from bft.theory.outcome_law import OutcomeLaw

DELTAS = np.linspace(0.0, 0.5, 51)
BEHAVIOURS = ("crash", "collude")
LARGEST_N = 16


def outcome_law_of(
    n: int, accuracy: float, correlation: float, alike: float, behaviour: str
) -> tuple[Scenario, OutcomeLaw]:
    """Return the scenario of a setting of the sliders, and its exact law along `DELTAS`.

    Parameters
    ----------
    n : int
        Number of nodes.
    accuracy : float
        Probability of a right answer, below 1 for a curve of interest.
    correlation : float
        Latent correlation r of two validators' correctness, from 0 to 1.
    alike : float
        Probability that all who err on a question err alike, from 0 to below 1.
    behaviour : str
        What faulty nodes do: "crash" or "collude".
    """
    errors = {"kind": "correlated", "r": correlation, "tau": alike}
    scenario = Scenario(
        n=n, faults={"behaviour": behaviour}, validators={"kind": "statistical", "accuracy": accuracy, "errors": errors}
    )
    law = law_of(scenario, DELTAS)
    assert law is not None, "there is a law for one decision, crashing or colluding nodes and judging by same answer"
    return scenario, law


def shares_at(law: OutcomeLaw, delta: float) -> Mapping[str, float]:
    """Return the probability of every outcome at the value of `DELTAS` next to a δ."""
    place = int(np.abs(DELTAS - delta).argmin())
    return {
        name: float(np.asarray(getattr(law, name))[place])
        for name in ("correct", "wrong", "partial", "stalled", "split")
        if getattr(law, name) is not None
    }


def outcome_sliders() -> Any:
    """Return sliders with a picture that follows them; the last expression of a cell shows it.

    Raises
    ------
    UnsupportedError
        If ipywidgets is not installed.
    """
    try:
        import ipywidgets as widgets
    except ImportError:
        raise UnsupportedError("sliders need ipywidgets: pip install 'bft-lab[notebooks]'") from None
    wide: Any = {"style": {"description_width": "11em"}, "layout": {"width": "30em"}, "continuous_update": True}
    sliders = {
        "delta": widgets.FloatSlider(0.1, min=0.0, max=0.5, step=0.01, description="fault probability δ", **wide),
        "n": widgets.IntSlider(7, min=1, max=LARGEST_N, description="nodes n", **wide),
        "accuracy": widgets.FloatSlider(0.8, min=0.05, max=0.99, step=0.01, description="accuracy", **wide),
        "correlation": widgets.FloatSlider(0.6, min=0.0, max=0.95, step=0.05, description="correlation r", **wide),
        "alike": widgets.FloatSlider(0.25, min=0.0, max=0.95, step=0.05, description="the same mistake τ", **wide),
        "behaviour": widgets.Dropdown(options=BEHAVIOURS, description="faulty nodes", style=wide["style"]),
    }
    drawn = LawPicture(DELTAS)
    picture, words = widgets.Image(format="png", layout={"width": "42em"}), widgets.HTML()

    def follow(_: object = None) -> None:
        given = {name: slider.value for name, slider in sliders.items() if name != "delta"}
        delta = float(sliders["delta"].value)
        scenario, law = outcome_law_of(**given)
        picture.value = drawn.png(law, at=delta, title=_title(scenario))
        words.value = " · ".join(f"{name} <b>{share:.3f}</b>" for name, share in shares_at(law, delta).items() if share)

    for slider in sliders.values():
        slider.observe(follow, names="value")
    follow()
    return widgets.VBox([*sliders.values(), words, picture])


def _title(scenario: Scenario) -> str:
    system = scenario.system
    return f"n = {scenario.n}, quorum {system.quorum}, tolerates {system.tolerated}: exact law"
