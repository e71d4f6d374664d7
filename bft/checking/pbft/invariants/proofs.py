"""A second, naive judge of PBFT's proofs, written from the paper and sharing no code with the protocol.

Slow and plain on purpose: each function says in full what §4.3 and §4.4 demand.
"""

from __future__ import annotations

from bft.checking.invariants.facts import Facts, NewViewFacts
from bft.core.request import NULL_DIGEST
from bft.protocols.pbft.messages import Checkpoint, Decision, NewView, PreparedCertificate, ViewChange


def certificate_fault(facts: Facts, certificate: PreparedCertificate) -> str | None:
    """C4: say what is wrong with a prepared certificate, or None."""
    first = certificate.preprepare
    primary = facts.primary(first.view)
    if first.replica != primary:
        return "its pre-prepare is not from the primary"
    if first.digest != first.proposal.digest:
        return "its digest is not its proposal's"
    if not facts.genuine(first):
        return "its pre-prepare is not signed"
    request = first.proposal.request
    if request is not None and not facts.genuine(request):
        return "its request is not signed"
    backers = {primary}
    for vote in certificate.prepares:
        if (vote.view, vote.seq, vote.digest) != (first.view, first.seq, first.digest):
            return f"the prepare of node {vote.replica} is for something else"
        if vote.replica in backers:
            return f"node {vote.replica} is counted twice, or is the primary"
        if not 0 <= vote.replica < facts.n or not facts.genuine(vote):
            return f"the prepare of node {vote.replica} is not signed"
        backers.add(vote.replica)
    return None if facts.weigh(backers) >= facts.quorum else f"only nodes {sorted(backers)} stand behind it"


def checkpoint_fault(facts: Facts, seq: int, proof: tuple[Checkpoint, ...]) -> str | None:
    """K1: say what is wrong with the proof of a stable checkpoint, or None; the genesis state needs none."""
    if seq == 0:
        return "a proof for the genesis state" if proof else None
    if not proof or (facts.interval and seq % facts.interval):
        return f"no checkpoint can be at seq {seq}"
    backers: set[int] = set()
    for vote in proof:
        if vote.seq != seq or vote.state_digest != proof[0].state_digest:
            return f"the checkpoint of node {vote.replica} is for something else"
        if vote.replica in backers:
            return f"node {vote.replica} is counted twice"
        if not 0 <= vote.replica < facts.n or not facts.genuine(vote):
            return f"the checkpoint of node {vote.replica} is not signed"
        backers.add(vote.replica)
    return None if facts.weigh(backers) >= facts.quorum else f"only nodes {sorted(backers)} stand behind it"


def view_change_fault(facts: Facts, message: ViewChange) -> str | None:
    """V1: say what is wrong with a view-change, or None."""
    if not 0 <= message.replica < facts.n or not facts.genuine(message):
        return "it is not signed"
    if message.low < 0:
        return "its checkpoint lies below 0"
    fault = checkpoint_fault(facts, message.low, message.checkpoint_proof)
    if fault is not None:
        return f"its checkpoint: {fault}"
    seen: set[int] = set()
    for certificate in message.prepared:
        first = certificate.preprepare
        if first.seq in seen:
            return f"two entries for seq {first.seq}"
        seen.add(first.seq)
        if not message.low < first.seq <= message.low + facts.window:
            return f"seq {first.seq} outside its window"
        if not 0 <= first.view < message.view:
            return f"an entry of view {first.view}"
        fault = facts.fault_of(certificate, certificate_fault)
        if fault is not None:
            return f"seq {first.seq}: {fault}"
    return None


def decision_fault(facts: Facts, decision: Decision) -> str | None:
    """C5: say what is wrong with a decision's proof, or None."""
    backers: set[int] = set()
    place = (decision.view, decision.seq, decision.proposal.digest)
    for vote in decision.commits:
        if (vote.view, vote.seq, vote.digest) != place:
            return f"the commit of node {vote.replica} is for something else"
        if vote.replica in backers:
            return f"node {vote.replica} is counted twice"
        if not 0 <= vote.replica < facts.n or not facts.genuine(vote):
            return f"the commit of node {vote.replica} is not signed"
        backers.add(vote.replica)
    return None if facts.weigh(backers) >= facts.quorum else f"only nodes {sorted(backers)} stand behind it"


def carried_over(view_changes: tuple[ViewChange, ...]) -> tuple[int, int, dict[int, str]]:
    """V4 to V6: min-s, max-s, and the digest at each number between them, looked up one number at a time."""
    low = max((message.low for message in view_changes), default=0)
    entries = [certificate.preprepare for message in view_changes for certificate in message.prepared]
    high = max([low, *(entry.seq for entry in entries)])
    carried: dict[int, str] = {}
    for seq in range(low + 1, high + 1):
        here = [entry for entry in entries if entry.seq == seq]
        latest = max((entry.view for entry in here), default=None)
        carried[seq] = next((entry.digest for entry in here if entry.view == latest), NULL_DIGEST)
    return low, high, carried


def judge_new_view(facts: Facts, message: NewView) -> NewViewFacts:
    """V1, V3 to V7: say all that is wrong with a new-view, and what it should carry over."""
    low, high, carried = carried_over(message.view_changes)
    faults = [*_wrong_votes(facts, message), *_wrong_entries(facts, message, carried)]
    return NewViewFacts(message, tuple(faults), low, high, carried)


def _wrong_votes(facts: Facts, message: NewView) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    if message.replica != facts.primary(message.view) or not facts.genuine(message):
        faults.append(("V3", f"new-view {message.view} is not signed by its primary"))
    senders = {change.replica for change in message.view_changes}
    if len(senders) != len(message.view_changes):
        faults.append(("V3", f"new-view {message.view} counts a view-change twice"))
    if facts.weigh(senders) < facts.quorum:
        faults.append(("V3", f"new-view {message.view} rests on view-changes of {sorted(senders)} alone"))
    for change in message.view_changes:
        if change.view != message.view:
            faults.append(("V3", f"new-view {message.view} counts a view-change for view {change.view}"))
        fault = facts.fault_of(change, view_change_fault)
        if fault is not None:
            faults.append(("V1", f"new-view {message.view}: view-change of node {change.replica}: {fault}"))
    return faults


def _wrong_entries(facts: Facts, message: NewView, carried: dict[int, str]) -> list[tuple[str, str]]:
    entries = {entry.seq: entry for entry in message.preprepares}
    made_by_liar = message.replica not in facts.honest
    faults: list[tuple[str, str]] = []
    if sorted(entries) != sorted(carried) or len(entries) != len(message.preprepares):
        wanted, found = sorted(carried), [entry.seq for entry in message.preprepares]
        faults.append(("V7" if made_by_liar else "V4", f"new-view {message.view} carries {found} and not {wanted}"))
    for seq, digest in carried.items():
        entry = entries.get(seq)
        if entry is None:
            continue
        if entry.digest != digest or entry.proposal.digest != digest:
            rule = "V7" if made_by_liar else "V6" if digest == NULL_DIGEST else "V5"
            faults.append((rule, f"new-view {message.view} carries {entry.digest[:8]} at {seq} and not {digest[:8]}"))
        if entry.view != message.view or entry.replica != message.replica or not facts.genuine(entry):
            faults.append(("V7", f"new-view {message.view}: the entry at {seq} is not its primary's own"))
    return faults
