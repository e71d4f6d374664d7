"""C1 to C5: what prepared and committed mean (§4.2)."""

# ruff: noqa: ARG001 -- every check has the one signature of its table

from __future__ import annotations

from bft.checking.invariants.facts import Facts, Invariant
from bft.protocols.pbft.events import Committed, Prepared
from bft.protocols.pbft.messages import Commit, Prepare


def one_prepared_digest(facts: Facts, node: int, event: Prepared) -> str | None:
    """C1: at most one digest per (view, seq) is prepared at honest nodes."""
    first = facts.prepared_at.get(event.seq, {}).get(event.view)
    if first is not None and first != event.digest:
        return f"view {event.view} seq {event.seq}: {first[:8]} and {event.digest[:8]} both prepared"
    return None


def committed_was_prepared(facts: Facts, node: int, event: Committed) -> str | None:
    """C2: behind a commit stand at least q − f of honest weight that prepared it or are past it."""
    honest = facts.prepared_by.get((event.view, event.seq, event.digest), set()) & facts.honest
    if facts.weigh(honest) >= facts.honest_quorum:
        return None
    past = {other for other in facts.honest if facts.nodes[other].last_executed >= event.seq}
    if facts.weigh(honest | past) >= facts.honest_quorum:
        return None
    return f"view {event.view} seq {event.seq}: committed, and honest nodes {sorted(honest)} alone prepared it"


def prepared_keeps_committed(facts: Facts, node: int, event: Prepared) -> str | None:
    """C3: what is prepared in a later view is what was committed in an earlier one."""
    for view, digest in facts.committed_at.get(event.seq, {}).items():
        if view < event.view and digest != event.digest:
            return (
                f"seq {event.seq}: {digest[:8]} committed in view {view}, {event.digest[:8]} prepared in {event.view}"
            )
    return None


def committed_keeps_prepared(facts: Facts, node: int, event: Committed) -> str | None:
    """C3, seen from the commit: nothing else is prepared in a later view."""
    for view, digest in facts.prepared_at.get(event.seq, {}).items():
        if view > event.view and digest != event.digest:
            return (
                f"seq {event.seq}: {event.digest[:8]} committed in view {event.view}, {digest[:8]} prepared in {view}"
            )
    return None


def prepared_is_proved(facts: Facts, node: int, event: Prepared) -> str | None:
    """C4: an accepted pre-prepare and prepares of distinct backups make, with the primary, a quorum."""
    fault = _unproved_prepare(facts, node, event)
    return None if fault is None else f"view {event.view} seq {event.seq}: {fault}"


def _unproved_prepare(facts: Facts, node: int, event: Prepared) -> str | None:
    if facts.nodes[node].accepted.get((event.view, event.seq)) != event.digest:
        return "prepared without having accepted its pre-prepare"
    if facts.weigh((facts.primary(event.view), *event.voters)) < facts.quorum:
        return f"prepared by backups {event.voters} alone"
    if len(set(event.voters)) != len(event.voters):
        return f"prepares counted twice in {event.voters}"
    votes = facts.votes.get((Prepare, event.view, event.seq), {})
    return _uncast(facts, event.digest, event.voters, votes)


def no_prepare_of_primary(facts: Facts, node: int, event: Prepared) -> str | None:
    """M3: a prepare of the primary is never counted."""
    if facts.primary(event.view) in event.voters:
        return f"view {event.view} seq {event.seq}: the primary's prepare was counted"
    return None


def committed_is_proved(facts: Facts, node: int, event: Committed) -> str | None:
    """C5: the node prepared it, and a quorum of distinct nodes committed it."""
    fault = _unproved_commit(facts, node, event)
    return None if fault is None else f"view {event.view} seq {event.seq}: {fault}"


def _unproved_commit(facts: Facts, node: int, event: Committed) -> str | None:
    if node not in facts.prepared_by.get((event.view, event.seq, event.digest), ()):
        return "committed without having prepared"
    if facts.weigh(event.voters) < facts.quorum or len(set(event.voters)) != len(event.voters):
        return f"committed by {event.voters} alone"
    votes = facts.votes.get((Commit, event.view, event.seq), {})
    return _uncast(facts, event.digest, event.voters, votes)


def _uncast(facts: Facts, digest: str, voters: tuple[int, ...], votes: dict[int, str]) -> str | None:
    """Name an honest voter that never cast the vote that was counted."""
    for voter in voters:
        if votes.get(voter) != digest and voter in facts.honest:
            return f"node {voter} never voted for {digest[:8]}"
    return None


def learn_prepared(facts: Facts, node: int, event: Prepared) -> None:
    """Remember who prepared what, and the latest view in which it did."""
    facts.prepared_at.setdefault(event.seq, {}).setdefault(event.view, event.digest)
    facts.prepared_by.setdefault((event.view, event.seq, event.digest), set()).add(node)
    own = facts.nodes[node].prepared
    held = own.get(event.seq)
    if held is None or event.view > held[0]:
        own[event.seq] = (event.view, event.digest)
    facts.reached.add("prepared")


def learn_committed(facts: Facts, node: int, event: Committed) -> None:
    """Remember what was committed in which view."""
    facts.committed_at.setdefault(event.seq, {}).setdefault(event.view, event.digest)
    facts.reached.add("committed")


INVARIANTS = (
    Invariant("M3", Prepared, no_prepare_of_primary, "the primary's prepare is not counted"),
    Invariant("C4", Prepared, prepared_is_proved, "prepared has a quorum behind it"),
    Invariant("C1", Prepared, one_prepared_digest, "one digest is prepared per view and number"),
    Invariant("C3", Prepared, prepared_keeps_committed, "later views keep what was committed"),
    Invariant("C5", Committed, committed_is_proved, "committed has a quorum behind it"),
    Invariant("C2", Committed, committed_was_prepared, "committed was prepared by honest nodes"),
    Invariant("C3", Committed, committed_keeps_prepared, "later views keep what was committed"),
)
LESSONS = {Prepared: learn_prepared, Committed: learn_committed}
