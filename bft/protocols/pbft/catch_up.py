"""Retransmission and state transfer: how a replica that waits gets what it lacks.

A waiting replica tells how far it is (`Status`), first after `retransmit_s`, then after twice as long, and so on up to
a cap, so that it soon hears from the others when a partition heals, however long that was. Those who are ahead send
what is missing with its proof; those who have left its view, their view-change; those beside it send their own messages
again (Castro & Liskov, TOCS 2002, §5.2). Nothing is believed without a certificate, so a liar can waste only its own
messages.
"""

from __future__ import annotations

from bft.core.ballot import bits
from bft.core.digest import digest_of
from bft.core.effects import Broadcast, Send, SetTimer
from bft.core.events import StateTransferred
from bft.core.lean import maker
from bft.protocols.pbft import checkpoints, execution
from bft.protocols.pbft.config import STATUS_TIMER
from bft.protocols.pbft.messages import NOTHING_HELD, CatchUp, Checkpoint, Held, Status, well_formed
from bft.protocols.pbft.state import State

new_status = maker(Status, well_formed=True)


def on_status_timer(state: State) -> None:
    """Still waiting: resend the view-change, pass on what it waits for, ask again, and wait longer."""
    if state.own_view_change is not None and not state.active and state.rules.resend_view_changes:
        state.emit(Broadcast(state.own_view_change))
    relay(state)
    ask(state)
    state.status_wait_s = state.config.next_wait_s(state.status_wait_s)
    state.emit(SetTimer(STATUS_TIMER, state.status_wait_s))


def relay(state: State) -> None:
    """Pass requests that have no number yet on to the primary (§4.1); to all, once this replica has left the view.

    Else a request that reached only this replica would never be ordered: alone it cannot change the view.
    """
    for request in state.pending.values():
        if not state.active:
            state.emit(Broadcast(request))
        elif not state.is_primary and request.key not in state.ordering:
            state.emit(Send(state.primary, request))


def ask(state: State) -> None:
    """Tell everyone how far this replica is."""
    held = tuple(
        [
            Held(seq, slot.preprepare is not None, bits(slot.prepares), bits(slot.commits))
            for seq, slot in sorted(state.slots.items())
            if seq > state.last_executed and not slot.committed
        ]
    )
    status = new_status(state.view, state.active, state.last_executed, state.low, held, state.id)
    state.emit(Broadcast(state.keyring.sign(status)))


def on_status(state: State, sender: int, message: Status) -> None:
    """Send a waiting replica what it lacks and this one has."""
    if not message._well_formed and not well_formed(message):
        return state.drop("malformed message")
    for each in message.held:
        if (each.prepares | each.commits) >> len(state.weights):
            return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    if message.last_executed < state.last_executed or message.last_executed < state.low:
        send_proofs(state, sender, message)
    if state.stable_proof or state.checkpoints:
        resend_checkpoints(state, sender, message.low)
    if not state.active:
        left = state.own_view_change if state.rules.resend_view_changes else None
        if left is not None and message.view < left.view:
            state.emit(Send(sender, left))
        return None
    behind = message.view < state.view or (message.view == state.view and not message.active)
    if behind and state.new_view is not None:
        state.emit(Send(sender, state.new_view))
    if behind or message.view == state.view:
        resend_votes(state, sender, message)
    else:
        state.start_status_timer()
    return None


def send_proofs(state: State, sender: int, message: Status) -> None:
    """Send a snapshot if the log no longer reaches back far enough, and the decisions after it."""
    snapshot = state.snapshots.get(state.low) if message.last_executed < state.low else None
    proof = state.stable_proof if snapshot is not None else ()
    first = state.low if snapshot is not None else message.last_executed
    decisions = tuple(
        state.decisions[seq]
        for seq in range(max(first, state.low) + 1, state.last_executed + 1)
        if seq in state.decisions
    )
    if snapshot is not None or decisions:
        state.emit(Send(sender, state.keyring.sign(CatchUp(proof, snapshot, decisions, state.id))))


def resend_checkpoints(state: State, sender: int, low: int) -> None:
    """Send this replica's checkpoints above the other's, stable or not: without them no window moves on."""
    for vote in (*state.stable_proof, *state.checkpoints.of(state.id)):
        if vote.replica == state.id and vote.seq > low:
            state.emit(Send(sender, vote))


def resend_votes(state: State, sender: int, message: Status) -> None:
    """Send again what this replica said in this view and the other does not hold."""
    if not state.slots:
        return
    held = {each.seq: each for each in message.held} if message.view == state.view else {}
    for seq, slot in sorted(state.slots.items()):
        if seq <= message.last_executed:
            continue
        there = held.get(seq, NOTHING_HELD)
        if slot.preprepare is not None and slot.preprepare.replica == state.id and not there.preprepare:
            state.emit(Send(sender, slot.preprepare))
        prepare, commit = slot.prepares.get(state.id), slot.commits.get(state.id)
        if prepare is not None and not there.prepares >> state.id & 1:
            state.emit(Send(sender, prepare))
        if commit is not None and not there.commits >> state.id & 1:
            state.emit(Send(sender, commit))


def on_catch_up(state: State, sender: int, message: CatchUp) -> None:
    """Adopt a proved snapshot and proved decisions; what is not proved is dropped."""
    if not well_formed(message):
        return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    if message.snapshot is not None:
        adopt_snapshot(state, message.checkpoint_proof, message.snapshot)
    for decision in sorted(message.decisions, key=lambda each: each.seq):
        if decision.seq <= state.last_executed:
            continue
        if not state.verifier.decision(decision):
            state.drop("unproved decision")
            continue
        execution.decide(state, decision)
    return None


def adopt_snapshot(state: State, proof: tuple[Checkpoint, ...], snapshot: object) -> None:
    """Replace a state that is behind by one that a checkpoint quorum vouches for (§4.3)."""
    if not proof or proof[0].seq <= state.last_executed:
        return state.drop("old snapshot")
    seq = proof[0].seq
    if not state.verifier.checkpoint(seq, proof) or digest_of(snapshot) != proof[0].state_digest:
        return state.drop("unproved snapshot")
    execution.restore(state, snapshot)
    state.last_executed = seq
    state.snapshots[seq] = snapshot
    state.persist(("snapshot", seq), snapshot)
    state.emit(StateTransferred(seq, state.machine.digest()))
    execution.look_for_the_end(state)
    for client in state.clients:
        execution.settle_requests(state, client)
    for number in [number for number in state.unexecuted if number <= seq]:
        del state.unexecuted[number]
    checkpoints.make_stable(state, seq, proof)
    if not execution.execute_ready(state):
        execution.wait_for_the_rest(state)
    return None
