"""Executing what is committed: a node takes its branch below it along (Algorithm 2, line 33; Algorithm 4, onCommit)."""

from __future__ import annotations

from bft.core.effects import Execute, Reply
from bft.core.lean import maker
from bft.protocols.hotstuff import snapshots
from bft.protocols.hotstuff.messages import Node
from bft.protocols.hotstuff.state import State

new_execute, new_reply = maker(Execute), maker(Reply)


def commit(state: State, node: Node) -> None:
    """Commit an open node and all that lies below it, and forget the branches that this rules out.

    A request whose node is forgotten is still pending, so the next leader proposes it again: what is pending and stands
    on the leader's own branch is the only thing that it leaves out.
    """
    path = state.tree.open_branch(node)
    if not path:
        return state.drop("commit on another branch")
    for orphan in state.tree.commit(path, state.high.node):
        state.persist(("node", orphan.digest), None)
    interval = state.config.checkpoint_interval
    for each in path:
        if state.durable:
            state.persist(("node", each.digest), None)
            state.persist(("committed", each.height), each)
        if each.proposal is not None:
            execute(state, each)
        if each.height % interval == 0:
            snapshots.save(state, each)
    state.progressed = True
    if not state.pending:
        rest(state)
    return None


def execute(state: State, node: Node) -> None:
    """Let one proposal take effect and answer its client; a request executed before changes nothing."""
    proposal = node.proposal
    assert proposal is not None
    repeated = apply(state, node)
    if state.rules.reset_failures:
        state.failures = 0
    emit = state.emit
    emit(new_execute(node.view, state.last_executed, proposal.digest, proposal, repeated, state.machine.digest()))
    request = proposal.request
    if request is None:
        return
    timestamp, result = state.clients[request.client]
    if timestamp == request.timestamp:
        emit(new_reply(request.client, timestamp, result))
    stop_waiting(state, request.client)


def stop_waiting(state: State, client: str) -> None:
    """Forget what a client asked up to its last executed timestamp, and what was said of it."""
    timestamp, _ = state.clients.get(client, (-1, ""))
    held = state.pending.get(client)
    if held is not None and held.timestamp <= timestamp:
        del state.pending[client]
        state.persist(("request", client), None)
    if state.verdicts:
        forget_verdicts(state, client, timestamp)


def apply(state: State, node: Node) -> bool:
    """Change the state machine and the reply cache; return True if the request had been executed before."""
    proposal = node.proposal
    assert proposal is not None
    state.last_executed += 1
    request = proposal.request
    if request is None:
        return False
    if state.rules.execute_once and request.timestamp <= state.clients.get(request.client, (-1, ""))[0]:
        return True
    state.clients[request.client] = (request.timestamp, state.machine.apply(proposal))
    return False


def forget_verdicts(state: State, client: str, timestamp: int) -> None:
    """Forget what was said of values that can no longer be proposed."""
    for digest, (_, proposal) in tuple(state.verdicts.items()):
        asked = proposal.request
        if asked is not None and asked.client == client and asked.timestamp <= timestamp:
            del state.verdicts[digest]
            state.persist(("verdict", digest), None)


def rest(state: State) -> None:
    """With nothing left to wait for, no view is timed."""
    state.stop_view_timer()
    if not state.missing:
        state.stop_status_timer()
