"""How a validator checks another's answer: against its own, or as a judge that errs at known rates.

A verdict belongs to (node, question, answer): asked again about the same answer a validator repeats itself, unless the
scenario says that its verdicts flip, or are drawn anew. First verdicts are drawn at the address of the answer, not in
the order of asking, so that every engine finds the same ones. Latency and cost are left to the latency law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtr, ndtri

from bft.core.verdict import Verdict
from bft.randomness import Floats, Randomness, Tape
from bft.validators.answers import AnswerModel, Answers
from bft.validators.draws import QuestionDraws

COINS = "validators.verdicts"
AGAIN = "validators.asked-again"
_AGAIN_DEPTH = 4
_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite
_LARGEST = 1.0 - 2.0**-53


class Verdicts(Protocol):
    """The verdicts of one replication."""

    def first(self, node: int, question: int, answers: Answers, answer: str) -> Verdict:
        """Return what the node says when it is asked about this answer for the first time."""

    def again(self, node: int, question: int, answers: Answers, answer: str, before: Verdict) -> Verdict:
        """Return what the node says when it is asked again, having said `before`."""


class Check(Protocol):
    """A way of checking answers, for all replications."""

    def verdicts(self, model: AnswerModel, randomness: Randomness, replication: int) -> Verdicts:
        """Return the verdicts of one replication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAnswerCheck:
    """Accept iff the proposal is the validator's own answer; unsure without an own answer."""

    flip: float = 0.0
    """Probability that a verdict changes when the validator is asked again, in [0, 1]."""

    def verdicts(self, model: AnswerModel, randomness: Randomness, replication: int) -> Verdicts:
        """Return the verdicts of one replication."""
        return _SameAnswerVerdicts(self, model, _Again(model.n, randomness, replication))


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeCheck:
    """Accept with a probability that depends on whether the proposal and the validator's own answer are right."""

    accept: Floats
    """accept[own answer right, proposal right, node] in [0, 1]; index 1 is right. Shape (2, 2, n)."""
    unsure: float = 0.0
    """Probability of no parseable verdict, in [0, 1]."""
    flip: float = 0.0
    """Probability that a verdict changes when the judge is asked again, in [0, 1]."""
    redraw: bool = False
    """Whether a judge asked again decides anew instead."""
    correlation: float = 0.0
    """Latent correlation r of two judges' verdicts on one answer, in [0, 1]: the one-factor copula. Judge v's uniform
    is Φ(√r·g + √(1−r)·ε_v), with g shared by the panel for this question and answer; chances stay as they are."""

    def verdicts(self, model: AnswerModel, randomness: Randomness, replication: int) -> Verdicts:
        """Return the verdicts of one replication."""
        return _JudgeVerdicts(self, model, randomness, replication)

    def coin_shape(self, n: int) -> tuple[int, int]:
        """Return the shape of one question's uniforms: a row for each node, and one that they share if need be."""
        return n + (self.correlation > 0.0), coin_slots(n)

    def coins(self, uniforms: Floats) -> Floats:
        """Turn uniforms of shape ``(..., *coin_shape(n))`` into the judges' coins, of shape ``(..., n, slots)``."""
        rows, _ = self.coin_shape(self.accept.shape[-1])
        assert uniforms.shape[-2] == rows, "a row for each judge, and one in common where they are correlated"
        if self.correlation == 0.0:
            return uniforms
        normal = ndtri(np.clip(uniforms, _SMALLEST, _LARGEST))
        own, shared = normal[..., :-1, :], normal[..., -1:, :]
        together: Floats = ndtr(math.sqrt(self.correlation) * shared + math.sqrt(1.0 - self.correlation) * own)
        return together

    def verdict(self, node: int, own_right: bool, right: bool, uniform: float) -> Verdict:
        """Return the verdict that a uniform draw stands for."""
        if uniform < self.unsure:
            return Verdict.UNSURE
        chance = self.accept[int(own_right), int(right), node]
        return Verdict.ACCEPT if uniform < self.unsure + (1.0 - self.unsure) * chance else Verdict.REJECT


class _Again:
    """The draws of those who are asked again; most panels never are."""

    __slots__ = ("_address", "_tape")

    def __init__(self, n: int, randomness: Randomness, replication: int) -> None:
        self._address = (randomness, AGAIN, n, _AGAIN_DEPTH, replication)
        self._tape: Tape | None = None

    def draw(self, node: int) -> float:
        if self._tape is None:
            self._tape = Tape(*self._address)
        return self._tape.draw(node)

    def flipped(self, node: int, before: Verdict, chance: float) -> Verdict:
        if chance == 0.0 or before is Verdict.UNSURE or self.draw(node) >= chance:
            return before
        return Verdict.REJECT if before is Verdict.ACCEPT else Verdict.ACCEPT


class _SameAnswerVerdicts:
    __slots__ = ("_again", "_check", "_model")

    def __init__(self, check: SameAnswerCheck, model: AnswerModel, again: _Again) -> None:
        self._check = check
        self._model = model
        self._again = again

    def first(self, node: int, question: int, answers: Answers, answer: str) -> Verdict:
        own = answers.own[node]
        if own is None:
            return Verdict.UNSURE
        return Verdict.ACCEPT if self._model.same(own, answer) else Verdict.REJECT

    def again(self, node: int, question: int, answers: Answers, answer: str, before: Verdict) -> Verdict:
        return self._again.flipped(node, before, self._check.flip)


class _JudgeVerdicts:
    __slots__ = ("_again", "_check", "_coins", "_model")

    def __init__(self, check: JudgeCheck, model: AnswerModel, randomness: Randomness, replication: int) -> None:
        self._check = check
        self._model = model
        self._again = _Again(model.n, randomness, replication)
        prepare = None if check.correlation == 0.0 else lambda uniforms: (check.coins(uniforms),)
        self._coins = QuestionDraws(randomness, COINS, check.coin_shape(model.n), replication, prepare)

    def first(self, node: int, question: int, answers: Answers, answer: str) -> Verdict:
        slot = self._slot(answers, answer)
        own_right = self._model.same(answers.own[node], answers.truth)
        return self._check.verdict(node, own_right, slot == 0, float(self._coins.row(question)[0][node, slot]))

    def again(self, node: int, question: int, answers: Answers, answer: str, before: Verdict) -> Verdict:
        if not self._check.redraw:
            return self._again.flipped(node, before, self._check.flip)
        own_right = self._model.same(answers.own[node], answers.truth)
        right = self._model.same(answer, answers.truth)
        return self._check.verdict(node, own_right, right, self._again.draw(node))

    def _slot(self, answers: Answers, answer: str) -> int:
        if self._model.same(answer, answers.truth):
            return 0
        known = (node for node, wrong in enumerate(answers.wrong) if self._model.same(answer, wrong))
        return next(known, self._model.n) + 1


def coin_slots(n: int) -> int:
    """Return how many coins a judge holds for one question.

    One for the right answer (slot 0), one for each node's wrong answer (slot v + 1, v the first node that has it), and
    one for whatever nobody in the panel would say (slot n + 1).
    """
    return n + 2
