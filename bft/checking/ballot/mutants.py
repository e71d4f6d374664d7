"""Seeded bugs of the ballot: one thing wrong in how votes are counted, kept, proved or remembered.

Most wrap a replica in a few lines; those of a rule replace it. One that breaks nothing says why in its `argument`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bft.checking import bent_replicas
from bft.checking.ballot.subject import MakeBallot, MakeRule, ballot
from bft.checking.seeded_bug import HARMLESS, LIVENESS, SAFETY, SeededBug
from bft.core.events import Equivocation
from bft.core.inputs import Deliver, Input, ProposalReady, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed, SymbolicKeyring
from bft.core.verdict import Verdict
from bft.protocols.ballot import BallotConfig, BallotReplica, counting
from bft.protocols.ballot.messages import Approve, Cast, Certificate
from bft.voting import Plurality, Quorum, Rule, Standing, Vote
from bft.voting import State as Ballot


def bug(
    name: str,
    make_replica: MakeBallot = BallotReplica,
    *,
    by: str = "quorum",
    rule: MakeRule | None = None,
    quorum: int | None = None,
    breaks: str = SAFETY,
    argument: str = "",
) -> SeededBug:
    """Return the ballot by a rule, with another rule or replica."""
    subject = partial(ballot, by, rule=rule, make_replica=make_replica)
    return SeededBug(name, subject, quorum=quorum, breaks=breaks, argument=argument)


# Rules that are wrong


@dataclass(frozen=True, slots=True)
class Bent:
    """A rule whose standing is bent afterwards, from the votes and who is missing."""

    right: Rule
    bend: Callable[[Rule, Sequence[Vote], Sequence[int]], Standing]

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return the bent standing."""
        return self.bend(self.right, votes, missing)


def _short_by_one(system: QuorumSystem) -> Rule:
    return Quorum(system=QuorumSystem.of(system.n, quorum=system.quorum - 1) if not system.weighted else system)


def _heads(system: QuorumSystem) -> Rule:
    return Quorum(system=QuorumSystem.of(system.n))


def _leader_wins(system: QuorumSystem) -> Rule:
    """Whoever is ahead wins, as if nobody else voted."""
    del system
    return Bent(Plurality(), lambda rule, votes, missing: rule.standing(votes, ()))  # noqa: ARG005


def _content_at_the_deadline(system: QuorumSystem) -> Rule:
    """Once nobody is missing any more, a plurality will do."""

    def bend(rule: Rule, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        return rule.standing(votes, missing) if missing else Plurality().standing(votes, ())

    return Bent(Quorum(system=system), bend)


def _gives_up_early(system: QuorumSystem) -> Rule:
    """Nothing can be decided as soon as two answers have votes."""

    def bend(rule: Rule, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        standing = rule.standing(votes, missing)
        disputed = len({vote.answer for vote in votes if vote.answer is not None}) > 1
        return Standing(Ballot.IMPOSSIBLE) if disputed and standing.state is Ballot.OPEN else standing

    return Bent(Quorum(system=system), bend)


# Replicas that are wrong


hearing = partial(bent_replicas.hearing, BallotReplica)
saying = partial(bent_replicas.saying, BallotReplica)
forgetting = partial(bent_replicas.forgetting, BallotReplica)
without_timer = partial(bent_replicas.without_timer, BallotReplica)


class BelievesCertificates(BallotReplica):
    """Follows a certificate without looking at it."""

    __slots__ = ()

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; of certificates only the answer is read."""
        state = self._state
        proof = event.message if isinstance(event, Deliver) else None
        if not isinstance(proof, Certificate) or state.request != proof.request or state.executed is not None:
            return super().step(now, event)
        counting.decide(state, proof.answer, proof)
        return super().step(now, event)


class TrustingRing:
    """Keys by which every vote was signed by whom it names."""

    def __init__(self, right: SymbolicKeyring) -> None:
        self._right = right

    def sign(self, body: Any) -> Any:
        """Sign as usual."""
        return self._right.sign(body)

    def verify(self, body: Signed) -> bool:
        """Look at the signatures of clients alone."""
        return isinstance(body, Cast | Approve) or self._right.verify(body)


def unsigned(replica: int, config: BallotConfig, keyring: SymbolicKeyring) -> BallotReplica:
    """Check no voter's signature."""
    return BallotReplica(replica, config, TrustingRing(keyring))


def _from_its_voter(_: BallotReplica, event: Any) -> Any:
    """Take a vote that was passed on for one that its voter sent."""
    vote = event.message if isinstance(event, Deliver) else None
    return Deliver(vote.replica, vote) if isinstance(vote, Cast) else event


def _any_question(replica: BallotReplica, event: Any) -> Any:
    """Take votes on another question for votes on one's own."""
    state = replica._state
    vote = event.message if isinstance(event, Deliver) else None
    if not isinstance(vote, Cast) or state.request is None or vote.replica != event.sender:
        return event
    return Deliver(event.sender, replace(vote, request=state.request))


def _latest_vote(replica: BallotReplica, event: Any) -> Any:
    """Let a voter's later vote take the place of its first."""
    state = replica._state
    vote = event.message if isinstance(event, Deliver) else None
    if isinstance(vote, Cast) and vote.replica == event.sender != state.id and state.executed is None:
        state.casts.pop(vote.replica, None)
    return event


def _second_counts_too(replica: BallotReplica, event: Any) -> Any:
    """File the second vote of a voter as if a missing one had cast it."""
    state = replica._state
    vote = event.message if isinstance(event, Deliver) else None
    if isinstance(vote, Cast) and state.request == vote.request and vote.replica == event.sender:
        held = state.casts.get(vote.replica)
        missing = [node for node in range(state.config.system.n) if node not in state.casts]
        if held is not None and held != vote and missing:
            state.casts[missing[0]] = vote
    return event


def _as_most_others(replica: BallotReplica, event: Any) -> Any:
    """Vote as most others have, whatever the own validator says."""
    state = replica._state
    said = [vote.answer for vote in state.casts.values() if vote.answer is not None]
    if isinstance(event, ProposalReady) and said:
        return replace(event, answer=max(sorted(set(said)), key=said.count))
    return event


def _accepts_all(_: BallotReplica, event: Any) -> Any:
    """Take every verdict for approval."""
    return replace(event, verdict=Verdict.ACCEPT) if isinstance(event, VerdictReady) else event


def _proof_kept(_: BallotReplica, effect: Any) -> Sequence[object]:
    """Decide, and keep the proof to oneself, here and when somebody asks."""
    return () if isinstance(getattr(effect, "message", None), Certificate) else (effect,)


def _evidence_kept(_: BallotReplica, effect: Any) -> Sequence[object]:
    """See that somebody votes twice, and say nothing."""
    return () if isinstance(effect, Equivocation) else (effect,)


def _proof_twice(_: BallotReplica, effect: Any) -> Sequence[object]:
    """Show every proof twice."""
    return (effect, effect) if isinstance(getattr(effect, "message", None), Certificate) else (effect,)


class AccusesRepetition(BallotReplica):
    """Takes a vote that comes twice for two votes."""

    __slots__ = ()

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; accuse whoever repeats itself."""
        vote = event.message if isinstance(event, Deliver) else None
        held = self._state.casts.get(vote.replica) if isinstance(vote, Cast) else None
        effects = super().step(now, event)
        if held is not None and held == vote:
            return [*effects, Equivocation(held.replica, held, vote)]
        return effects


COUNTING = (
    bug("quorum one short", rule=_short_by_one),
    bug("quorum of 2 at n = 4", quorum=2),
    bug("heads counted instead of stakes", rule=_heads),
    bug("whoever leads has won", rule=_leader_wins, by="plurality"),
    bug("plurality will do at the deadline", rule=_content_at_the_deadline),
    bug("gives up where votes differ", rule=_gives_up_early),
    bug("second vote of a voter counts too", hearing(_second_counts_too)),
    bug("latest vote instead of the first", hearing(_latest_vote), by="plurality"),
)
PROVING = (
    bug("certificates believed", BelievesCertificates),
    bug("signatures of votes unchecked", unsigned),
    bug("votes passed on believed", hearing(_from_its_voter)),
    bug("votes on other questions counted", hearing(_any_question)),
    bug("proof not shown", saying(_proof_kept)),
    bug("repetition taken for a double vote", AccusesRepetition),
)
VOTING = (
    bug("votes with the crowd", hearing(_as_most_others)),
    bug("approves what its validator rejects", hearing(_accepts_all), by="judge"),
    bug("restart forgets own vote", forgetting("cast")),
    bug("restart forgets the decision", forgetting("decision")),
)
LIVE = (
    bug("nothing asked again", without_timer("status"), breaks=LIVENESS),
    bug("no deadline", without_timer("deadline"), breaks=LIVENESS),
)
HARMLESS_ONES = (
    bug(
        "double votes not reported",
        saying(_evidence_kept),
        breaks=HARMLESS,
        argument="Evidence changes no count: the first vote of each voter counts, reported or not. If two decisions "
        "differ, their proofs hold both votes of somebody who voted twice (B6), and convict it all the same.",
    ),
    bug(
        "proof shown twice",
        saying(_proof_twice),
        breaks=HARMLESS,
        argument="A proof proves itself as often as it comes: whoever has decided files its votes, each of which is "
        "the first of its voter or is dropped, and decides nothing again.",
    ),
)
MUTANTS = (*COUNTING, *PROVING, *VOTING, *LIVE, *HARMLESS_ONES)
