"""Execution in order, exactly once (§4.1, §4.2), and the checkpoints it makes (§4.3)."""

from __future__ import annotations

from bft.core.digest import digest_of
from bft.core.effects import Broadcast, Execute, Reply
from bft.core.lean import maker
from bft.core.state_machine import Snapshot
from bft.protocols.pbft import checkpoints
from bft.protocols.pbft.messages import Checkpoint, Decision
from bft.protocols.pbft.replies import ReplyList
from bft.protocols.pbft.state import State

new_execute, new_reply = maker(Execute), maker(Reply)


def decide(state: State, decision: Decision) -> None:
    """Take a committed proposal, and execute all that now has no gap before it."""
    seq = decision.seq
    if seq <= state.last_executed or state.over:
        return
    if seq == state.last_executed + 1 and not state.unexecuted and state.rules.execute_in_order:
        execute(state, decision)  # as nearly always: nothing waits
        wait_for_the_rest(state)
        return
    state.unexecuted.setdefault(seq, decision)
    if not state.rules.execute_in_order:
        execute(state, state.unexecuted.pop(decision.seq))
    if not execute_ready(state):
        wait_for_the_gap(state)


def execute_ready(state: State) -> bool:
    """Execute what is committed and next, as long as there is no gap; return whether there was any."""
    before = state.last_executed
    while state.last_executed + 1 in state.unexecuted and not state.over:
        execute(state, state.unexecuted.pop(state.last_executed + 1))
    if state.last_executed == before:
        return False
    wait_for_the_rest(state)
    return True


def execute(state: State, decision: Decision) -> None:
    """Let one proposal take effect and answer its client; a request executed before changes nothing."""
    seq, proposal, emit, persist = decision.seq, decision.proposal, state.emit, state.persist
    if seq > state.last_executed:
        state.last_executed = seq
    state.decisions[seq] = decision
    persist(("decision", seq), decision)
    repeated = apply(state, decision)
    emit(new_execute(decision.view, seq, proposal.digest, proposal, repeated, state.machine.digest()))
    request = proposal.request
    if request is not None:
        timestamp, result = state.clients[request.client]
        if timestamp == request.timestamp:
            emit(new_reply(request.client, timestamp, result))
        state.ordering.discard(request.key)  # its timestamp keeps it out from now on
        settle_requests(state, request.client)
    if seq % state.config.checkpoint_interval == 0:
        take_checkpoint(state, seq)
        look_for_the_end(state)


def look_for_the_end(state: State) -> None:
    """At a checkpoint the machine may say that the instance is over: then nothing above it is ever executed here."""
    if state.stops is not None and state.last_executed % state.config.checkpoint_interval == 0:
        state.over = state.stops(state.machine)
        if state.over:
            state.unexecuted.clear()


def settle_requests(state: State, client: str) -> None:
    """Stop waiting for what a client asked up to its last executed timestamp: nothing older executes any more (S4)."""
    held = state.pending.get(client)
    if held is not None and held.timestamp <= state.clients[client][0]:
        del state.pending[client]
        persist = state.persist
        persist(("request", client), None)


def apply(state: State, decision: Decision) -> bool:
    """Change the state machine and the reply cache; return True if the request had been executed before."""
    request = decision.proposal.request
    if request is None:
        return False
    if state.rules.execute_once and request.timestamp <= state.clients.get(request.client, (-1, ""))[0]:
        return True
    state.clients[request.client] = (request.timestamp, state.machine.apply(decision.proposal))
    state.answered.append(request.client)
    return False


def wait_for_the_rest(state: State) -> None:
    """After progress: stop the view timer if what it runs for is done, and start it if another request waits (§4.4).

    What others got meanwhile is no reason to give the primary more time, else it could starve a client for ever. So the
    timeout falls back to the first one, too, only when the request that has waited longest is executed.
    """
    if still_awaited(state):
        return state.start_status_timer()
    state.failures = 0
    if state.pending or state.unexecuted or state.over:
        if state.active:
            state.start_view_timer()
        state.stop_status_timer()
        state.start_status_timer()
    elif state.active:
        state.stop_view_timer()
        state.stop_status_timer()
    return None


def still_awaited(state: State) -> bool:
    """Return whether the view timer runs for a request whose client has had nothing executed since."""
    awaited = state.awaited
    if awaited is None or not state.view_timer_runs or not state.active or not state.rules.time_one_request:
        return False
    return state.clients.get(awaited[0], (-1, ""))[0] < awaited[1]


def wait_for_the_gap(state: State) -> None:
    """Something is committed and cannot be executed yet. That is no progress: a view timer that runs goes on."""
    if state.unexecuted:
        if state.active and not state.view_timer_runs:
            state.start_view_timer()
        state.start_status_timer()


def list_replies(state: State) -> ReplyList:
    """Return the last reply to every client, with what was answered since the last checkpoint."""
    if state.replies is None:
        state.replies, state.answered = ReplyList(), list(state.clients)
    for client in state.answered:
        state.replies.update(client, *state.clients[client])
    state.answered.clear()
    return state.replies


def take_checkpoint(state: State, seq: int) -> None:
    """Tell the others the digest of the state after `seq` (§4.3)."""
    machine_snapshot, replies = state.machine.snapshot(), list_replies(state)
    state.snapshots[seq] = saved = (machine_snapshot, replies.entries())
    digest = digest_of((machine_snapshot, replies))  # the digest of `saved`, in words that are there already
    message = state.keyring.sign(Checkpoint(seq, digest, state.id))
    state.persist(("checkpoint", seq), message)
    state.persist(("snapshot", seq), saved)
    state.emit(Broadcast(message))
    checkpoints.on_checkpoint(state, state.id, message)


def restore(state: State, saved: Snapshot) -> None:
    """Replace the replicated state by a snapshot."""
    assert isinstance(saved, tuple)
    machine_snapshot, clients = saved
    state.machine.restore(machine_snapshot)
    state.clients = {client: (timestamp, result) for client, timestamp, result in clients}
    state.replies = None
