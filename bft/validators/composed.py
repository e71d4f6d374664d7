"""A panel put together from its three parts: what validators answer, how they check, how long they take."""

from __future__ import annotations

from dataclasses import dataclass

from bft.core.verdict import Verdict
from bft.randomness import Randomness
from bft.validators.answers import AnswerModel, Answers, Codes
from bft.validators.confidence import ConfidenceLaw
from bft.validators.judge import Check
from bft.validators.latency import LatencyLaw
from bft.validators.panel import Judged, Proposed

_AT_ONCE = {verdict: Judged(verdict=verdict) for verdict in Verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedModel:
    """Makes the panel of each replication.

    Attributes
    ----------
    answers : AnswerModel
        What the validators answer by themselves.
    check : Check
        How they check the answers of others.
    latency : LatencyLaw or None
        How long their calls take; None means no time at all.
    confidence : ConfidenceLaw or None
        How sure they say they are; None means that they say nothing of it.
    """

    answers: AnswerModel
    check: Check
    latency: LatencyLaw | None = None
    confidence: ConfidenceLaw | None = None

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Return codes of the panel's answers to other questions than those asked, shape (questions, n)."""
        return self.answers.training(randomness, questions)

    def panel(self, randomness: Randomness, replication: int) -> ComposedPanel:
        """Return the validators of one replication."""
        return ComposedPanel(self, randomness, replication)


class ComposedPanel:
    """The validators of one replication."""

    __slots__ = ("_answers", "_calls", "_draws", "_said", "_same", "_stated", "_verdicts")

    def __init__(self, model: ComposedModel, randomness: Randomness, replication: int) -> None:
        self._draws = model.answers.draws(randomness, replication)
        self._verdicts = model.check.verdicts(model.answers, randomness, replication)
        self._same = model.answers.same
        self._stated = None if model.confidence is None else model.confidence.stated(randomness, replication)
        self._calls = None if model.latency is None else model.latency.calls(randomness, replication)
        self._answers: dict[int, Answers] = {}
        self._said: dict[tuple[int, int, str], Verdict] = {}

    def truth(self, question: int) -> str:
        """Return the right answer."""
        return self._of(question).truth

    def own_answer(self, node: int, question: int) -> str | None:
        """Return the answer the node's validator would give by itself, or None."""
        return self._of(question).own[node]

    def wrong_answer(self, node: int, question: int) -> str:
        """Return an answer that is certainly wrong, the node's own where that is wrong."""
        return self._of(question).wrong[node]

    def propose(self, node: int, question: int) -> Proposed:
        """Let the node's validator answer the question."""
        answers = self._of(question)
        answer = answers.own[node]
        sure = 1.0
        if self._stated is not None and answer is not None:
            sure = self._stated.of(node, question, self._same(answer, answers.truth))
        if self._calls is None:
            return Proposed(answer=answer, confidence=sure)
        call = self._calls.proposal(node, question)
        return Proposed(answer=answer, confidence=sure, latency_s=call.latency_s, tokens=call.tokens, cost=call.cost)

    def judge(self, node: int, question: int, answer: str, wording: str = "") -> Judged:
        """Let the node's validator judge an answer to the question."""
        answers = self._of(question)
        before = self._said.get((node, question, answer))
        if before is None:
            verdict = self._verdicts.first(node, question, answers, answer)
        else:
            verdict = self._verdicts.again(node, question, answers, answer, before)
        self._said[node, question, answer] = verdict
        if self._calls is None:
            return _AT_ONCE[verdict]
        call = self._calls.verdict(node, question)
        return Judged(verdict=verdict, latency_s=call.latency_s, tokens=call.tokens, cost=call.cost)

    def _of(self, question: int) -> Answers:
        held = self._answers.get(question)
        if held is None:
            held = self._draws.answers(question)
            self._answers[question] = held
        return held
