"""What laws know of a panel: who is right together, and which wrong answers are the same."""

from __future__ import annotations

from math import inf

import numpy as np

from bft.theory.clone_panels import ClonePanel
from bft.theory.errors_in_common import (
    ErrorLaw,
    ExchangeableErrors,
    MixedErrors,
    beta_binomial_errors,
    independent_errors,
    probit_errors,
)
from bft.theory.wrong_answers import WrongAnswers
from bft.validators.clones import CloneSettings
from bft.validators.error_settings import BetaBinomialErrorSettings, CorrelatedErrorSettings, IndependentErrorSettings
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.quantities import each_node


def errors_of(n: int, numbers: PanelNumbers) -> ErrorLaw | None:
    """Return who is right together."""
    accuracy = numbers.accuracy
    match numbers.errors:
        case IndependentErrorSettings():
            return independent_errors(n, accuracy)
        case CorrelatedErrorSettings(r=correlation, flawed=flawed):
            sound = probit_errors(n, np.minimum(np.divide(accuracy, 1.0 - flawed), 1.0), correlation=correlation)
            return _with_flawed(sound, flawed)
        case BetaBinomialErrorSettings(correlation=correlation) if isinstance(accuracy, float):
            return beta_binomial_errors(n, accuracy, correlation=correlation)
        case _:
            return None


def clone_panel_of(n: int, numbers: PanelNumbers, clones: CloneSettings) -> ClonePanel | None:
    """Return a panel of which several nodes run the same model; answers must be missing independently."""
    errors = numbers.errors
    if numbers.missing_correlation > 0.0 or isinstance(errors, BetaBinomialErrorSettings):
        return None
    correlated = errors if isinstance(errors, CorrelatedErrorSettings) else None
    flawed = 0.0 if correlated is None else correlated.flawed
    accuracy = each_node("validators.accuracy", numbers.accuracy, n)
    missing = each_node("validators.missing", numbers.missing, n)
    k_alpha = None if correlated is None else correlated.k_alpha
    return ClonePanel(
        models=tuple(clones.models.index(model) for model in clones.models),
        accuracy=tuple(min(each / (1.0 - flawed), 1.0) for each in accuracy),
        no_answer=tuple(
            0.0 if none == 0.0 else min(none / (1.0 - right), 1.0)
            for right, none in zip(accuracy, missing, strict=True)
        ),
        between=0.0 if correlated is None else correlated.r,
        within=clones.correlation,
        same_wrong=clones.same_wrong,
        options=numbers.options,
        tau=0.0 if correlated is None else correlated.tau,
        k_alpha=inf if k_alpha is None else k_alpha,
        flawed=flawed,
    )


def _with_flawed(sound: ErrorLaw, share: float) -> ErrorLaw:
    """Mix in a share of questions that nobody gets right."""
    if share == 0:
        return sound
    if isinstance(sound, ExchangeableErrors):
        number_right = (1.0 - share) * sound.number_right
        number_right[0] += share
        return ExchangeableErrors(number_right=number_right)
    return MixedErrors(
        weight=np.append((1.0 - share) * sound.weight, share), right=np.vstack([sound.right, np.zeros(sound.n)])
    )


def wrong_answers_of(numbers: PanelNumbers) -> WrongAnswers | None:
    """Return which wrong answers are the same, and how often there is none; it must be alike for all nodes."""
    accuracy, missing, errors = numbers.accuracy, numbers.missing, numbers.errors
    if missing == 0:
        no_answer = 0.0
    elif isinstance(missing, float) and isinstance(accuracy, float):
        no_answer = min(missing / (1.0 - accuracy), 1.0)  # 0.45/(1 − 0.55) is above 1
    else:
        return None
    together = numbers.missing_correlation
    if isinstance(errors, IndependentErrorSettings):
        return WrongAnswers(options=numbers.options, no_answer=no_answer, no_answer_correlation=together)
    k_alpha = inf if errors.k_alpha is None else errors.k_alpha
    return WrongAnswers(
        options=numbers.options,
        tau=errors.tau,
        k_alpha=k_alpha,
        no_answer=no_answer,
        no_answer_correlation=together,
    )
