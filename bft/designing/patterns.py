"""Every pattern of equal answers that the correlated model can give, with its exact probability.

A pattern says who is right, who gives no answer, and which of the others give the same wrong answer. Given who is
right, the rest follows from the trap and the urn (`bft.theory.wrong_answers`): with probability τ all wrong answers are
the same, otherwise m classes of sizes c₁ … c_m among w wrong answers have probability

    K(K−1)…(K−m+1) · Π_j α(α+1)…(α+c_j−1) / (Kα)(Kα+1)…(Kα+w−1),

and K(K−1)…(K−m+1)/Kʷ where nobody copies (Kα = ∞). So a law becomes a table of weighted questions, and whatever counts
answers of recorded questions is exact for it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
from scipy.special import ndtri

from bft.randomness import Floats
from bft.theory.errors_in_common import (
    ErrorLaw,
    ExchangeableErrors,
    beta_binomial_errors,
    independent_errors,
    probit_errors,
)
from bft.validators.answers import MISSING, RIGHT, Codes
from bft.validators.error_settings import BetaBinomialErrorSettings, CorrelatedErrorSettings
from bft.validators.missing_answers import MissingAnswers
from bft.validators.panel_numbers import PanelNumbers

MOST_PATTERNS = 120_000
_FACTORS = 400  # quantiles of the factor that missing answers share


def pattern_count(size: int, some_missing: bool) -> int:
    """Return how many patterns there are: the Bell number of size + 1, or of size + 2 with missing answers."""
    bell = [1]
    for _ in range(size + (1 if some_missing else 0)):
        row = [bell[-1]]
        for each in bell:
            row.append(row[-1] + each)
        bell = row
    return bell[-1]


def answer_patterns(numbers: PanelNumbers, accuracy: Floats, missing: Floats) -> tuple[Codes, Floats]:
    """Return all patterns as codes, shape (patterns, models), and their probabilities.

    Parameters
    ----------
    numbers : PanelNumbers
        The law's other parameters.
    accuracy, missing : ndarray of shape (models,)
        Probability of a right answer, and of none.
    """
    n = len(accuracy)
    right_sets = _right_sets(numbers, accuracy)
    silent = _silent_sets(MissingAnswers.of(accuracy, missing, numbers.missing_correlation))
    errors = numbers.errors
    tau, k_alpha = getattr(errors, "tau", 0.0), getattr(errors, "k_alpha", None)
    rows: list[tuple[int, ...]] = []
    chances: list[float] = []
    everyone = 2**n - 1
    for right, chance in enumerate(right_sets):
        if chance <= 0.0:
            continue
        others = everyone ^ right
        for quiet in _subsets(others):
            told = chance * silent(quiet, others)
            if told <= 0.0:
                continue
            wrong = [node for node in range(n) if (others ^ quiet) >> node & 1]
            for blocks, given in _classes(len(wrong), numbers.options, tau, k_alpha):
                row = [RIGHT if right >> node & 1 else MISSING for node in range(n)]
                for node, block in zip(wrong, blocks, strict=True):
                    row[node] = block
                rows.append(tuple(row))
                chances.append(told * given)
    return np.array(rows, dtype=np.intp).reshape(-1, n), np.array(chances)


def _right_sets(numbers: PanelNumbers, accuracy: Floats) -> Floats:
    """Return the probability that exactly a set of models is right; bit i of a set is model i."""
    errors, n = numbers.errors, len(accuracy)
    flawed = errors.flawed if isinstance(errors, CorrelatedErrorSettings) else 0.0
    law: ErrorLaw
    if isinstance(errors, CorrelatedErrorSettings):
        law = probit_errors(n, np.minimum(accuracy / (1.0 - flawed), 1.0), correlation=errors.r)
    elif isinstance(errors, BetaBinomialErrorSettings):
        law = beta_binomial_errors(n, float(accuracy.mean()), correlation=errors.correlation)
    else:
        law = independent_errors(n, accuracy)
    if isinstance(law, ExchangeableErrors):
        size = np.bitwise_count(np.arange(2**n)).astype(np.intp)
        sets = law.number_right[size] / np.bincount(size)[size]
    else:
        cases = law.weight[:, np.newaxis]
        for right in law.right.T:
            chance = right[:, np.newaxis]
            cases = np.concatenate([cases * (1.0 - chance), cases * chance], axis=1)
        sets = cases.sum(axis=0)
    sets = (1.0 - flawed) * sets
    sets[0] += flawed
    return np.asarray(sets)


class _silent_sets:  # noqa: N801 (a function with a table)
    """The probability that exactly these of those that are not right give no answer."""

    def __init__(self, missing: MissingAnswers) -> None:
        self._none = not missing.given_not_right.any()
        if missing.correlation == 0.0:
            self._chance = missing.given_not_right[np.newaxis, :]
        else:
            middle = (np.arange(_FACTORS) + 0.5) / _FACTORS
            self._chance = missing.chances(ndtri(middle))
        self._known: dict[tuple[int, int], float] = {}

    def __call__(self, quiet: int, others: int) -> float:
        if self._none:
            return float(quiet == 0)
        key = (quiet, others)
        if key not in self._known:
            product = np.ones(len(self._chance))
            for node in range(self._chance.shape[1]):
                if others >> node & 1:
                    chance = self._chance[:, node]
                    product = product * (chance if quiet >> node & 1 else 1.0 - chance)
            self._known[key] = float(product.mean())
        return self._known[key]


def _subsets(whole: int) -> Iterator[int]:
    part = whole
    while True:
        yield part
        if part == 0:
            return
        part = (part - 1) & whole


@cache
def _classes(wrong: int, options: int, tau: float, k_alpha: float | None) -> tuple[tuple[tuple[int, ...], float], ...]:
    """Return every way in which so many wrong answers can be the same, with its probability."""
    found = []
    for blocks in _partitions(wrong):
        sizes = [blocks.count(block) for block in range(1, max(blocks, default=0) + 1)]
        chance = (1.0 - tau) * _urn(sizes, options, k_alpha)
        if len(sizes) <= 1:
            chance += tau
        if chance > 0.0:
            found.append((blocks, chance))
    return tuple(found)


def _partitions(wrong: int) -> Iterator[tuple[int, ...]]:
    """Yield each set partition as the numbers of the members' blocks, in the order in which they come up."""

    def grow(blocks: tuple[int, ...], most: int) -> Iterator[tuple[int, ...]]:
        if len(blocks) == wrong:
            yield blocks
            return
        for block in range(1, most + 2):
            yield from grow((*blocks, block), max(most, block))

    yield from grow((), 0)


def _urn(sizes: list[int], options: int, k_alpha: float | None) -> float:
    if len(sizes) > options:
        return 0.0
    names = math.perm(options, len(sizes))
    if k_alpha is None or math.isinf(k_alpha):
        return float(names) / float(options) ** sum(sizes)
    alpha = k_alpha / options
    chance = float(names)
    drawn = 0
    for size in sizes:
        for place in range(size):
            chance *= (alpha + place) / (k_alpha + drawn)
            drawn += 1
    return chance
