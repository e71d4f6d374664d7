"""The ballot as a subject: with each rule what it promises, and what must be done after stabilisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bft.checking.ballot.counts import Count
from bft.checking.ballot.forging import recipes
from bft.checking.ballot.invariants import BallotFacts, counted
from bft.checking.ballot.monitor import BallotMonitor
from bft.checking.monitor import Monitor
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.world import World
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.protocols.ballot import BallotConfig, BallotReplica
from bft.protocols.ballot.protocol import BALLOT
from bft.voting import Approval, ConfidenceWeighted, Plurality, Quorum, Rule, Weighted

RETRANSMIT_S = 5.0
SPLITS = ("S1", "S5", "S6", "S7", "S9")
"""What a rule without a quorum does not promise: one decision, one reply (asked again, too), one state, one service."""
MINORITY = 3
"""By themselves two of three validators say A, the third says B: often a quorum, and never by much."""
MILESTONES = (
    ("vote", "vote"),
    ("decided", "proof"),
    ("decided at the deadline", "late"),
    ("gave up", "none"),
    ("undecided at the deadline", "over"),
    ("double vote", "twice"),
    ("restart", "back"),
)
MakeBallot = Callable[[int, Any, SymbolicKeyring], Replica]
MakeRule = Callable[[QuorumSystem], Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBy:
    """One rule, as replicas are told it and as the monitors count."""

    rule: MakeRule
    count: Callable[[QuorumSystem], Count]
    """From the quorum system to either."""
    agrees: bool = False
    """Whether two honest nodes never decide differently while fewer than 2q − n of weight vote twice."""
    judged: bool = False
    """Whether answers are judged before the vote."""


RULES: Mapping[str, CountedBy] = {
    "quorum": CountedBy(
        rule=lambda system: Quorum(system=system),
        count=lambda system: Count(weights=system.weights, need=system.quorum),
        agrees=True,
    ),
    "plurality": CountedBy(
        rule=lambda system: Plurality(),  # noqa: ARG005 (whatever weighs how much)
        count=lambda system: Count(weights=(1,) * system.n),
    ),
    "stake": CountedBy(
        rule=lambda system: Weighted(weights=system.weights),
        count=lambda system: Count(weights=system.weights),
    ),
    "confidence": CountedBy(
        rule=lambda system: ConfidenceWeighted(),  # noqa: ARG005 (the same)
        count=lambda system: Count(weights=(1,) * system.n, stated=True),
    ),
    "judge": CountedBy(
        rule=lambda system: Approval(system=system),
        count=lambda system: Count(weights=system.weights, need=system.quorum),
        judged=True,
    ),
}


def ballot(name: str = "quorum", *, rule: MakeRule | None = None, make_replica: MakeBallot = BallotReplica) -> Subject:
    """Return the ballot by a rule, possibly with another rule or replica: a mutant.

    Parameters
    ----------
    name : str
        A key of `RULES`: what is promised, and how the monitors count.
    rule : callable, optional
        What replicas are told instead.
    make_replica : callable, optional
        Makes a replica from its number, the configuration and the keys.
    """
    by = RULES[name]
    told = by.rule if rule is None else rule

    def make(node: int, setting: Setting, keyring: SymbolicKeyring) -> Replica:
        system = setting.replica_system()
        config = BallotConfig(
            system=system,
            rule=told(system),
            retransmit_s=RETRANSMIT_S if setting.retransmit else None,
            judged=by.judged,
        )
        return make_replica(node, config, keyring)

    def monitor(setting: Setting, world: World) -> Monitor:
        system = setting.system()
        return BallotMonitor(
            system,
            world.keyring.verify,
            world.watchable,
            ballot=BallotFacts(by.count(system), judged=by.judged, n=setting.n),
            unpromised=() if by.agrees else SPLITS,
        )

    return Subject(
        name="ballot" if name == "quorum" else f"ballot-{name}",
        protocol=BALLOT,
        make_replica=make,
        recipes=recipes(judged=by.judged),
        phases=("Cast", "Approve", "Certificate") if by.judged else ("Cast", "Certificate"),
        changes=("Ask",),
        view_timer="deadline",
        timers=("deadline", "status"),
        questions=1,
        answer=two_answers,
        answers_differ=False,
        monitor=monitor,
        unfinished=unfinished,
        sometimes=("gave up", "double vote", "restart"),
        milestones=tuple(each for each in MILESTONES if not (by.agrees and each[0] == "decided at the deadline")),
    )


def two_answers(instance: int, choice: int, view: int) -> str:
    """Return A or B: what a validator says by itself, or the opposite."""
    del view
    return "AB"[(instance % MINORITY == MINORITY - 1) ^ (choice == 1)]


def unfinished(world: World, correct: Sequence[int]) -> str | None:
    """Return what a ballot still owes after stabilisation.

    Every correct node learns how it ends. All decide if the votes of the correct alone decide, whatever the others say;
    and if one has a proof, all others get it, also those that have proved to themselves that nothing can be decided: a
    voter that votes twice can bring that about. Where a client has asked two questions, each node holds the ballot on
    the one that it heard of first: what is owed on one is told by the votes on it alone.
    """
    watch = world.observer
    if not isinstance(watch, Monitor) or not world.requests:
        return None
    facts: BallotFacts = watch.facts.ballot
    for question in {facts.held[node].request: None for node in correct}:
        there = [node for node in correct if facts.held[node].request == question]
        missing = _unfinished(world, facts, there)
        if missing is not None:
            return missing
    return None


def _unfinished(world: World, facts: BallotFacts, nodes: Sequence[int]) -> str | None:
    """Return what nodes that hold a ballot on one question still owe."""
    votes = [vote for vote in map(facts.own_vote, nodes) if vote is not None]
    won = facts.count.certain([counted(vote) for vote in votes])
    proved = any(facts.held[node].proved for node in nodes)
    for node in nodes:
        held = facts.held[node]
        if world.reach[node]:
            continue
        if not held.ended:
            return f"node {node} has decided nothing, and time is not up for it"
        if won is not None:
            return f"node {node} has not decided {won!r}, for which there are votes enough"
        if proved and held.decided is None:
            return f"node {node} has not got the proof of what others decided"
    return None
