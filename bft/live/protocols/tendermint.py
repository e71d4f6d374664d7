"""Tendermint, as the host sees it.

All nodes are in one process: only calls take time. So timeoutPropose is that of a view, of two calls; timeoutPrevote
waits for the judges that are still at it; and a short timeoutPrecommit lets the next member propose. A member whose
call failed prevotes nil, and is not asked again about the same answer. Who has seen a polka stands by it
(`follow_polka`): else whoever rejected the answer could never execute what was decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, RequestKey
from bft.core.signatures import Keyring
from bft.core.verdict import Verdict
from bft.live.diversity import Diversity
from bft.live.pbft_validators import PbftValidators
from bft.live.rule_settings import ConsensusRule
from bft.live.rules import RETRANSMIT_S, Proof, Rule, Stored, Timing
from bft.live.views import told
from bft.protocols.tendermint import TendermintConfig, TendermintReplica
from bft.protocols.tendermint.config import PREVOTE_TIMER, PROPOSE_TIMER
from bft.protocols.tendermint.events import RoundStarted
from bft.protocols.tendermint.messages import MESSAGES, Decision, Held, Polka, Precommit, well_formed

PRECOMMIT_S = 0.1


def rule_of(settings: ConsensusRule, system: QuorumSystem, diversity: Diversity | None = None) -> Rule:
    """Return Tendermint; of how many providers or models votes are is not counted with them."""
    del settings, diversity

    def make_replica(node: int, timing: Timing, keyring: Keyring) -> Replica:
        config = TendermintConfig(
            system=system,
            propose_s=timing.view_timeout_s,
            prevote_s=timing.view_timeout_s / 2.0,
            precommit_s=PRECOMMIT_S,
            delta_s=0.0,  # calls have deadlines: there is no unknown delay to find
            views=timing.views,
            retransmit_s=RETRANSMIT_S,
            follow_polka=True,
        )
        return TendermintReplica(node, config, keyring)

    def decides(answer: str, votes: Sequence[Any]) -> bool:
        del answer  # all votes are for the digest in which it is
        sound = all(well_formed(vote) and 0 <= vote.replica < system.n for vote in votes)
        return sound and system.weight({vote.replica for vote in votes}) >= system.quorum

    return Rule(
        messages=(*MESSAGES, Proposal, Polka, Decision, Held),
        make_replica=make_replica,
        proof=_proof,
        vote=Precommit,
        decides=decides,
        replies=system.quorum,
        unsaid=Verdict.UNSURE,
        impatient_timers=(PROPOSE_TIMER, PREVOTE_TIMER),
        entered=(RoundStarted,),
        validators=PbftValidators,
        roles=("propose", "check"),
        told=told,
    )


def _proof(stored: Sequence[Stored], key: RequestKey) -> Proof | None:
    for value in (value for each in stored for value in each.values()):
        if isinstance(value, Decision) and value.proposal.request is not None and value.proposal.request.key == key:
            return Proof(view=value.round, seq=value.height, proposal=value.proposal, votes=value.precommits)
    return None
