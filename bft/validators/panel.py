"""What a validator is to the rest: it proposes answers and judges those of others.

A panel holds the validators of one replication, one per node. The protocol never calls it: the host does, when a
replica asks for a proposal or a verdict, and hands the result back when the latency has passed. Safety never depends
on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from bft.core.verdict import Verdict
from bft.randomness import Randomness
from bft.validators.answers import Codes

Voice: TypeAlias = Literal["own", "silent", "popular_wrong", "wrong"]
"""What a faulty node says: its validator's answer, nothing, the honest nodes' most popular wrong one, a wrong one."""

NO_VOICES: Mapping[int, Voice] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What a validator proposes: an answer, or None when it has none to give, and how sure it says it is."""

    answer: str | None
    confidence: float = 1.0
    latency_s: float = 0.0
    tokens: int = 0
    cost: float = 0.0
    calls: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a validator says of another's answer."""

    verdict: Verdict
    latency_s: float = 0.0
    tokens: int = 0
    cost: float = 0.0
    calls: int = 1


class Panel(Protocol):
    """The validators of one replication; questions are numbered by request, nodes from 0."""

    def truth(self, question: int) -> str | None:
        """Return the right answer, or None where no ground truth exists."""

    def own_answer(self, node: int, question: int) -> str | None:
        """Return the answer the node's validator would give by itself, or None."""

    def propose(self, node: int, question: int) -> Proposed:
        """Let the node's validator answer the question."""

    def judge(self, node: int, question: int, answer: str, wording: str = "") -> Judged:
        """Let the node's validator judge an answer to the question; `wording` is what else its text says."""

    def wrong_answer(self, node: int, question: int) -> str:
        """Return an answer to the question that is certainly wrong, the node's own where that is wrong."""


class PanelModel(Protocol):
    """Makes the panel of each replication; built once from a scenario's settings."""

    def panel(
        self,
        randomness: Randomness,
        replication: int,
        voices: Mapping[int, Voice] = NO_VOICES,
        now: Callable[[], float] = float,
    ) -> Panel:
        """Return the validators of one replication.

        Parameters
        ----------
        randomness : Randomness
            All that they draw.
        replication : int
            Which.
        voices : mapping of int to Voice
            What the faulty nodes say in debates; all others are honest.
        now : callable
            The clock from which debates take their time, in seconds.
        """

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Return codes of the answers of the `n` validators to other questions than those asked."""
