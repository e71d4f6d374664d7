"""Intervals of what a fitted panel decides, beside the intervals of its parameters.

What the table itself says is resampled as in `forecast`; what the fit says is resampled by fitting resampled questions.
Where the second interval lies apart from the first, the model cannot express how these models err.
"""

from __future__ import annotations

import numpy as np

from bft.calibration.estimate import Estimate, Estimator
from bft.calibration.forecast import resampled
from bft.calibration.held_out import smaller_panels
from bft.calibration.moments import moments
from bft.calibration.outcomes import outcome_shares
from bft.calibration.quorum_agreement import sizes
from bft.calibration.simulated_answers import simulated
from bft.core.quorum import QuorumSystem
from bft.randomness import Floats, Randomness
from bft.validators.answers import Codes
from bft.validators.panel_numbers import FitOutcome, FitOutcomes

OUTCOME_RESAMPLES = 100
"""Fits of resampled questions: their outcomes are simulated."""

_SIMULATED, _SIMULATED_AGAIN = 20_000, 1_000
_ENDS = (0.025, 0.975)


def fit_outcomes(
    codes: Codes, counts: Floats, estimator: Estimator, resamples: int, randomness: Randomness
) -> tuple[FitOutcomes, ...]:
    """Return the outcomes of all the models, and of smaller panels of them, with intervals.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, n)
        The panel's answers.
    counts : ndarray, shape (questions, 2n + 13)
        `counts_by_question` of the same.
    estimator : Estimator
        Finds the parameters.
    resamples : int
        How often resampled questions are fitted, at least 1.
    randomness : Randomness
        Where everything is drawn from.
    """
    questions, n = codes.shape
    panels = {size: smaller_panels(n, size, randomness) for size in sizes(n)}
    generator = randomness.generator("validators.fit.outcomes")
    weights = generator.multinomial(questions, np.full(questions, 1.0 / questions), size=resamples) / questions
    central = estimator(moments(counts.mean(axis=0)))
    again = [estimator(moments(row)) for row in weights @ counts]
    fitted = _drawn(central, _SIMULATED, panels, randomness)
    # The same draws for all: they differ by their parameters alone.
    start = _drawn(central, _SIMULATED_AGAIN, panels, randomness)
    moved = [_drawn(found, _SIMULATED_AGAIN, panels, randomness) for found in again]
    found = []
    for size, of_size in panels.items():
        of_questions = outcome_shares(codes, of_size, "quorum", None)
        recorded = of_questions.mean(axis=0)
        ends = np.quantile(resampled(of_questions, 1, randomness)[0], _ENDS, axis=0)
        shares = np.clip([fitted[size] + each[size] - start[size] for each in moved], 0.0, 1.0)
        fitted_ends = np.quantile(shares, _ENDS, axis=0)
        correct, wrong, missing = (
            FitOutcome(
                recorded=_rounded(recorded[place]),
                interval=(
                    _rounded(min(ends[0, place], recorded[place])),
                    _rounded(max(ends[1, place], recorded[place])),
                ),
                fitted=_rounded(fitted[size][place]),
                fitted_interval=(_rounded(fitted_ends[0, place]), _rounded(fitted_ends[1, place])),
            )
            for place in range(3)
        )
        quorum = QuorumSystem.of(size).quorum
        found.append(FitOutcomes(n=size, quorum=quorum, correct=correct, wrong=wrong, missing=missing))
    return tuple(found)


def _drawn(
    found: Estimate, questions: int, panels: dict[int, list[tuple[int, ...]]], randomness: Randomness
) -> dict[int, Floats]:
    """Return right, wrong and no quorum of each size by the fit; each question is put to one of the panels."""
    codes = simulated(found, questions, randomness.generator("validators.fit.outcomes.draws", questions))
    shares = {}
    for size, of_size in panels.items():
        dealt = np.concatenate([codes[place :: len(of_size), panel] for place, panel in enumerate(of_size)])
        shares[size] = outcome_shares(dealt, [tuple(range(size))], "quorum", None).mean(axis=0)
    return shares


def _rounded(share: float) -> float:
    return round(float(share), 5)
