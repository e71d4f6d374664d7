"""The models that a panel may be chosen from, and what they answer: to recorded questions, or to all patterns of a law.

Reading tables is left to `bft.validators.tables`, enumerating patterns to `patterns`, prices to `prices`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bft.designing.early_stop import mean_decision_times
from bft.designing.fault_cases import Ints
from bft.designing.honest_sets import HonestSets
from bft.designing.judged_sets import Judges
from bft.designing.patterns import MOST_PATTERNS, answer_patterns, pattern_count
from bft.designing.prices import Price
from bft.designing.stated_confidences import stated_confidences
from bft.errors import TableError, bad_value
from bft.randomness import Floats, Randomness
from bft.validators.answers import MISSING, RIGHT, Codes
from bft.validators.comparison import Comparison
from bft.validators.model_names import in_one_line
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.quantities import each_node
from bft.validators.statistical import StatisticalAnswers
from bft.validators.tables import load_answers

WELL_COVERED = 0.9  # of the questions of the model asked most: models asked less are left out unless they are named
_NAMES_SHOWN = 8
SAMPLED_QUESTIONS = 20_000  # where the patterns are too many


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Models and their answers.

    Attributes
    ----------
    models : tuple of str
        Their names.
    codes : ndarray of int, shape (questions, models)
        0 right, -1 nothing parseable, equal positive codes are equal wrong answers of the question.
    chance : ndarray of shape (questions,) or None
        Probability of each pattern of answers, where the rows are all patterns of a law; None where each row is a
        question that was answered.
    accuracy : ndarray of shape (models,)
        Share or probability of right answers.
    prices : tuple of Price
        What a call of each model costs and how long it takes, as far as known.
    source : str
        Where the answers come from.
    basis : str
        "recorded", "exact" or "sampled".
    numbers : PanelNumbers or None
        The law, where there is one.
    file, compare : str or None
        The table, where there is one, and how its answers are compared.
    drop_conflicts : bool
        Whether questions at fault were left out of the table.
    notes : tuple of str
        What a reader should know.
    stated : ndarray of int, shape (questions, models), or None
        How sure models said they were, in millionths, where the table tells.
    judges : Judges or None
        How members judge each other's answers, where that was said.
    early_stop : bool
        Whether a ballot waits for nobody whose vote cannot change it.
    """

    models: tuple[str, ...]
    codes: Codes
    chance: Floats | None
    accuracy: Floats
    prices: tuple[Price, ...]
    source: str
    basis: str
    numbers: PanelNumbers | None = None
    file: str | None = None
    compare: Comparison | None = None
    drop_conflicts: bool = False
    notes: tuple[str, ...] = ()
    stated: Ints | None = None
    judges: Judges | None = None
    early_stop: bool = False

    @property
    def questions(self) -> int:
        """How many rows there are."""
        return len(self.codes)

    @property
    def weight(self) -> Floats:
        """Weight of each row: its probability, or 1 for a question."""
        return np.ones(self.questions) if self.chance is None else self.chance

    def price(self, members: Sequence[int], rule: str, quorum: int | None) -> tuple[float, float | None, float | None]:
        """Return how many calls a question takes, what they cost and how long it takes; None where one is not known.

        That is as long as the slowest member takes, or with early stop the mean time to the end of the ballot. Judges
        are asked about every answer but their own, after all have answered.
        """
        judged = rule == "judge"
        calls = _with_verdicts(self, tuple(members)) if judged else (1.0,) * len(members)
        each = [self.prices[place] for place in members]
        costs = [price.price * of for price, of in zip(each, calls, strict=True) if price.price is not None]
        latencies = [price.latency_s for price in each if price.latency_s is not None]
        whole = len(each)
        cost = sum(costs) if len(costs) == whole else None
        latency_s = max(latencies) * (1 + judged) if len(latencies) == whole else None
        if self.early_stop and latency_s is not None:
            assert quorum is not None, "only rules that count votes stop early"
            latency_s = _decision_times(self, tuple(members))[quorum - 1]
        return sum(calls) if judged else whole, cost, latency_s

    def honest(self, columns: Sequence[int], *, smallest: int, largest: int, rules: Sequence[str]) -> HonestSets:
        """Return what sets of some of the models say, for rules of these names."""
        stated = None if self.stated is None or "confidence" not in rules else self.stated[:, list(columns)]
        return HonestSets(self.codes[:, list(columns)], smallest=smallest, largest=largest, stated=stated)


@lru_cache(maxsize=1 << 13)
def _with_verdicts(pool: Pool, members: tuple[int, ...]) -> tuple[float, ...]:
    """Return how often each member is asked on average, for its answer and for its verdicts on those of others."""
    codes = pool.codes[:, members]
    ordered = np.sort(codes, axis=1)
    fresh = np.diff(ordered, axis=1, prepend=MISSING) != 0
    different = (fresh & (ordered >= RIGHT)).sum(axis=1)[:, np.newaxis]
    asked = pool.weight @ (1 + different - (codes >= RIGHT)) / pool.weight.sum()
    return tuple(asked.tolist())


@lru_cache(maxsize=1 << 13)
def _decision_times(pool: Pool, members: tuple[int, ...]) -> tuple[float, ...]:
    latencies_s = [pool.prices[place].latency_s or 0.0 for place in members]
    return mean_decision_times(pool.codes[:, members], pool.weight, latencies_s)


def recorded_pool(
    file: str | Path,
    models: Sequence[str] | None,
    *,
    compare: Comparison,
    drop_conflicts: bool,
    prices: Mapping[str, Price],
) -> Pool:
    """Return the models of a table, with the questions that all of them were asked.

    Raises `TableError` if the table cannot be read, a model is not in it, or the models share no question.
    """
    table = load_answers(file, drop_conflicts=drop_conflicts)
    notes = list(table.warnings(compare=compare))
    if models is None:
        asked = (table.answers >= -1).sum(axis=0)
        kept = asked >= WELL_COVERED * asked.max()
        models = [model for model, keep in zip(table.models, kept, strict=True) if keep]
        left = [model for model, keep in zip(table.models, kept, strict=True) if not keep]
        if left:
            notes.append(f"left out, for they were asked too few of the questions: {in_one_line(left)}")
    panel = table.panel(models, compare=compare)
    if len(panel.rows) < len(table.questions):
        notes.append(f"{len(panel.rows)} of the {len(table.questions)} questions were put to all {len(models)} models")
    asked_of = [table.questions[row] for row in panel.rows]
    stated, left_out = stated_confidences(Path(file), asked_of, models, panel.codes)
    notes += [left_out] if left_out else []
    notes += _without_price(models, prices)
    return Pool(
        models=tuple(models),
        codes=panel.codes,
        chance=None,
        accuracy=(panel.codes == 0).mean(axis=0),
        prices=tuple(prices.get(model, Price()) for model in models),
        source=Path(file).name,
        basis="recorded",
        file=str(file),
        compare=compare,
        drop_conflicts=drop_conflicts,
        notes=tuple(notes),
        stated=stated,
    )


def numbers_pool(numbers: PanelNumbers, size: int, *, prices: Mapping[str, Price], seed: int, source: str) -> Pool:
    """Return the models of a law: all patterns of their answers, or many drawn ones where the patterns are too many."""
    accuracy = np.array(each_node("validators.accuracy", numbers.accuracy, size))
    missing = np.array(each_node("validators.missing", numbers.missing, size))
    if (over := accuracy + missing > 1.0).any():
        place = int(over.argmax())
        allowed = f"must be at most 1 - accuracy = {1.0 - accuracy[place]:.4g} (model {place})"
        raise TableError(bad_value("missing", float(missing[place]), allowed))
    names = numbers.models if len(numbers.models) == size else tuple(f"model-{place + 1}" for place in range(size))
    codes: Codes
    chance: NDArray[np.float64] | None
    if pattern_count(size, bool(missing.any())) <= MOST_PATTERNS:
        codes, chance = answer_patterns(numbers, accuracy, missing)
        basis, note = "exact", ""
    else:
        answers = StatisticalAnswers(
            correctness=numbers.errors.correctness(accuracy),
            wrong_choice=numbers.errors.wrong_choice(numbers.options),
            accuracy=accuracy,
            missing=missing,
            missing_correlation=numbers.missing_correlation,
        )
        generator = Randomness(seed).generator("designing.questions")
        codes, chance = answers.prepare(generator.random((SAMPLED_QUESTIONS, answers.uniforms)))[0], None
        basis = "sampled"
        note = f"{size} models have too many patterns of answers: {SAMPLED_QUESTIONS} questions were drawn"
    return Pool(
        models=names,
        codes=codes,
        chance=chance,
        accuracy=accuracy,
        prices=tuple(prices.get(model, Price()) for model in names),
        source=source,
        basis=basis,
        numbers=numbers,
        notes=(*([note] if note else []), *_without_price(names, prices)),
    )


def _without_price(models: Sequence[str], prices: Mapping[str, Price]) -> list[str]:
    """Return what is to be said where models have no price and prices no model: perhaps a name is spelt otherwise."""
    lacking, others = [m for m in models if m not in prices], [m for m in prices if m not in models]
    if not lacking or not others:
        return []
    shown = in_one_line(others[:_NAMES_SHOWN]) + (" …" if len(others) > _NAMES_SHOWN else "")
    return [f"there is no price of {in_one_line(lacking)}; those of {shown} are not used"]
