"""Validators that say what a live panel said: answers, verdicts and latencies of its record, under today's faults.

For each question asked one of the record is drawn. A member proposes what it answered then; it judges as it judged
then, and what it was not shown then by its own answer: the same is accepted, another rejected; without an own answer
it is unsure. A member that was never asked for an answer has none. So the fuller the record, the more can be said: of
a panel whose members all answer (`check = "same_answer"`, or `Panel.survey`) everything is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np

from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats, Randomness
from bft.validators.answers import Codes
from bft.validators.canonical import canonical
from bft.validators.draws import QuestionDraws
from bft.validators.panel import Judged, Proposed
from bft.validators.panel_record import RecordedCall, RecordedQuestion
from bft.validators.recorded import PURPOSE

_CUT_OFF = "cancelled"


class ReplayedModel:
    """Makes the panel of each replication.

    Parameters
    ----------
    questions : sequence of RecordedQuestion
        All put to the same panel.
    latency : bool
        Whether calls take as long as they took.
    """

    def __init__(self, questions: Sequence[RecordedQuestion], *, latency: bool = True) -> None:
        self.n = len(questions[0].models)
        usual_s = {
            (node, role): _usual_s(questions, node, role) for node in range(self.n) for role in ("answer", "judge")
        }
        self.scripts = tuple(Script(question, usual_s if latency else None) for question in questions)

    def panel(self, randomness: Randomness, replication: int) -> ReplayedPanel:
        """Return the validators of one replication."""
        return ReplayedPanel(self, QuestionDraws(randomness, PURPOSE, (1,), replication, self._prepare))

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Refuse: which of the answers of a live panel were right is not recorded.

        Raises
        ------
        ScenarioError
            Always.
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
    """

    def __init__(self, question: RecordedQuestion, usual_s: dict[tuple[int, str], float] | None) -> None:
        n = len(question.models)
        self._usual_s = usual_s
        self._spelling: dict[str | None, str] = {}
        self.truth = None if question.gold is None else self._spelt(question.gold)
        self.own = tuple(self._spelt(question.own_answer(node)) for node in range(n))
        wrong = Counter(answer for answer in self.own if answer is not None and answer != self.truth)
        popular = max(sorted(wrong), key=lambda answer: wrong[answer], default=None)
        unheard_of = f"not {self.truth or question.decided or 'so'}"
        self.wrong = tuple(
            (popular or unheard_of) if own is None or own == self.truth or self.truth is None else own
            for own in self.own
        )
        if self.truth is None:  # nothing is certainly wrong but what nobody said
            self.wrong = (unheard_of,) * n
        self._answered = {call.node: call for call in question.calls if call.role == "answer"}
        self._judged = {
            (call.node, canonical(call.proposal)): call
            for call in question.calls
            if call.role == "judge" and call.failure != _CUT_OFF
        }

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

    def _verdict(self, call: RecordedCall | None, node: int, answer: str) -> Verdict:
        if call is not None:
            return Verdict.UNSURE if call.verdict is None else Verdict(call.verdict)
        own = self.own[node]
        if own is None:
            return Verdict.UNSURE
        return Verdict.ACCEPT if canonical(own) == canonical(answer) else Verdict.REJECT

    def _took(self, call: RecordedCall | None, node: int, role: str) -> tuple[float, int, float]:
        if call is not None and call.failure != _CUT_OFF:
            return (0.0 if self._usual_s is None else call.latency_s), call.tokens, call.cost
        return (0.0 if self._usual_s is None else self._usual_s[node, role]), 0, 0.0


class ReplayedPanel:
    """The validators of one replication."""

    __slots__ = ("_draws", "_model")

    def __init__(self, model: ReplayedModel, draws: QuestionDraws) -> None:
        self._model = model
        self._draws = draws

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
        return self._of(question).propose(node)

    def judge(self, node: int, question: int, answer: str, wording: str = "") -> Judged:
        """Let the node's validator judge an answer to the question; what else its text says was not recorded."""
        return self._of(question).judge(node, answer)

    def _of(self, question: int) -> Script:
        return self._model.scripts[int(self._draws.row(question)[0])]


def _usual_s(questions: Iterable[RecordedQuestion], node: int, role: str) -> float:
    """Return the median latency of a node's calls; where it made none of this role, of all its calls."""
    own = [call for question in questions for call in question.calls if call.node == node and call.failure != _CUT_OFF]
    took = [call.latency_s for call in own if call.role == role] or [call.latency_s for call in own]
    return median(took) if took else 0.0
