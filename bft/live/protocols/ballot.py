"""Ballots, as the host sees them: the replicas of the simulation, and the proof that their votes are.

A poll is closed by the panel, not by the replicas: whoever has no answer when its time is up signs an abstention. So
every vote is there at the end, and each decision carries votes with which the rule decides whatever the missing say. A
judgement that failed is no approval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, Request, RequestKey
from bft.core.signatures import Keyring
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value
from bft.live.ballot_validators import COUNTING_S, BallotValidators, told
from bft.live.diversity import Diversity
from bft.live.rule_settings import BallotRule, counting
from bft.live.rules import RETRANSMIT_S, Proof, Rule, Stored, Timing
from bft.protocols.ballot import BallotConfig, BallotReplica
from bft.protocols.ballot.events import BallotUndecided
from bft.protocols.ballot.messages import Approve, Ask, Cast, Certificate, vote_of, well_formed
from bft.protocols.ballot.state import FIRST, ROUND
from bft.validators.rule_settings import judged
from bft.voting import decided


def rule_of(settings: BallotRule, system: QuorumSystem, diversity: Diversity | None = None) -> Rule:
    """Return a ballot that is counted by a rule, which may ask of how many providers or models its votes are.

    Raises `ScenarioError` if the rule cannot be had with this panel.
    """
    counted = counting(settings, system)
    if diversity is not None and len(diversity.groups) != system.n:
        raise ScenarioError(bad_value("groups", len(diversity.groups), f"must be {system.n}, one for each member"))
    rule = counted if diversity is None else diversity.within(counted)

    def make_replica(node: int, timing: Timing, keyring: Keyring) -> Replica:
        config = BallotConfig(
            system=system,
            rule=rule,
            deadline_s=2.0 * timing.deadline_s,  # never: see the top of this file
            retransmit_s=RETRANSMIT_S,
            judged=judged(rule),
        )
        return BallotReplica(node, config, keyring)

    def decides(answer: str, votes: Sequence[Any]) -> bool:
        heard = {vote.replica for vote in votes}
        missing = [node for node in range(system.n) if node not in heard]
        sound = all(well_formed(vote, system.n) for vote in votes)
        return sound and rule.standing([vote_of(vote) for vote in votes], missing) == decided(answer)

    return Rule(
        messages=(Request, Cast, Approve, Ask, Certificate),
        make_replica=make_replica,
        proof=_proof,
        vote=Approve if judged(rule) else Cast,
        author=Cast,
        decides=decides,
        place=(ROUND, FIRST),
        replies=1,  # the proof is whole, whoever shows it
        unsaid=Verdict.UNSURE,
        undecided=(BallotUndecided,),
        validators=BallotValidators,
        roles=("poll", "judge"),
        told=told,
        counting_s=COUNTING_S,
    )


def _proof(stored: Sequence[Stored], key: RequestKey) -> Proof | None:
    """Find a proved decision; its words are those of the lowest-numbered node that gave the answer."""
    for each in stored:
        decision = each.get(("decision", 0))
        certificate = decision[1] if isinstance(decision, tuple) else None
        if not isinstance(certificate, Certificate) or certificate.request.key != key:
            continue
        said = [known for own in stored if isinstance(known := own.get(("cast", 0)), Cast)]
        author = next(cast for cast in said if cast.answer == certificate.answer)
        proposal = Proposal(request=certificate.request, answer=certificate.answer, wording=author.wording)
        return Proof(view=ROUND, seq=FIRST, proposal=proposal, votes=certificate.votes, author=author)
    return None
