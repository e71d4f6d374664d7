"""Forecasts of what a panel will decide, from recorded answers alone: shares of right, wrong and no decision.

Every panel of the design is looked at on every question, exactly; no model of errors comes in, so that what is said of
panels as large as the table allows is unbiased. Two intervals say how sure it is. The *confidence interval* is of the
share over all questions like these: a Bayesian bootstrap of them, with half a question of each outcome beside
them, so that what was never seen is not thought impossible. The *prediction interval* is of the share that will be seen
on so many fresh questions, each asked once: it holds the chance of which questions come as well.

References
----------
Rubin, *The Bayesian bootstrap*, Annals of Statistics 9 (1981) 130–134.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bft.calibration.alikeness import Alikeness, alikeness
from bft.calibration.designs import Design, design_of
from bft.calibration.outcomes import OUTCOMES, Deciding, outcome_shares
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats, Randomness
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison
from bft.validators.tables import AnswerTable

RESAMPLES = 4000
LEVEL = 0.95
_UNSEEN = 0.5  # questions of each outcome beside those of the table: Jeffreys' prior
_MOST_FRESH = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeShare:
    """How often a panel ends in one way.

    Attributes
    ----------
    outcome : {"right", "wrong", "none"}
        Which.
    share : float
        On the table's questions.
    low, high : float
        Confidence interval of the share over all questions like these.
    fresh_low, fresh_high : float
        Prediction interval of the share on fresh questions.
    """

    outcome: str
    share: float
    low: float
    high: float
    fresh_low: float
    fresh_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a design of a panel will decide.

    Attributes
    ----------
    design : Design
        Samples of which models.
    rule : {"quorum", "plurality"}
        How they decide.
    quorum : int or None
        How many equal answers do; None for plurality.
    questions, fresh : int
        Questions of the table that all columns were asked, and fresh ones that are forecast.
    panels : int
        How many panels were averaged.
    level : float
        Of the intervals.
    shares : tuple of OutcomeShare
        Right, wrong, none.
    alikeness : Alikeness
        How much the answers of one model, and of different ones, go together.
    """

    design: Design
    rule: Deciding
    quorum: int | None
    questions: int
    fresh: int
    panels: int
    level: float
    shares: tuple[OutcomeShare, ...]
    alikeness: Alikeness


def forecast(
    table: AnswerTable,
    models: Sequence[str],
    *,
    rule: Deciding = "quorum",
    quorum: int | None = None,
    fresh: int = 300,
    level: float = LEVEL,
    seed: int = 0,
    compare: Comparison = DEFAULT_COMPARISON,
) -> Forecast:
    """Forecast the decisions of a panel.

    Parameters
    ----------
    table : AnswerTable
        Recorded answers.
    models : sequence of str
        The design: models with numbers of samples, such as "gpt-x*4", "llama-y".
    rule : {"quorum", "plurality"}
        How the panel decides.
    quorum : int, optional
        By default that of so many nodes.
    fresh : int
        Fresh questions that are forecast, at least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        Of the bootstrap, and of the panels where not all are looked at.
    compare : str
        How answers are compared; see `bft.validators.comparison`.

    Raises
    ------
    TableError
        If the table lacks what the design needs.
    ScenarioError
        If a number is out of range.
    """
    if rule not in ("quorum", "plurality"):
        raise ScenarioError(bad_value("rule", rule, "must be quorum or plurality"))
    if not 1 <= fresh <= _MOST_FRESH:
        raise ScenarioError(bad_value("fresh", fresh, f"must be between 1 and {_MOST_FRESH}"))
    if not 0.0 < level < 1.0:
        raise ScenarioError(bad_value("level", level, "must be between 0 and 1, neither of them"))
    if rule == "plurality" and quorum is not None:
        raise ScenarioError(bad_value("quorum", quorum, "must not be given with plurality, which has none"))
    design, randomness = design_of(models, table.models), Randomness(seed)
    panel = table.panel(design.names, compare=compare)
    panels = design.panels(randomness)
    of_questions = outcome_shares(panel.codes, panels, rule, quorum)
    means, fresh_shares = resampled(of_questions, fresh, randomness)
    ends = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    lows, highs = np.quantile(means, ends, axis=0)
    fresh_lows, fresh_highs = _outer(fresh_shares, ends)
    observed = of_questions.mean(axis=0)
    needed = None if rule == "plurality" else quorum or QuorumSystem.of(design.n).quorum
    return Forecast(
        design=design,
        rule=rule,
        quorum=needed,
        questions=len(panel.rows),
        fresh=fresh,
        panels=len(panels),
        level=level,
        shares=tuple(
            OutcomeShare(
                outcome=outcome,
                share=float(observed[place]),
                low=float(min(lows[place], observed[place])),
                high=float(max(highs[place], observed[place])),
                fresh_low=float(fresh_lows[place]),
                fresh_high=float(fresh_highs[place]),
            )
            for place, outcome in enumerate(OUTCOMES)
        ),
        alikeness=alikeness(panel.codes, design),
    )


def resampled(of_questions: Floats, fresh: int, randomness: Randomness) -> tuple[Floats, Floats]:
    """Draw shares over all questions like these, and shares of fresh ones, both of shape (`RESAMPLES`, 3)."""
    generator = randomness.generator("validators.forecast.resample")
    # Weights of a Dirichlet law: questions that say the same need no weights of their own, only their sum.
    distinct, places = np.unique(of_questions, axis=0, return_inverse=True)
    counts = np.bincount(places.reshape(-1), minlength=len(distinct)).astype(np.float64)
    shapes = np.concatenate([counts, np.full(3, _UNSEEN)])
    weights = generator.gamma(shapes, size=(RESAMPLES, len(shapes)))
    means = weights @ np.concatenate([distinct, np.eye(3)]) / weights.sum(axis=1, keepdims=True)
    seen = generator.multinomial(fresh, means / means.sum(axis=1, keepdims=True))
    return means, seen / fresh


def _outer(shares: Floats, ends: Sequence[float]) -> tuple[Floats, Floats]:
    """Return the ends of intervals of shares that take steps: outwards, so that they hold at least so often."""
    low = np.quantile(shares, ends[0], axis=0, method="inverted_cdf")
    high = np.quantile(shares, ends[1], axis=0, method="inverted_cdf")
    return low, high
