"""What a design is asked for, read and checked: sizes of panels, and a law from accuracies."""

from __future__ import annotations

from collections.abc import Sequence

from bft.arguments import check_number, check_share, check_whole, is_whole
from bft.designing.honest_sets import MOST_MODELS
from bft.designing.judged_sets import Judges
from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_OPTIONS
from bft.validators.error_settings import CorrelatedErrorSettings, Errors, IndependentErrorSettings
from bft.validators.panel_numbers import PanelNumbers

USUAL_SIZES = "3:10"
"""Sizes of panels that are considered where none are asked for; of two models, panels of two."""


def sizes_of(given: str | Sequence[int]) -> list[int]:
    """Return sizes of panels from "3:10", "3,5,7" or numbers."""
    try:
        ends = isinstance(given, str) and ":" in given
        sizes = [int(each) for each in given.split(":" if ends else ",")] if isinstance(given, str) else list(given)
        if not all(map(is_whole, sizes)) or (ends and len(sizes) != 2):
            raise ValueError
    except (TypeError, ValueError):
        raise ScenarioError(bad_value("sizes", given, 'must be whole numbers, as "3:10" or "3,5,7"')) from None
    if not sizes or min(sizes) < 2 or max(sizes) > MOST_MODELS or (ends and sizes[0] > sizes[1]):
        raise ScenarioError(bad_value("sizes", given, f"must be from 2 to {MOST_MODELS} members"))
    return list(range(sizes[0], sizes[1] + 1)) if ends else sorted({int(each) for each in sizes})


def judges_of(accept_right: float | None, accept_wrong: float | None) -> Judges | None:
    """Return how members judge each other's answers; None where nothing is said."""
    if accept_right is None and accept_wrong is None:
        return None
    if accept_right is None or accept_wrong is None:
        lacking = "accept-right" if accept_right is None else "accept-wrong"
        raise ScenarioError(f"{lacking}: must be given too: judges accept right answers and wrong ones")
    return Judges(accept_right, accept_wrong)


def numbers_of(
    accuracies: Sequence[float],
    r: float,
    tau: float,
    kalpha: float | None,
    missing: float,
    options: int,
) -> PanelNumbers:
    """Return the law of models with these accuracies."""
    if not len(accuracies):
        raise ScenarioError("accuracies: must hold at least two numbers")
    for each in accuracies:
        check_share("accuracies", each, ScenarioError)
    for name, value in (("r", r), ("tau", tau), ("missing", missing)):
        check_share(name, value, ScenarioError)
    if kalpha is not None:
        check_number("kalpha", kalpha, ScenarioError, above=0.0)
    check_whole("options", options, ScenarioError, least=1, most=MOST_OPTIONS)
    errors: Errors = IndependentErrorSettings()
    if r or tau or kalpha is not None:
        errors = CorrelatedErrorSettings(r=r, tau=tau, k_alpha=kalpha)
    return PanelNumbers(accuracy=tuple(map(float, accuracies)), options=options, errors=errors, missing=float(missing))
