"""Estimating a panel's numbers from recorded answers, with intervals, and writing them down.

Intervals resample the questions, since it is questions that a panel will meet anew. The estimates themselves are left
to `estimate`, the trial on held-out questions to `held_out`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from bft.arguments import check_whole
from bft.calibration.clone_estimate import estimate_clones
from bft.calibration.designs import model_of, samples_of
from bft.calibration.estimate import Agreement, Estimate, Estimator, estimate
from bft.calibration.fit_files import numbers_toml, write
from bft.calibration.halves import halving
from bft.calibration.held_out import held_out
from bft.calibration.moments import counts_by_question, moments
from bft.calibration.outcome_intervals import OUTCOME_RESAMPLES, fit_outcomes
from bft.errors import ScenarioError, TableError
from bft.limits import MOST_OPTIONS, MOST_RESAMPLES
from bft.randomness import Floats, Randomness
from bft.validators.clones import CloneSettings
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison
from bft.validators.error_settings import CorrelatedErrorSettings
from bft.validators.panel_numbers import FitIntervals, FitQuality, Interval, PanelNumbers
from bft.validators.tables import AnswerTable, RecordedPanel

FREE_ANSWERS = 1000  # wrong options where the question lists none; only Kα matters then
_FEWEST_QUESTIONS = 4
_DRAWS = 4000  # simulated questions behind each estimate of clones
_SCALE = 10**5  # five digits are finer than the sampling error of any table


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A panel's numbers, and how they were found.

    Attributes
    ----------
    numbers : PanelNumbers
        What statistical validators take; `numbers.fit` says how sure it is.
    estimate : Estimate
        The same, not rounded.
    """

    numbers: PanelNumbers
    estimate: Estimate

    def toml(self) -> str:
        """Return the numbers as TOML, which `StatisticalValidators(file=…)` reads."""
        return numbers_toml(self.numbers)

    def write(self, path: str | Path) -> None:
        """Write the numbers to a TOML file."""
        write(path, self.toml())


def fit(
    table: AnswerTable,
    models: Sequence[str],
    *,
    options: int | None = None,
    exchangeable: bool = False,
    flawed: bool | None = None,
    agreement: Agreement | None = None,
    compare: Comparison = DEFAULT_COMPARISON,
    resamples: int = 200,
    splits: int = 10,
    matched: bool | None = None,
    seed: int = 0,
    source: str | None = None,
    fitted: date | None = None,
) -> Fit:
    """Fit the correlated model to the answers of a panel.

    Parameters
    ----------
    table : AnswerTable
        Recorded answers.
    models : sequence of str
        Models of the table, one for each validator; a model of which the table holds samples (`NAME #1`, `NAME #2`, …)
        stands for all of them. Samples of a single model are taken for alike; of several models, for clones.
    options : int, optional
        Number of wrong answers; by default the table's median, or 1000 where answers are free.
    exchangeable : bool
        Whether all validators take the mean accuracy, so that the numbers stand for a panel of any size.
    flawed : bool, optional
        Whether there are flawed questions, which nobody gets right; by default iff 0 is outside the interval of their
        share.
    agreement : {"triples", "quorums"}, optional
        What τ is solved from, beside pairs of wrong answers; by default triples, and for samples of a single model the
        quorums on wrong answers, of which triples predict too few.
    compare : str
        How answers are compared; see `bft.validators.comparison`.
    resamples, splits : int
        Number of resamples for the intervals, and of halvings for the predictions, each at least 1.
    matched : bool, optional
        Whether the halves are matched in difficulty, or random; by default matched where the table has three models or
        more beside the panel.
    seed : int
        Seed of both.
    source, fitted : str, date, optional
        Where the answers come from (by default the table's name), and the day of the fit; both are only written down.

    Raises
    ------
    TableError
        If the table lacks what the panel needs.
    ScenarioError
        If a number is out of range.
    """
    if options is not None:
        check_whole("options", options, ScenarioError, least=1, most=MOST_OPTIONS)
    check_whole("resamples", resamples, ScenarioError, least=1, most=MOST_RESAMPLES)
    check_whole("splits", splits, ScenarioError, least=1, most=MOST_RESAMPLES)
    models = _columns(models, table)
    panel = table.panel(models, compare=compare)
    if (questions := len(panel.rows)) < _FEWEST_QUESTIONS:
        raise TableError(
            f"{table.source}: these models share {questions} questions; a fit needs {_FEWEST_QUESTIONS} or more"
        )
    wrong_options = options or _options(table, panel)
    groups = _groups(models)
    several = 1 < len(set(groups)) < len(groups)
    exchangeable = exchangeable or (len(set(groups)) == 1 < len(groups))
    estimator: Estimator
    if several:
        if exchangeable or agreement is not None:
            raise ScenarioError("models: samples of several models are neither alike, nor fitted by their quorums")
        estimator, flawed = partial(estimate_clones, groups=groups, options=wrong_options, draws=_DRAWS), False
    else:
        estimator = partial(
            estimate,
            options=wrong_options,
            exchangeable=exchangeable,
            flawed=flawed is not False,
            agreement=agreement or ("quorums" if len(set(groups)) < len(groups) else "triples"),
        )
    randomness = Randomness(seed)
    counts = counts_by_question(panel.codes, groups)
    intervals = _intervals(counts, estimator, resamples, randomness, mean_only=exchangeable)
    if flawed is None and intervals.flawed[0] == 0.0:
        estimator = partial(estimator, flawed=False)
        intervals = _intervals(counts, estimator, resamples, randomness, mean_only=exchangeable)
    counted = moments(counts.mean(axis=0))
    found = estimator(counted)
    quality = FitQuality(
        questions=questions,
        seed=seed,
        resamples=resamples,
        same_given_wrong=None if counted.same_given_wrong is None else round(counted.same_given_wrong, 5),
        intervals=intervals,
        held_out=held_out(
            panel.codes,
            counts,
            estimator,
            halving(table, panel, matched=matched, compare=compare),
            splits,
            randomness,
        ),
        outcomes=fit_outcomes(panel.codes, counts, estimator, min(resamples, OUTCOME_RESAMPLES), randomness),
    )
    numbers = PanelNumbers(
        accuracy=_shares(found.accuracy, exchangeable),
        options=wrong_options,
        errors=_errors(found),
        missing=_shares(found.missing, exchangeable),
        missing_correlation=round(found.missing_correlation, 5),
        clones=_clones(found, models),
        models=tuple(models),
        source=Path(table.source).name if source is None else source,
        fitted=fitted,
        fit=quality,
    )
    return Fit(numbers=numbers, estimate=found)


def _columns(models: Sequence[str], table: AnswerTable) -> list[str]:
    """Return the columns that are fitted: of a model that is not one itself, all its samples."""
    samples = samples_of(table.models)
    return [name for model in models for name in ([model] if model in table.models else samples.get(model, [model]))]


def _groups(models: Sequence[str]) -> list[int]:
    """Number the model of each column."""
    names = list(dict.fromkeys(map(model_of, models)))
    return [names.index(model_of(model)) for model in models]


def _clones(found: Estimate, models: Sequence[str]) -> CloneSettings | None:
    if found.clones is None or found.rho is None:
        return None
    rho = max(round(found.rho, 5), round(found.r, 5))
    names = tuple(map(model_of, models))
    return CloneSettings(models=names, correlation=rho, same_wrong=round(found.clones.same_wrong, 5))


def _options(table: AnswerTable, panel: RecordedPanel) -> int:
    if table.n_options is None:
        return FREE_ANSWERS
    known = [count for row in panel.rows.tolist() if (count := table.n_options[row]) is not None]
    return int(np.median(known)) - 1 if known else FREE_ANSWERS


def _intervals(
    counts: Floats, estimator: Estimator, resamples: int, randomness: Randomness, *, mean_only: bool
) -> FitIntervals:
    questions = len(counts)
    generator = randomness.generator("validators.fit.resample")
    weights = generator.multinomial(questions, np.full(questions, 1.0 / questions), size=resamples) / questions
    drawn = [moments(row) for row in weights @ counts]
    found = [estimator(counted) for counted in drawn]
    right = np.array([counted.right for counted in drawn])
    if mean_only:
        right = right.mean(axis=1, keepdims=True)
    return FitIntervals(
        accuracy=tuple(_interval(column) for column in right.T.tolist()),
        r=_interval([one.r for one in found]),
        flawed=_interval([one.flawed for one in found]),
        tau=_interval([one.tau for one in found]),
        k_alpha=_interval([one.k_alpha for one in found]),
        missing_correlation=_interval([one.missing_correlation for one in found]),
        same_given_wrong=_interval([share for one in drawn if (share := one.same_given_wrong) is not None]),
    )


def _interval(values: Sequence[float]) -> Interval:
    if not values:
        return 0.0, 1.0  # nothing was seen of it
    # Order statistics, because Kα may be infinite in some resamples.
    low, high = np.quantile(values, [0.025, 0.975], method="inverted_cdf").tolist()
    return round(low, 5), round(high, 5)


def _errors(found: Estimate) -> CorrelatedErrorSettings:
    return CorrelatedErrorSettings(
        r=round(found.r, 5),
        flawed=_rounded_down(found.flawed),
        tau=round(found.tau, 5),
        k_alpha=None if math.isinf(found.k_alpha) else round(found.k_alpha, 5),
    )


def _shares(values: Floats, alike: bool) -> float | tuple[float, ...]:
    shares = tuple(_rounded_down(value) for value in values.tolist())
    return shares[0] if alike else shares


def _rounded_down(value: float) -> float:
    """Round so that shares which add up to 1 never add up to more."""
    return math.floor(value * _SCALE) / _SCALE
