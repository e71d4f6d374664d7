"""Restart from persisted state: a replica that comes back says nothing that contradicts what it said before.

Kept are the last vote, the view given up with its timeout, the highest certificate and the lock with the nodes that
they rest on, the last proposal, verdicts and requests, the last saved state, and the nodes committed since, which are
executed again.
"""

from __future__ import annotations

from collections.abc import Mapping

from bft.core.effects import Broadcast
from bft.core.events import Restarted
from bft.core.inputs import Restart
from bft.core.request import Request
from bft.core.verdict import Verdict
from bft.protocols.hotstuff import catch_up, execution, snapshots
from bft.protocols.hotstuff.messages import (
    GENESIS,
    Node,
    Propose,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    Vote,
)
from bft.protocols.hotstuff.state import Saved, State

Stored = Mapping[tuple[object, ...], object]


def on_restart(state: State, event: Restart) -> None:
    """Rebuild everything from what was persisted, then ask the others what happened meanwhile."""
    stored = event.stored
    restore_chain(state, stored)
    restore_nodes(state, stored)
    restore_certificates(state, stored)
    restore_place(state, stored)
    restore_requests(state, stored)
    state.emit(Restarted(state.view, state.last_executed))
    timeout = state.own_timeout
    if timeout is not None and timeout.vote.view == state.view:
        state.emit(Broadcast(timeout))
        state.own.append(timeout)
    own = state.own_proposal
    if own is not None and own.node.view == state.view:
        state.own.append(own)
    catch_up.ask(state)
    state.start_status_timer()
    if state.pending and state.left < state.view:
        state.start_view_timer()
    state.moved = True


def restore_chain(state: State, stored: Stored) -> None:
    """Go on from the last state that is certified, and execute again, silently, what had been committed since."""
    certified = {qc.node for qc in certificates(stored)}
    saved = [
        value
        for value in stored.values()
        if isinstance(value, Saved) and value.node.digest in certified and state.rules.keeps_state
    ]
    if saved:
        latest = max(saved, key=lambda each: each.node.height)
        snapshots.restore(state, latest)
        state.saved = [latest]
    height = state.tree.committed.height + 1
    while isinstance(node := stored.get(("committed", height)), Node):
        if node.justify.node != state.tree.committed.digest:
            return
        state.tree.add(node)
        state.tree.commit([node], node.digest)
        if node.proposal is not None:
            execution.apply(state, node)
        height += 1


def certificates(stored: Stored) -> list[QuorumCertificate]:
    """Return what was stored of certificates of the first phase; a disk that lost a write may lack the highest."""
    high = stored.get(("high",))
    found = [value.justify for value in stored.values() if isinstance(value, Node)]
    return [*found, high] if isinstance(high, QuorumCertificate) else found


def restore_nodes(state: State, stored: Stored) -> None:
    """Put back the open nodes, the lowest first."""
    nodes = [value for value in stored.values() if isinstance(value, Node)]
    for node in sorted(nodes, key=lambda each: (each.height, each.digest)):
        if node.height > state.tree.committed.height and state.tree.parent(node) is not None:
            state.tree.add(node)


def restore_certificates(state: State, stored: Stored) -> None:
    """Put back the highest certificate, the lock and the last decision, as far as their nodes are there."""
    nodes, rules = state.tree.nodes, state.rules
    known = [qc for qc in certificates(stored) if qc.node in nodes]
    if known and (rules.keeps_high or GENESIS.digest not in nodes):
        state.high = max(known, key=lambda qc: qc.view)
    lock = stored.get(("locked",))
    if isinstance(lock, QuorumCertificate) and rules.keeps_lock:
        state.locked = lock
    commit = stored.get(("commit",))
    if isinstance(commit, QuorumCertificate):
        state.commit = commit


def restore_place(state: State, stored: Stored) -> None:
    """Return to the view that it was in, and to what it had said there."""
    place = stored.get(("view",))
    if isinstance(place, tuple):
        view, entry, tc = place
        assert isinstance(view, int)
        state.view = view
        state.entry = entry if isinstance(entry, QuorumCertificate) else None
        state.tc = tc if isinstance(tc, TimeoutCertificate) else None
    votes = [value for value in stored.values() if isinstance(value, Vote) and state.rules.keeps_voted]
    state.voted = max([vote.view for vote in votes], default=-1)
    for vote in sorted(votes, key=lambda each: each.phase):
        if vote.view == state.voted:
            state.phases |= 1 << vote.phase
            state.own_votes[vote.phase] = vote
    timeout = stored.get(("left",))
    if isinstance(timeout, Timeout) and state.rules.keeps_voted:
        state.own_timeout = timeout
        state.left = timeout.vote.view
    own = stored.get(("proposed",))
    if isinstance(own, Propose) and state.rules.keeps_proposal:
        state.own_proposal = own


def restore_requests(state: State, stored: Stored) -> None:
    """Put back the requests that wait, and what the validator said of their values."""
    for key, value in sorted(stored.items(), key=lambda item: repr(item[0])):
        if isinstance(value, Request):
            state.pending[value.client] = value
        elif key[0] == "verdict" and isinstance(value, tuple):
            verdict, proposal = value
            if isinstance(verdict, Verdict):
                state.verdicts[proposal.digest] = (verdict, proposal)
