"""A panel put together from its parts: what validators answer, how they check, how long they take, and more.

That is how sure they say they are, whether they debate first, whether texts lead them, and how often calls fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bft.core.verdict import Verdict
from bft.randomness import Randomness
from bft.validators.answers import AnswerModel, Answers, Codes
from bft.validators.confidence import ConfidenceLaw
from bft.validators.debate import Debate
from bft.validators.debate_law import DebateLaw
from bft.validators.injection import Readers
from bft.validators.judge import Check, SameAnswerCheck
from bft.validators.latency import AT_ONCE, Call, LatencyLaw
from bft.validators.panel import NO_VOICES, Judged, Proposed, Voice
from bft.validators.timeouts import Timeouts

_AT_ONCE = {verdict: Judged(verdict=verdict) for verdict in Verdict}

QUESTIONS_HELD = 1 << 10
"""Questions that a panel remembers, the latest. Answers and first verdicts of an older one are found again where they
were drawn; only whether it was asked before, and that its debate is over, is forgotten."""


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
    debate : DebateLaw or None
        How they change their answers before they are asked for them.
    injected : tuple of float or None
        Each node's probability of obeying an instruction in what it judges.
    timeouts : (tuple of float, float) or None
        Each node's probability that a call never answers, and after how many seconds it is given up; in a debate that
        goes for the calls of each round.
    """

    answers: AnswerModel
    check: Check
    latency: LatencyLaw | None = None
    confidence: ConfidenceLaw | None = None
    debate: DebateLaw | None = None
    injected: tuple[float, ...] | None = None
    timeouts: tuple[tuple[float, ...], float] | None = None

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Return codes of the panel's answers to other questions than those asked, shape (questions, n)."""
        return self.answers.training(randomness, questions)

    def panel(
        self,
        randomness: Randomness,
        replication: int,
        voices: Mapping[int, Voice] = NO_VOICES,
        now: Callable[[], float] = float,
    ) -> ComposedPanel:
        """Return the validators of one replication."""
        return ComposedPanel(self, randomness, replication, voices, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spent:
    """What a consultation took."""

    latency_s: float
    tokens: int
    cost: float
    calls: int


class ComposedPanel:
    """The validators of one replication."""

    def __init__(
        self,
        model: ComposedModel,
        randomness: Randomness,
        replication: int,
        voices: Mapping[int, Voice],
        now: Callable[[], float],
    ) -> None:
        address = (randomness, replication)
        self._draws = model.answers.draws(*address)
        self._verdicts = model.check.verdicts(model.answers, *address)
        self._compares = isinstance(model.check, SameAnswerCheck)
        self._same = model.answers.same
        self._stated = None if model.confidence is None else model.confidence.stated(*address)
        self._calls = None if model.latency is None else model.latency.calls(*address)
        self._debate = (
            None
            if model.debate is None
            else Debate(model.debate, self._same, model.answers.n, *address, voices, timeouts=model.timeouts)
        )
        self._readers = None if model.injected is None else Readers(model.injected, *address)
        self._timeouts = None if model.timeouts is None else Timeouts(*model.timeouts, *address)
        self._now = now
        self._answers: dict[int, Answers] = {}
        self._said: dict[int, dict[tuple[int, str], Verdict]] = {}

    @property
    def obeyed(self) -> Mapping[str, int]:
        """How often a judge accepted because a text told it to, by text."""
        return {} if self._readers is None else self._readers.obeyed

    def truth(self, question: int) -> str:
        """Return the right answer."""
        return self._of(question).truth

    def own_answer(self, node: int, question: int) -> str | None:
        """Return the answer the node's validator would give by itself, or None; after the debate if there is one."""
        return self._of(question).own[node]

    def wrong_answer(self, node: int, question: int) -> str:
        """Return an answer that is certainly wrong, the node's own where that is wrong."""
        return self._of(question).wrong[node]

    def propose(self, node: int, question: int) -> Proposed:
        """Let the node's validator answer the question."""
        if self._debate is None and self._timeouts is not None and self._timeouts.next(node):
            return Proposed(answer=None, latency_s=self._timeouts.after_s)
        answers = self._of(question)
        answer = answers.own[node]
        sure = 1.0
        if self._stated is not None and answer is not None:
            sure = self._stated.of(node, question, self._same(answer, answers.truth))
        if self._debate is None and self._calls is None:
            return Proposed(answer=answer, confidence=sure)
        own = () if self._debate is not None or self._calls is None else (self._calls.proposal(node, question),)
        spent = self._spent(node, question, own)
        return Proposed(
            answer=answer,
            confidence=sure,
            latency_s=spent.latency_s,
            tokens=spent.tokens,
            cost=spent.cost,
            calls=spent.calls,
        )

    def judge(self, node: int, question: int, answer: str, wording: str = "") -> Judged:
        """Let the node's validator judge an answer to the question."""
        asked = self._debate is None or not self._compares
        if asked and self._timeouts is not None and self._timeouts.next(node):
            return Judged(verdict=Verdict.UNSURE, latency_s=self._timeouts.after_s)
        verdict = self._verdict(node, question, answer, wording)
        if self._debate is None and self._calls is None:
            return _AT_ONCE[verdict]
        own: tuple[Call, ...] = ()
        if asked:  # else it compares with what it said last: no further call
            own = (AT_ONCE if self._calls is None else self._calls.verdict(node, question),)
        spent = self._spent(node, question, own)
        return Judged(
            verdict=verdict,
            latency_s=spent.latency_s,
            tokens=spent.tokens,
            cost=spent.cost,
            calls=spent.calls,
        )

    def _verdict(self, node: int, question: int, answer: str, wording: str) -> Verdict:
        """Return what the node says; it is remembered, since asked again it may say something else."""
        answers = self._of(question)
        said = self._said[question]
        before = said.get((node, answer))
        if self._readers is not None and self._readers.obeys(node, question, wording):
            verdict = Verdict.ACCEPT
        elif before is None:
            verdict = self._verdicts.first(node, question, answers, answer)
        else:
            verdict = self._verdicts.again(node, question, answers, answer, before)
        said[node, answer] = verdict
        return verdict

    def _spent(self, node: int, question: int, own: tuple[Call, ...]) -> _Spent:
        """Return what it takes until the debate is over, if there is one, and for the node's own calls after it."""
        wait_s = 0.0
        calls = own
        if self._debate is not None:
            now_s = self._now()
            self._debate.begin(question, now_s, self._calls)
            wait_s = self._debate.left_s(node, question, now_s)
            calls = (*self._debate.paid(node, question), *own)
        return _Spent(
            latency_s=wait_s + sum(call.latency_s for call in own),
            tokens=sum(call.tokens for call in calls),
            cost=sum(call.cost for call in calls),
            calls=len(calls),
        )

    def _of(self, question: int) -> Answers:
        held = self._answers.get(question)
        if held is None:
            held = self._draws.answers(question)
            if self._debate is not None:
                held = self._debate.settle(question, held)
            self._answers[question] = held
            self._said[question] = {}
            if len(self._answers) > QUESTIONS_HELD:
                self._forget(next(iter(self._answers)))
        return held

    def _forget(self, question: int) -> None:
        del self._answers[question], self._said[question]
        if self._debate is not None:
            self._debate.forget(question)
