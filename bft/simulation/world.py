"""What validators would say: the adversary's knowledge, and the judge of what is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from bft.core.request import Proposal, Request, RequestKey
from bft.membership.instance import ANSWER
from bft.membership.machine import is_membership
from bft.validators.composed import QUESTIONS_HELD
from bft.validators.panel import Panel

OTHERWISE = "otherwise"
"""What somebody faulty may say to a request about members; it makes no difference."""


class Questions(Protocol):
    """Says which question a request asks."""

    def __getitem__(self, key: RequestKey) -> int:
        """Return the number of the question."""


class PanelWorld:
    """A panel seen through requests instead of question numbers."""

    def __init__(self, panel: Panel, questions: Questions) -> None:
        self._panel = panel
        self._questions = questions
        self._popular: dict[RequestKey, str] = {}

    def own_answer(self, node: int, request: Request) -> str | None:
        """Return the answer that a node's validator would give."""
        if is_membership(request):
            return ANSWER
        return self._panel.own_answer(node, self._questions[request.key])

    def wrong_answer(self, node: int, request: Request) -> str:
        """Return a wrong answer, the node's own where that is wrong."""
        if is_membership(request):
            return OTHERWISE
        return self._panel.wrong_answer(node, self._questions[request.key])

    def popular_wrong_answer(self, request: Request, nodes: Sequence[int]) -> str:
        """Return the wrong answer most common among `nodes`; among equally common ones the first in the alphabet."""
        if is_membership(request):
            return OTHERWISE
        if request.key not in self._popular:
            question = self._questions[request.key]
            truth = self._panel.truth(question)
            own = Counter(self._panel.own_answer(node, question) for node in nodes)
            wrong = {answer: count for answer, count in own.items() if answer is not None and answer != truth}
            most = max(wrong.values(), default=0)
            popular = [answer for answer, count in wrong.items() if count == most]
            self._popular[request.key] = min(popular, default=self._panel.wrong_answer(0, question))
        popular_answer = self._popular[request.key]
        if len(self._popular) > QUESTIONS_HELD:  # what is forgotten is found again when somebody asks
            del self._popular[next(iter(self._popular))]
        return popular_answer

    def is_right(self, proposal: Proposal) -> bool | None:
        """Return whether a proposal's answer is right; None without ground truth."""
        if proposal.request is None or is_membership(proposal.request):
            return None
        truth = self._panel.truth(self._questions[proposal.request.key])
        return None if truth is None else proposal.answer == truth
