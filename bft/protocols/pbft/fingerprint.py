"""What a replica's future depends on, as one hashable value: equal fingerprints mean equal behaviour from here on.

Left out is what no later step looks at, so that states differing only in it count as one:

- Who signed a certificate. A replica keeps only valid ones, and a valid one proves the same whoever signed it.
- The prepares of a slot that is prepared and the commits of one that is committed, other than the replica's own: a
  further vote changes nothing.
- How long timers run, and how many inputs were dropped. An untimed search lets a timer fire whenever it runs.

So two replicas with equal fingerprints may still differ in the `voters` of an event, in the duration of a timer and in
which of several equally good proofs they send to a replica left behind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from bft.core.request import Request
from bft.protocols.pbft.messages import (
    Checkpoint,
    Commit,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    ViewChange,
)
from bft.protocols.pbft.state import Slot, State

Names = Sequence[int]
Key = TypeVar("Key")
Value = TypeVar("Value")
_VOTES = (PrePrepare, Prepare, Commit)


def of_state(state: State, names: Names) -> Hashable:
    """Return the fingerprint of a replica's state, its peers renamed."""
    return (
        names[state.id],
        state.view,
        state.active,
        state.low,
        state.next_seq,
        state.last_executed,
        state.view_timer_runs,
        state.status_timer_runs,
        state.machine.digest(),
        _slots(state, state.slots, names),
        tuple([(view, _slots(state, slots, names)) for view, slots in _in_order(state.future)]),
        tuple([(place, message.digest) for place, message in _in_order(state.early)]),
        certificates(state.certificates.values()),
        tuple([(seq, decision.proposal.digest) for seq, decision in _in_order(state.decisions)]),
        tuple([(seq, decision.proposal.digest) for seq, decision in _in_order(state.unexecuted)]),
        tuple(sorted([request.key for request in state.pending.values()])),
        tuple(sorted(state.ordering)),
        tuple(sorted(state.asked)),
        tuple([proposal.digest for proposal in state.unordered]),
        tuple([(client, *last) for client, last in _in_order(state.clients)]),
        tuple(sorted(state.snapshots)),
        _ballots(state.checkpoints.items(), names),
        _ballots(state.view_changes.items(), names),
        None if state.own_view_change is None else of_message(state.own_view_change, names),
        None if state.new_view is None else of_message(state.new_view, names),
    )


def of_message(message: Any, names: Names) -> Hashable:
    """Return the fingerprint of a message: equal for messages that every replica treats alike.

    Raises `TypeError` if it is a message of catching up, whose certificates differ in what they teach.
    """
    kind = message.__class__.__name__
    if isinstance(message, _VOTES):
        return (kind, message.view, message.seq, message.digest, names[message.replica])
    if isinstance(message, ViewChange):
        return (kind, message.view, message.low, certificates(message.prepared), names[message.replica])
    if isinstance(message, NewView):
        changes = tuple(sorted([(names[each.replica], of_message(each, names)) for each in message.view_changes]))
        entries = tuple([(entry.seq, entry.digest) for entry in message.preprepares])
        return (kind, message.view, changes, entries, names[message.replica])
    if isinstance(message, Checkpoint):
        return (kind, message.seq, message.state_digest, names[message.replica])
    if isinstance(message, Request):
        return (kind, message.client, message.timestamp, message.operation)
    raise TypeError(f"{kind} has no fingerprint")


def certificates(proofs: Iterable[PreparedCertificate]) -> Hashable:
    """Return what prepared certificates prove: number, view and digest of each."""
    entries = [each.preprepare for each in proofs]
    proved = [(entry.seq, entry.view, entry.digest) for entry in entries]
    if len(proved) > 1:
        proved.sort()
    return tuple(proved)


def _slots(state: State, slots: Mapping[int, Slot], names: Names) -> Hashable:
    return tuple([_slot(state, slot, names) for _, slot in _in_order(slots)])


def _in_order(kept: Mapping[Key, Value]) -> Iterable[tuple[Key, Value]]:
    """Return the items in ascending order of their keys; a search of one slot sorts next to nothing."""
    return kept.items() if len(kept) < 2 else sorted(kept.items(), key=itemgetter(0))


def _slot(state: State, slot: Slot, names: Names) -> Hashable:
    return (
        slot.view,
        slot.seq,
        slot.digest,
        slot.prepare_sent,
        0 if slot.prepared else slot.prepare_weight,
        0 if slot.committed else slot.commit_weight,
        slot.prepared,
        slot.committed,
        _votes(state, slot.prepares, names, own_only=slot.prepared),
        _votes(state, slot.commits, names, own_only=slot.committed),
    )


def _votes(state: State, votes: Mapping[int, Prepare | Commit], names: Names, *, own_only: bool) -> Hashable:
    if own_only:
        own = votes.get(state.id)
        return () if own is None else ((names[state.id], own.digest),)
    return tuple(sorted([(names[voter], vote.digest) for voter, vote in votes.items()]))


def _ballots(items: Iterable[tuple[int, Mapping[int, Any]]], names: Names) -> Hashable:
    return tuple(
        [
            (key, tuple(sorted([(names[voter], of_message(vote, names)) for voter, vote in votes.items()])))
            for key, votes in items
        ]
    )
