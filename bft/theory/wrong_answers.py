"""How wrong validators agree with each other: the classes of equal wrong answers among w wrong ones.

Two validators that are both wrong may give the same wrong answer. With probability τ the question is a *trap* and
all wrong validators give the same one. Otherwise they draw from Pólya's urn: the j-th wrong validator copies an
earlier wrong one with probability (j − 1)/(j − 1 + Kα), else picks uniformly among K wrong options. The sizes of the
classes then follow the symmetric Dirichlet-multinomial law with K options of concentration α each; Kα = ∞ are
independent uniform picks.

How many are wrong is left to `bft.theory.errors_in_common`. Everything is exact: with b_c = Π_{i<c} (1/K + i/Kα) /
(i + 1) the probability of class sizes (c₁, …, c_K) is Π b_{c_j} / [xʷ] (Σ_c b_c xᶜ)ᴷ, so that sums over sizes are
coefficients of powers of polynomials, with positive terms only.

References
----------
The correlated model of the project's notes on validators; Johnson, Kotz & Balakrishnan, *Discrete Multivariate
Distributions*, 1997, chapters 35 (multinomial) and 40 (Pólya).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.theory import binomial
from bft.theory.errors_in_common import ExchangeableErrors, probit_errors
from bft.theory.ranges import Array, probabilities

MOST_ANSWERS = 500  # coefficients grow as e^w


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAnswers:
    """How wrong answers coincide.

    Attributes
    ----------
    options : int
        K, the number of different wrong answers; at least 1.
    tau : float
        τ, the probability that all wrong validators give the same answer.
    k_alpha : float
        Kα of the urn, positive; infinite where wrong answers are picked independently.
    no_answer : float
        Probability that a validator that is not right gives no answer at all.
    no_answer_correlation : float
        κ, the latent correlation of two of them that give none: given h ~ N(0, 1), shared by all validators and
        independent of everything else, each gives none with probability Φ((Φ⁻¹(no_answer) − √κ·h)/√(1 − κ)).
    """

    options: int
    tau: float = 0.0
    k_alpha: float = inf
    no_answer: float = 0.0
    no_answer_correlation: float = 0.0

    def __post_init__(self) -> None:
        if self.options < 1:
            raise ScenarioError(bad_value("options", self.options, "must be at least 1"))
        probabilities("tau", self.tau)
        probabilities("no_answer", self.no_answer)
        probabilities("no_answer_correlation", self.no_answer_correlation)
        if isnan(self.k_alpha) or self.k_alpha <= 0:
            raise ScenarioError(bad_value("k_alpha", self.k_alpha, "must be positive"))

    def same_pair(self) -> float:
        """s₂ = τ + (1 − τ)(1 + α)/(1 + Kα): two wrong answers are the same."""
        return self.tau + (1.0 - self.tau) * self._copies(1)

    def same_triple(self) -> float:
        """s₃ = τ + (1 − τ)(1 + α)(2 + α)/((1 + Kα)(2 + Kα)): three wrong answers are the same."""
        return self.tau + (1.0 - self.tau) * self._copies(1) * self._copies(2)

    def _copies(self, earlier: int) -> float:
        """P(the next draw from the urn equals all the earlier ones, which are equal)."""
        pull = earlier / self.k_alpha
        return (1.0 / self.options + pull) / (1.0 + pull)

    def largest_class(self, most: int) -> Array:
        """P(the most popular wrong answer was given l times | w validators are not right).

        Parameters
        ----------
        most : int
            Largest w, up to 500.

        Returns
        -------
        ndarray of shape (most + 1, most + 1)
            Row w, column l.
        """
        urn = _Urn(self, most)
        law = np.zeros((most + 1, most + 1))
        law[0, 0] = 1.0
        for size in range(1, most + 1):
            law[:, size] = urn.classes(np.arange(most + 1) == size, smaller_than=size).sum(axis=1)
        return self._answering(most) @ (self.tau * np.eye(most + 1) + (1.0 - self.tau) * law)

    def classes_of(self, size: int, most: int) -> Array:
        """P(u answers are in classes of at least `size` | w validators are not right); column 0: no such class.

        For a quorum `size` above half of `most` the only such class has u members.

        Returns
        -------
        ndarray of shape (most + 1, most + 1)
            Row w, column u.
        """
        urn = _Urn(self, most)
        law = urn.classes(np.arange(most + 1) >= size, smaller_than=size)
        law[:, 0] = urn.none(smaller_than=size)
        given = np.arange(most + 1)
        trap = np.eye(most + 1)[np.where(given >= size, given, 0)]
        return self._answering(most) @ (self.tau * trap + (1.0 - self.tau) * law)

    def _answering(self, most: int) -> Array:
        """P(so many give a wrong answer | w are not right): row w."""
        if self.no_answer_correlation == 0.0 or self.no_answer in (0.0, 1.0):
            number = np.arange(most + 1)
            return binomial.pmf(number, number[:, np.newaxis], 1.0 - self.no_answer)
        table = np.zeros((most + 1, most + 1))
        if most == 0:
            return np.ones((1, 1))
        law = probit_errors(most, 1.0 - self.no_answer, correlation=self.no_answer_correlation)
        assert isinstance(law, ExchangeableErrors), "all alike"
        for fewer, answering in enumerate(law.thinned()):
            table[most - fewer, : most - fewer + 1] = answering
        return table


class _Urn:
    """The polynomials behind the classes: tilted by θ, which moves no probability and keeps coefficients in range."""

    def __init__(self, answers: WrongAnswers, most: int) -> None:
        if not 0 <= most <= MOST_ANSWERS:
            raise UnsupportedError(bad_value("n", most, f"must be at most {MOST_ANSWERS} for classes of wrong answers"))
        pulls = np.arange(most) / answers.k_alpha
        tilt = most / (1.0 + max(most - 1, 0) / answers.k_alpha)
        steps = np.arange(1, most + 1)
        self.most = most
        self.options = answers.options
        self.ways = np.cumprod(np.append(1.0, tilt * (1.0 / answers.options + pulls) / steps))
        self.norm = np.cumprod(np.append(1.0, tilt * (1.0 + pulls) / steps))

    def none(self, smaller_than: int) -> Array:
        """P(every class is smaller | w)."""
        return self._power(self._restricted(np.arange(self.most + 1) < smaller_than), self.options) / self.norm

    def classes(self, large_sizes: NDArray[np.bool_], *, smaller_than: int) -> Array:
        """P(u answers are in classes of the large sizes, at least one, and all other classes are smaller | w)."""
        small = self._restricted(np.arange(self.most + 1) < smaller_than)
        most_classes = min(self.options, self.most // smaller_than)
        rests = [self._power(small, self.options - most_classes)]
        for _ in range(most_classes - 1):
            rests.append(self._product(rests[-1], small))
        law = np.zeros((self.most + 1, self.most + 1))
        large = self._power(small, 0)
        for number, rest in enumerate(reversed(rests), start=1):
            ways_to_choose = (self.options - number + 1) / number
            large = self._product(large, self._restricted(large_sizes)) * ways_to_choose
            for size in np.flatnonzero(large):
                law[size:, size] += large[size] * rest[: self.most + 1 - size]
        return np.asarray(law / self.norm[:, np.newaxis])

    def _restricted(self, sizes: NDArray[np.bool_]) -> Array:
        return np.where(sizes, self.ways, 0.0)

    def _product(self, left: Array, right: Array) -> Array:
        return np.convolve(left, right)[: self.most + 1]

    def _power(self, base: Array, exponent: int) -> Array:
        result = np.zeros(self.most + 1)
        result[0] = 1.0
        while exponent:
            if exponent & 1:
                result = self._product(result, base)
            base = self._product(base, base)
            exponent >>= 1
        return result
