"""Validators that lie. The replica is honest, so safety stands; what is agreed may be wrong, or never agreed.

They state whatever confidence serves them: 1.0 unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bft.adversary.node import FaultyNode, Feed, Started
from bft.core.effects import RequestProposal, RequestVerdict
from bft.core.inputs import Input, ProposalReady, VerdictReady
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value

HIGHEST_CONFIDENCE = 1.0


def check_confidence(confidence: float | None) -> None:
    """Refuse a stated confidence that is none."""
    if confidence is not None and not 0.0 <= confidence <= 1.0:
        raise ScenarioError(bad_value("faults.behaviour.confidence", confidence, "must be between 0 and 1"))


def stated(confidence: float | None) -> float:
    """Return what a liar says."""
    return HIGHEST_CONFIDENCE if confidence is None else confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """The validator proposes a wrong answer, accepts wrong ones and rejects right ones.

    Attributes
    ----------
    confidence : float, optional
        How sure it says it is; by default 1.0.
    """

    byzantine: ClassVar[bool] = False
    memoryless: ClassVar[bool] = True
    only_validator: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("answers", "verdicts")
    voice: ClassVar[str] = "wrong"
    confidence: float | None = None

    def __post_init__(self) -> None:
        check_confidence(self.confidence)

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Answer the replica's questions to its validator with lies."""
        del now, event
        bent: list[object] = []
        for effect in effects:
            if isinstance(effect, RequestProposal):
                node.count("lies proposed")
                answer = node.world.wrong_answer(node.id, effect.request)
                bent.append(
                    Feed(ProposalReady(effect.view, effect.request, answer, confidence=stated(self.confidence)))
                )
            elif isinstance(effect, RequestVerdict):
                node.count("lies in verdicts")
                verdict = Verdict.REJECT if node.world.is_right(effect.proposal) else Verdict.ACCEPT
                bent.append(Feed(VerdictReady(effect.view, effect.seq, effect.digest, verdict)))
            else:
                bent.append(effect)
        return bent


@dataclass(frozen=True, slots=True, kw_only=True)
class Collude:
    """All colluders propose and accept one wrong answer: the one most popular among the honest validators.

    Attributes
    ----------
    confidence : float, optional
        How sure they say they are; by default 1.0.
    """

    byzantine: ClassVar[bool] = False
    memoryless: ClassVar[bool] = True
    only_validator: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("answers", "verdicts")
    voice: ClassVar[str] = "popular_wrong"
    confidence: float | None = None

    def __post_init__(self) -> None:
        check_confidence(self.confidence)

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Answer the replica's questions to its validator in favour of the common wrong answer."""
        del now, event
        return favour_popular_wrong(node, effects, stated(self.confidence), "")


def favour_popular_wrong(
    node: FaultyNode, effects: Sequence[object], confidence: float, wording: str
) -> Iterable[object]:
    """Answer the replica's questions in favour of one wrong answer, whose text says something besides."""
    bent: list[object] = []
    for effect in effects:
        if isinstance(effect, RequestProposal):
            node.count("lies proposed")
            answer = node.world.popular_wrong_answer(effect.request, node.coalition.honest)
            bent.append(Feed(ProposalReady(effect.view, effect.request, answer, wording, confidence)))
        elif isinstance(effect, RequestVerdict) and effect.proposal.request is not None:
            node.count("lies in verdicts")
            answer = node.world.popular_wrong_answer(effect.proposal.request, node.coalition.honest)
            verdict = Verdict.ACCEPT if effect.proposal.answer == answer else Verdict.REJECT
            bent.append(Feed(VerdictReady(effect.view, effect.seq, effect.digest, verdict)))
        else:
            bent.append(effect)
    return bent
