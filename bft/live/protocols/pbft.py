"""PBFT, as the host sees it: a view takes two calls, and calls have deadlines, so that no timeout need grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, RequestKey
from bft.core.signatures import Keyring
from bft.live.diversity import Diversity
from bft.live.pbft_validators import PbftValidators
from bft.live.rule_settings import ConsensusRule
from bft.live.rules import RETRANSMIT_S, Proof, Rule, Stored, Timing
from bft.live.views import told
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.config import VIEW_TIMER
from bft.protocols.pbft.events import ViewChangeStarted, ViewEntered
from bft.protocols.pbft.messages import MESSAGES, Commit, Decision, Held, PreparedCertificate, well_formed


def rule_of(settings: ConsensusRule, system: QuorumSystem, diversity: Diversity | None = None) -> Rule:
    """Return PBFT; of how many providers or models votes are is not counted with them."""
    del settings, diversity

    def make_replica(node: int, timing: Timing, keyring: Keyring) -> Replica:
        config = PbftConfig(
            system=system,
            view_timeout_s=timing.view_timeout_s,
            timeout_growth=1.0,  # a view takes two calls, and calls have deadlines: there is no unknown delay to find
            views=timing.views,
            retransmit_s=RETRANSMIT_S,
        )
        return PbftReplica(node, config, keyring)

    def decides(answer: str, votes: Sequence[Any]) -> bool:
        del answer  # all votes are for the digest in which it is
        sound = all(well_formed(vote) and vote.replica < system.n for vote in votes)
        return sound and system.weight({vote.replica for vote in votes}) >= system.quorum

    return Rule(
        messages=(*MESSAGES, Proposal, PreparedCertificate, Decision, Held),
        make_replica=make_replica,
        proof=_proof,
        vote=Commit,
        decides=decides,
        replies=system.quorum,
        impatient_timers=(VIEW_TIMER,),
        moved=(ViewChangeStarted, ViewEntered),
        validators=PbftValidators,
        roles=("propose", "check"),
        told=told,
    )


def _proof(stored: Sequence[Stored], key: RequestKey) -> Proof | None:
    for value in (value for each in stored for value in each.values()):
        if isinstance(value, Decision) and value.proposal.request is not None and value.proposal.request.key == key:
            return Proof(view=value.view, seq=value.seq, proposal=value.proposal, votes=value.commits)
    return None
