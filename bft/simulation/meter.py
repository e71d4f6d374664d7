"""What the panel of one run was asked: calls, tokens, cost, and which calls nobody needed any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.clock import Clock
from bft.validators.panel import Judged, Panel, Proposed


class MeteredPanel:
    """A panel that counts its calls.

    Parameters
    ----------
    panel : Panel
        Whom to ask.
    clock : Clock
        Tells the time.
    times : bool
        Whether to keep when each answer was there, without which nothing is known of what was saved.

    Attributes
    ----------
    count : int
        How many calls there were.
    calls : list of (int, float)
        The node of every call, and when its answer was there.
    tokens : int
        Tokens written.
    cost : float
        What they cost.
    """

    def __init__(self, panel: Panel, clock: Clock, *, times: bool = True) -> None:
        self._panel = panel
        self._clock: Any = clock
        self._times = times
        self.truth = panel.truth
        self.own_answer = panel.own_answer
        self.wrong_answer = panel.wrong_answer
        self.count = 0
        self.calls: list[tuple[int, float]] = []
        self.tokens = 0
        self.cost = 0.0

    def propose(self, node: int, question: int) -> Proposed:
        """Let the node's validator answer the question."""
        proposed = self._panel.propose(node, question)
        self._count(node, proposed)
        return proposed

    def judge(self, node: int, question: int, answer: str, wording: str = "") -> Judged:
        """Let the node's validator judge an answer to the question."""
        judged = self._panel.judge(node, question, answer, wording)
        self._count(node, judged)
        return judged

    def _count(self, node: int, call: Proposed | Judged) -> None:
        calls = call.calls
        self.count += calls
        if calls and self._times:
            now_s = self._clock._now
            if calls > 1:  # all but the last, such as the rounds of a debate, were answered on the way
                self.calls += [(node, now_s)] * (calls - 1)
            self.calls.append((node, now_s + call.latency_s))
        if call.tokens:
            self.tokens += call.tokens
        if call.cost:
            self.cost += call.cost

    def saved(self, settled_s: Mapping[int, float]) -> int:
        """Return how many calls were not answered yet when nothing depended on them any more.

        Parameters
        ----------
        settled_s : mapping of int to float
            When each node knew the result, or that there is none; of the others all calls were needed.
        """
        return sum([node in settled_s and answered_s > settled_s[node] for node, answered_s in self.calls])
