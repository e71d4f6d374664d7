"""Validators that lie. The replica is honest, so safety stands; what is agreed may be wrong, or never agreed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bft.adversary.node import FaultyNode, Feed, Started
from bft.core.effects import RequestProposal, RequestVerdict
from bft.core.inputs import Input, ProposalReady, VerdictReady
from bft.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Lie:
    """The validator proposes a wrong answer, accepts wrong ones and rejects right ones."""

    byzantine: ClassVar[bool] = False
    only_validator: ClassVar[bool] = True

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Answer the replica's questions to its validator with lies."""
        del now, event
        bent: list[object] = []
        for effect in effects:
            if isinstance(effect, RequestProposal):
                node.count("lies proposed")
                answer = node.world.wrong_answer(node.id, effect.request)
                bent.append(Feed(ProposalReady(effect.view, effect.request, answer)))
            elif isinstance(effect, RequestVerdict):
                node.count("lies in verdicts")
                verdict = Verdict.REJECT if node.world.is_right(effect.proposal) else Verdict.ACCEPT
                bent.append(Feed(VerdictReady(effect.view, effect.seq, effect.digest, verdict)))
            else:
                bent.append(effect)
        return bent


@dataclass(frozen=True, slots=True)
class Collude:
    """All colluders propose and accept one wrong answer: the one most popular among the honest validators."""

    byzantine: ClassVar[bool] = False
    only_validator: ClassVar[bool] = True

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Answer the replica's questions to its validator in favour of the common wrong answer."""
        del now, event
        bent: list[object] = []
        for effect in effects:
            if isinstance(effect, RequestProposal):
                node.count("lies proposed")
                answer = node.world.popular_wrong_answer(effect.request, node.coalition.honest)
                bent.append(Feed(ProposalReady(effect.view, effect.request, answer)))
            elif isinstance(effect, RequestVerdict) and effect.proposal.request is not None:
                node.count("lies in verdicts")
                answer = node.world.popular_wrong_answer(effect.proposal.request, node.coalition.honest)
                verdict = Verdict.ACCEPT if effect.proposal.answer == answer else Verdict.REJECT
                bent.append(Feed(VerdictReady(effect.view, effect.seq, effect.digest, verdict)))
            else:
                bent.append(effect)
        return bent
