"""What the validators of a panel answer by themselves, before anybody proposes or judges.

An answer model draws, for each question of a replication, every node's own answer and the wrong answer it would give.
Both are also available as codes, whole numbers that an engine can count without strings: 0 is the right answer, -1 no
parseable answer, and equal positive codes are equal wrong answers of that question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bft.randomness import Randomness

RIGHT = 0
MISSING = -1

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers of one panel to one question."""

    truth: str
    """The right answer."""
    own: tuple[str | None, ...]
    """What each node answers; None where nothing parseable came."""
    wrong: tuple[str, ...]
    """For each node an answer that is certainly wrong: its own where that is wrong."""


class AnswerDraws(Protocol):
    """The answers of one replication, question by question."""

    def codes(self, question: int) -> tuple[Codes, Codes]:
        """Return the codes of the nodes' own answers and of their wrong answers, each of shape (n,)."""

    def answers(self, question: int) -> Answers:
        """Return the same as strings."""


class AnswerModel(Protocol):
    """Draws the answers of `n` validators."""

    @property
    def n(self) -> int:
        """Number of validators."""

    def draws(self, randomness: Randomness, replication: int) -> AnswerDraws:
        """Return the answers of one replication."""

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two answers count as one; None equals nothing."""

    def accuracy_when_answering(self) -> tuple[float, ...]:
        """Return each validator's probability of a right answer, given that it answers."""

    def training(self, randomness: Randomness, questions: int) -> Codes:
        """Return codes of the panel's answers to other questions than those asked, shape (questions, n).

        Panels that have records answer those held out, however many; others as many as `questions`.
        """
