"""Validators that are always right and never doubted: what remains of a run is the protocol and its faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bft.core.verdict import Verdict
from bft.randomness import Randomness
from bft.validators.answers import RIGHT, Codes
from bft.validators.panel import NO_VOICES, Judged, Proposed, Voice

TRUTH = "right"
WRONG = "wrong"

_PROPOSED = Proposed(answer=TRUTH)
_ACCEPTED = Judged(verdict=Verdict.ACCEPT)
_REJECTED = Judged(verdict=Verdict.REJECT)


class PerfectPanel:
    """Every validator knows the truth, at once and for free; one panel serves all replications."""

    def panel(
        self,
        randomness: Randomness,
        replication: int,
        voices: Mapping[int, Voice] = NO_VOICES,
        now: Callable[[], float] = float,
    ) -> PerfectPanel:
        """Return the validators of one replication."""
        return self

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Return codes of right answers, shape (questions, n)."""
        return np.full((questions, n), RIGHT)

    def truth(self, question: int) -> str:
        """Return the right answer."""
        return TRUTH

    def own_answer(self, node: int, question: int) -> str:
        """Return the right answer."""
        return TRUTH

    def propose(self, node: int, question: int) -> Proposed:
        """Propose the right answer."""
        return _PROPOSED

    def judge(self, node: int, question: int, answer: str, wording: str = "") -> Judged:
        """Accept the right answer, reject every other."""
        return _ACCEPTED if answer == TRUTH else _REJECTED

    def wrong_answer(self, node: int, question: int) -> str:
        """Return a wrong answer."""
        return WRONG
