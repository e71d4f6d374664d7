"""Validators described by numbers alone: who is right together, and who errs alike.

Two questions are kept apart. *Who is right*: independently, or with a difficulty that all share (a beta-binomial, or a
Gaussian copula). *Which wrong answer*: uniformly among the wrong options, or through a trap that catches every wrong
validator and an urn from which later ones copy earlier ones. Exact laws are left to the theory, the estimation of the
numbers from recorded answers to the fitting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, ndtri

from bft.randomness import Floats, Randomness
from bft.validators.answers import MISSING, RIGHT, Answers, Codes
from bft.validators.clones import Clones
from bft.validators.draws import QuestionDraws
from bft.validators.missing_answers import MissingAnswers

PURPOSE = "validators.answers"
TRAINING = "validators.training"
TRUTH = "right"
_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite
_LARGEST = 1.0 - 2.0**-53
_MOST_R = 1.0 - 1e-6
_CLOSE = 1e-9  # to a chance: rounding moves it by less than 1e-11 as long as r is at most the above

Flags = NDArray[np.bool_]


class Correctness(Protocol):
    """Who is right: the law of the panel's correctness on one question."""

    def right(self, common: Floats, own: Floats) -> Flags:
        """Return who is right, shape (questions, n), from one shared uniform a question and one a node."""

    def chances(self, common: Floats) -> Floats:
        """Return each node's probability of being right given the shared uniforms, shape (questions, n)."""

    def steps(self) -> tuple[float, ...]:
        """Return the shared uniforms, in (0, 1), at which these probabilities jump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndependentErrors:
    """Each validator is right with its accuracy, whatever the others are."""

    accuracy: Floats
    """Probability of a right answer, in [0, 1]; shape (n,)."""

    def right(self, common: Floats, own: Floats) -> Flags:
        """Return who is right."""
        return own < self.accuracy

    def chances(self, common: Floats) -> Floats:
        """Return each node's accuracy, whatever is shared."""
        return np.broadcast_to(self.accuracy, (len(common), len(self.accuracy)))

    def steps(self) -> tuple[float, ...]:
        """Return none."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaBinomialErrors:
    """Each question has a difficulty: validator v is right with the quantile of Beta(a_v/ρ − a_v, …) at a shared level.

    With equal accuracies the number of right validators is beta-binomial with intra-class correlation ρ.
    """

    accuracy: Floats
    """Mean probability of a right answer, in [0, 1]; shape (n,)."""
    correlation: float
    """Intra-class correlation ρ of correctness, in [0, 1)."""

    def right(self, common: Floats, own: Floats) -> Flags:
        """Return who is right."""
        return own < self.chances(common)

    def chances(self, common: Floats) -> Floats:
        """Return each node's quantile of its beta distribution."""
        chance = np.empty((len(common), len(self.accuracy)))
        for accuracy in np.unique(self.accuracy):
            chance[:, self.accuracy == accuracy] = self._chance(float(accuracy), common)[:, None]
        return chance

    def steps(self) -> tuple[float, ...]:
        """Return none."""
        return ()

    def _chance(self, accuracy: float, common: Floats) -> Floats:
        if self.correlation == 0.0 or accuracy in (0.0, 1.0):
            return np.full_like(common, accuracy)
        weight = 1.0 / self.correlation - 1.0
        quantile: Floats = betaincinv(accuracy * weight, (1.0 - accuracy) * weight, common)
        return quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class CopulaErrors:
    """Validator v is right iff √r·g + √(1−r)·ε_v < Φ⁻¹(b_v), with g shared by the panel: the one-factor copula.

    A share ν of the questions is flawed (ambiguous, or their recorded answer is wrong): nobody is right there, and
    b_v = a_v/(1−ν) elsewhere, so that a_v stays the accuracy over all questions.
    """

    accuracy: Floats
    """Probability a_v of a right answer, in [0, 1 − ν]; shape (n,)."""
    r: float
    """Latent (tetrachoric) correlation of two validators' correctness where the question is not flawed, in [0, 1]."""
    flawed: float = 0.0
    """Share ν of flawed questions, in [0, 1)."""

    def right(self, common: Floats, own: Floats) -> Flags:
        """Return who is right.

        Where all are equally good their chance is worked out once a question, and the quantiles of the definition only
        where rounding might decide.
        """
        if self.r > _MOST_R or (self.accuracy != self.accuracy[0]).any():
            return self._right(common, own)
        chance = replace(self, accuracy=self.accuracy[:1]).chances(common)
        right: Flags = own < chance
        close = np.unique(np.nonzero(np.abs(own - chance) < _CLOSE)[0])
        right[close] = self._right(common[close], own[close])
        return right

    def _right(self, common: Floats, own: Floats) -> Flags:
        """Return who is right, by the definition: a normal quantile for every draw."""
        sound = 1.0 - self.flawed
        difficulty = ndtri(np.clip(common / sound, _SMALLEST, _LARGEST))
        alone = math.sqrt(1.0 - self.r) * ndtri(np.maximum(own, _SMALLEST))
        limit = ndtri(np.minimum(self.accuracy / sound, 1.0))
        right: Flags = (math.sqrt(self.r) * difficulty[:, None] + alone < limit) & (common < sound)[:, None]
        return right

    def chances(self, common: Floats) -> Floats:
        """Return each node's probability of being right at the question's difficulty."""
        sound = 1.0 - self.flawed
        difficulty = ndtri(np.clip(common / sound, _SMALLEST, _LARGEST))
        left = ndtri(np.minimum(self.accuracy / sound, 1.0)) - math.sqrt(self.r) * difficulty[:, None]
        chance = ndtr(left / math.sqrt(1.0 - self.r)) if self.r < 1.0 else (left > 0.0).astype(np.float64)
        return np.where((common < sound)[:, None], chance, 0.0)

    def steps(self) -> tuple[float, ...]:
        """Return where flawed questions begin, and at r = 1, where the difficulty alone matters, each accuracy."""
        steps = {1.0 - self.flawed, *(self.accuracy.tolist() if self.r == 1.0 else ())}
        return tuple(sorted(step for step in steps if 0.0 < step < 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongChoice:
    """Which wrong answer a wrong validator gives: a trap for all of them, or an urn.

    With probability τ the question is a trap and all give the same wrong answer. Otherwise the j-th wrong one copies an
    earlier wrong one with probability (j−1)/(j−1+Kα), else picks uniformly among the K wrong options.
    """

    options: int
    """Number K of wrong answers, at least 1."""
    tau: float = 0.0
    """Probability τ of a trap, in [0, 1]."""
    k_alpha: float = math.inf
    """Kα, above 0; infinity means that nobody copies."""

    def pick(self, trap: Floats, urn: Floats) -> Codes:
        """Return the codes of what each validator answers where it errs, shape (questions, n)."""
        levels = np.ascontiguousarray(urn.T)  # a validator's numbers lie together
        codes = np.empty(levels.shape, dtype=np.int8 if self.options < 1 << 7 else np.intp)
        for earlier, level in enumerate(levels):
            copying = 0.0 if math.isinf(self.k_alpha) else earlier / (earlier + self.k_alpha)
            fresh = np.maximum(level - copying, 0.0)
            fresh *= self.options / (1.0 - copying)
            np.minimum(fresh, self.options - 1, out=fresh)
            np.add(fresh.astype(codes.dtype), 1, out=codes[earlier])
            if copying > 0.0:
                copies = np.flatnonzero(level < copying)
                copied = np.minimum((level[copies] * (earlier / copying)).astype(np.intp), earlier - 1)
                codes[earlier, copies] = codes[copied, copies]
        if self.tau > 0.0:
            np.copyto(codes[1:], codes[0], where=trap < self.tau)
        return np.ascontiguousarray(codes.T, dtype=np.intp)


class StatisticalAnswers:
    """The answers of a panel drawn from its numbers.

    Parameters
    ----------
    correctness : Correctness
        Who is right together.
    wrong_choice : WrongChoice
        Which wrong answer is given.
    accuracy : ndarray, shape (n,)
        Probability of a right answer over all questions, in [0, 1].
    missing : ndarray, shape (n,)
        Probability of no parseable answer over all questions, in [0, 1 − accuracy]; it takes from the wrong ones.
    missing_correlation : float
        Latent correlation of two validators' giving no answer where they are not right, in [0, 1).
    clones : Clones, optional
        Nodes that share a model.
    """

    def __init__(
        self,
        *,
        correctness: Correctness,
        wrong_choice: WrongChoice,
        accuracy: Floats,
        missing: Floats,
        missing_correlation: float = 0.0,
        clones: Clones | None = None,
    ) -> None:
        self.n = len(accuracy)
        self.correctness = correctness
        self.wrong_choice = wrong_choice
        self._accuracy = np.divide(accuracy, 1.0 - missing, out=np.zeros(self.n), where=missing < 1.0)
        self.clones = clones
        self.missing = MissingAnswers.of(accuracy, missing, missing_correlation)
        self.uniforms = 2 + (3 if clones is None else 5) * self.n + self.missing.uniforms

    def draws(self, randomness: Randomness, replication: int) -> StatisticalDraws:
        """Return the answers of one replication."""
        return StatisticalDraws(QuestionDraws(randomness, PURPOSE, (self.uniforms,), replication, self.prepare))

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two answers are the same."""
        return one is not None and one == other

    def accuracy_when_answering(self) -> tuple[float, ...]:
        """Return each validator's probability of a right answer, given that it answers."""
        return tuple(self._accuracy.tolist())

    def training(self, randomness: Randomness, questions: int) -> Codes:
        """Return codes of answers to so many other questions, drawn from the same law, shape (questions, n)."""
        return self.prepare(randomness.generator(TRAINING).random((questions, self.uniforms)))[0]

    def prepare(self, uniforms: Floats) -> tuple[Codes, Codes]:
        """Turn uniforms into codes of own and of wrong answers, each of shape (questions, n).

        The uniforms are of shape (questions, 2 + 3n), or (questions, 2 + 5n) with clones; the last one of missing
        answers comes in addition where these are correlated.
        """
        n = self.n
        common, trap = uniforms[:, 0], uniforms[:, 1]
        own, clones = uniforms[:, 2 : 2 + n], self.clones
        if clones is not None:
            own = clones.alike(own, uniforms[:, 2 + 3 * n : 2 + 4 * n])
        right = self.correctness.right(common, own)
        extra = self.uniforms - self.missing.uniforms
        missing = ~right & self.missing.missing(uniforms[:, extra:], uniforms[:, 2 + n : 2 + 2 * n])
        # The urn is exchangeable: those who do err agree as if they had drawn from it alone.
        wrong = self.wrong_choice.pick(trap, uniforms[:, 2 + 2 * n : 2 + 3 * n])
        if clones is not None:
            wrong = clones.repeated(wrong, uniforms[:, 2 + 4 * n : 2 + 5 * n])
        said = np.where(right, RIGHT, wrong)
        np.copyto(said, MISSING, where=missing)
        return said, wrong


class StatisticalDraws:
    """The answers of one replication of a statistical panel."""

    __slots__ = ("_draws",)

    def __init__(self, draws: QuestionDraws) -> None:
        self._draws = draws

    def codes(self, question: int) -> tuple[Codes, Codes]:
        """Return the codes of the nodes' own answers and of their wrong answers."""
        own, wrong = self._draws.row(question)
        return own, wrong

    def answers(self, question: int) -> Answers:
        """Return the same as strings: "right", and "wrong-1" up to "wrong-K"."""
        own, wrong = self.codes(question)
        return Answers(
            truth=TRUTH,
            own=tuple(_text(code) for code in own.tolist()),
            wrong=tuple(f"wrong-{code}" for code in wrong.tolist()),
        )


def _text(code: int) -> str | None:
    if code == RIGHT:
        return TRUTH
    return None if code == MISSING else f"wrong-{code}"
