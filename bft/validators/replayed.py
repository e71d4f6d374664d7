"""Validators that say what a live panel said: answers, verdicts and latencies of its record, under today's faults.

For each question asked one of the record is drawn. A member proposes what it answered then; it judges as it judged
then, and what it was not shown then by its own answer: the same is accepted, another rejected; without an own answer
it is unsure. A call that failed, or whose reply nobody could read, is an abstention.

A call that was cancelled, or never made, is none: nobody knows what it would have said. What a replay asks of such
calls is counted (`ReplayedPanel.lacked`) and filled in one of three ways (`FILLINGS`), between which the truth lies for
rules in which more votes never harm an answer. The fuller the record, the more can be said: of a panel whose members
all answer (`check = "same_answer"`, `Panel.survey`, `finish = true`) everything is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

import numpy as np

from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats, Randomness
from bft.validators.answers import Codes
from bft.validators.canonical import canonical
from bft.validators.draws import QuestionDraws
from bft.validators.panel import NO_VOICES, Judged, Proposed, Voice
from bft.validators.panel_record import RecordedCall, RecordedQuestion
from bft.validators.recorded import PURPOSE

Filling: TypeAlias = Literal["abstain", "right", "wrong"]
FILLINGS: tuple[Filling, ...] = ("abstain", "right", "wrong")
"""What unknown calls are taken for: abstentions; the right answer (where none is known the panel's) and verdicts by it;
the members' most frequent wrong answer, and verdicts that accept everything but the right one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LackedCall:
    """A call that a replay needs and the record does not hold.

    Attributes
    ----------
    question : str
        The question's name.
    node : int
        Who would have been asked.
    proposal : str or None
        What it would have judged; None: it would have answered.
    cancelled : bool
        Whether the call was made and cut off.
    """

    question: str
    node: int
    proposal: str | None
    cancelled: bool

    def __str__(self) -> str:
        what = "answer" if self.proposal is None else f"verdict on {self.proposal!r}"
        return f"the {what} of node {self.node}, {'cancelled' if self.cancelled else 'never asked for'}"


class ReplayedModel:
    """Makes the panel of each replication.

    Parameters
    ----------
    questions : sequence of RecordedQuestion
        All put to the same panel.
    latency : bool
        Whether calls take as long as they took.
    filling : {"abstain", "right", "wrong"}
        What calls are taken for that the record does not hold.
    """

    def __init__(
        self, questions: Sequence[RecordedQuestion], *, latency: bool = True, filling: Filling = "abstain"
    ) -> None:
        self.n = len(questions[0].models)
        usual_s = {
            (node, role): _usual_s(questions, node, role) for node in range(self.n) for role in ("answer", "judge")
        }
        self.scripts = tuple(Script(question, usual_s if latency else None, filling) for question in questions)

    def panel(
        self,
        randomness: Randomness,
        replication: int,
        voices: Mapping[int, Voice] = NO_VOICES,
        now: Callable[[], float] = float,
    ) -> ReplayedPanel:
        """Return the validators of one replication."""
        return ReplayedPanel(self, QuestionDraws(randomness, PURPOSE, (1,), replication, self._prepare))

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Refuse: which of the answers of a live panel were right is not recorded.

        Raises `ScenarioError` always.
        """
        raise ScenarioError(
            bad_value("validators.kind", "replayed", "has no questions with known answers to learn accuracies on")
        )

    def _prepare(self, uniforms: Floats) -> tuple[Codes]:
        """Turn uniforms of shape (questions, 1) into numbers of recorded questions, shape (questions,)."""
        return ((uniforms[:, 0] * len(self.scripts)).astype(np.intp),)


class Script:
    """What a panel said to one recorded question; answers that are the same are written alike.

    Parameters
    ----------
    question : RecordedQuestion
        What was said.
    usual_s : mapping or None
        How long a node's calls take where this one has no example; None: calls take no time.
    filling : {"abstain", "right", "wrong"}
        What calls are taken for that the record does not hold.
    """

    def __init__(
        self, question: RecordedQuestion, usual_s: dict[tuple[int, str], float] | None, filling: Filling = "abstain"
    ) -> None:
        nodes = range(len(question.models))
        self.id = question.id
        self._usual_s = usual_s
        self._filling = filling
        self._spelling: dict[str | None, str] = {}
        self.truth = None if question.gold is None else self._spelt(question.gold)
        self._right = self.truth if self.truth is not None else self._spelt(question.form or question.decided)
        self._unknown = frozenset(node for node in nodes if question.cut_off(node))
        given = [self._spelt(question.vote(node)) for node in nodes]
        wrong = Counter(answer for answer in given if answer is not None and answer != self._right)
        popular = max(sorted(wrong), key=lambda answer: wrong[answer], default=None)
        unheard_of = f"not {self._right or 'so'}"
        filled = {"abstain": None, "right": self._right, "wrong": popular or unheard_of}[filling]
        self.own = tuple(filled if node in self._unknown else given[node] for node in nodes)
        if self.truth is None:  # nothing is certainly wrong but what nobody said
            self.wrong = (unheard_of,) * len(nodes)
        else:
            self.wrong = tuple((popular or unheard_of) if own is None or own == self.truth else own for own in self.own)
        self._answered = {call.node: call for call in question.calls if call.role == "answer"}
        judged = {(call.node, canonical(call.proposal)): call for call in question.calls if call.role == "judge"}
        self._judged = {key: call for key, call in judged.items() if call.known}
        self._cut_off = judged.keys() - self._judged.keys()

    def _spelt(self, answer: str | None) -> str | None:
        return None if answer is None else self._spelling.setdefault(canonical(answer), answer)

    def propose(self, node: int) -> Proposed:
        """Return what a node answered."""
        call = self._answered.get(node)
        latency_s, tokens, cost = self._took(call, node, "answer")
        sure = 1.0 if call is None or call.confidence is None else call.confidence
        return Proposed(answer=self.own[node], confidence=sure, latency_s=latency_s, tokens=tokens, cost=cost)

    def judge(self, node: int, answer: str) -> Judged:
        """Return what a node said of an answer, or would have said by its own."""
        call = self._judged.get((node, canonical(answer)))
        latency_s, tokens, cost = self._took(call, node, "judge")
        return Judged(verdict=self._verdict(call, node, answer), latency_s=latency_s, tokens=tokens, cost=cost)

    def lacks(self, node: int, answer: str | None) -> LackedCall | None:
        """Return the call that is missing for an answer of a node, or for its verdict; None if it is there."""
        if node not in self._unknown:
            return None
        if answer is None:
            return LackedCall(question=self.id, node=node, proposal=None, cancelled=node in self._answered)
        key = (node, canonical(answer))
        if key in self._judged:
            return None
        return LackedCall(question=self.id, node=node, proposal=answer, cancelled=key in self._cut_off)

    def _verdict(self, call: RecordedCall | None, node: int, answer: str) -> Verdict:
        if call is not None:
            return Verdict.UNSURE if call.verdict is None else Verdict(call.verdict)
        if node in self._unknown and self._filling != "abstain":
            right = canonical(answer) == canonical(self._right)
            return Verdict.ACCEPT if right == (self._filling == "right") else Verdict.REJECT
        own = self.own[node]
        if own is None:
            return Verdict.UNSURE
        return Verdict.ACCEPT if canonical(own) == canonical(answer) else Verdict.REJECT

    def _took(self, call: RecordedCall | None, node: int, role: str) -> tuple[float, int, float]:
        """Return how long a call took, what it wrote and cost; one that was cut off takes at least until then."""
        if call is not None and call.known:
            return (0.0 if self._usual_s is None else call.latency_s), call.tokens, call.cost
        if self._usual_s is None:
            return 0.0, 0, 0.0
        return max(self._usual_s[node, role], 0.0 if call is None else call.latency_s), 0, 0.0


class ReplayedPanel:
    """The validators of one replication.

    Attributes
    ----------
    lacked : dict of LackedCall
        The calls that were asked for and are not in the record, in their order.
    """

    __slots__ = ("_draws", "_model", "lacked")

    def __init__(self, model: ReplayedModel, draws: QuestionDraws) -> None:
        self._model = model
        self._draws = draws
        self.lacked: dict[LackedCall, None] = {}

    def truth(self, question: int) -> str | None:
        """Return the right answer, or None where the record does not know it."""
        return self._of(question).truth

    def own_answer(self, node: int, question: int) -> str | None:
        """Return what the node answered by itself, or None."""
        return self._of(question).own[node]

    def wrong_answer(self, node: int, question: int) -> str:
        """Return a wrong answer: its own, else the panel's most frequent, else one that nobody gave."""
        return self._of(question).wrong[node]

    def propose(self, node: int, question: int) -> Proposed:
        """Let the node's validator answer the question."""
        script = self._of(question)
        self._note(script.lacks(node, None))
        return script.propose(node)

    def judge(self, node: int, question: int, answer: str, wording: str = "") -> Judged:
        """Let the node's validator judge an answer to the question; what else its text says was not recorded."""
        script = self._of(question)
        self._note(script.lacks(node, answer))
        return script.judge(node, answer)

    def _note(self, call: LackedCall | None) -> None:
        if call is not None:
            self.lacked[call] = None

    def _of(self, question: int) -> Script:
        return self._model.scripts[int(self._draws.row(question)[0])]


def _usual_s(questions: Iterable[RecordedQuestion], node: int, role: str) -> float:
    """Return the median latency of a node's calls; where it made none of this role, of all its calls."""
    own = [call for question in questions for call in question.calls if call.node == node and call.known]
    took = [call.latency_s for call in own if call.role == role] or [call.latency_s for call in own]
    return median(took) if took else 0.0
