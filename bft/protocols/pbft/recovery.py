"""Restart from persisted state: a replica that comes back says nothing that contradicts what it said before (M1)."""

from __future__ import annotations

from bft.core.effects import Broadcast, RequestVerdict
from bft.core.events import Restarted
from bft.core.inputs import Restart
from bft.core.request import Request
from bft.protocols.pbft import catch_up, execution, normal_case, view_change
from bft.protocols.pbft.messages import (
    Checkpoint,
    Commit,
    Decision,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    ViewChange,
)
from bft.protocols.pbft.state import Slot, State


def on_restart(state: State, event: Restart) -> None:
    """Rebuild the log from what was persisted, then ask the others what happened meanwhile."""
    restore_checkpoint(state, event)
    restore_decisions(state, event)
    restore_view(state, event)
    restore_log(state, event)
    state.emit(Restarted(state.view, state.last_executed))
    if state.own_view_change is not None and not state.active:
        state.emit(Broadcast(state.own_view_change))
        view_change.check_quorum(state)
    catch_up.ask(state)
    state.start_status_timer()
    if state.pending and state.active:
        state.start_view_timer()
    state.moved = state.active


def restore_checkpoint(state: State, event: Restart) -> None:
    """Load the stable checkpoint, its snapshot where this replica had it, and later snapshots."""
    proof = event.stored.get(("stable",))
    if isinstance(proof, tuple) and proof:
        state.low = proof[0].seq
        state.high = state.rules.high_watermark(state.low, state.config.window)
        state.stable_proof = proof
    for key, value in event.stored.items():
        if key[0] == "snapshot" and isinstance(key[1], int) and value is not None:
            state.snapshots[key[1]] = value
        elif isinstance(value, Checkpoint) and value.seq > state.low:
            state.checkpoints.add(value.seq, state.id, value)
    base = max((seq for seq in state.snapshots if seq <= state.low), default=None)
    if base is not None:
        execution.restore(state, state.snapshots[base])
        state.last_executed = base
        execution.look_for_the_end(state)


def restore_decisions(state: State, event: Restart) -> None:
    """Execute again, silently, what had been executed after the checkpoint."""
    decisions = [value for value in event.stored.values() if isinstance(value, Decision)]
    for decision in sorted(decisions, key=lambda each: each.seq):
        if decision.seq == state.last_executed + 1 and not state.over:
            execution.apply(state, decision)
            state.last_executed = decision.seq
            execution.look_for_the_end(state)
            if decision.seq > state.low:
                state.decisions[decision.seq] = decision


def restore_view(state: State, event: Restart) -> None:
    """Return to the view last left for, and into it only if its new-view had been accepted."""
    view = event.stored.get(("view",), 0)
    assert isinstance(view, int)
    state.view = view
    state.primary = state.verifier.primary(view)
    new_view = event.stored.get(("new-view",))
    if isinstance(new_view, NewView):
        state.new_view = new_view
        state.next_seq = max([state.low, *(entry.seq for entry in new_view.preprepares)]) + 1
    state.active = view == 0 or (state.new_view is not None and state.new_view.view == view)
    own = event.stored.get(("view-change",))
    if isinstance(own, ViewChange) and own.view == view and not state.active:
        state.own_view_change = own
        state.view_changes.add(view, state.id, own)


def restore_log(state: State, event: Restart) -> None:
    """Put back certificates, accepted pre-prepares, own votes and requests."""
    stored = sorted(event.stored.items(), key=lambda item: repr(item[0]))
    state.next_seq = max(state.next_seq, state.low + 1)
    for key, value in stored:
        if isinstance(value, PreparedCertificate):
            state.certificates[value.preprepare.seq] = value
        elif isinstance(value, Request):
            state.pending[value.client] = value
        elif key[0] == "pre-prepare" and isinstance(value, PrePrepare) and value.view == state.view and state.active:
            slot = state.slot(value.seq)
            slot.preprepare = value
            slot.digest = value.digest
            state.next_seq = max(state.next_seq, value.seq + 1)
            if value.proposal.request is not None:
                state.ordering.add(value.proposal.request.key)
    for _, value in stored:
        if isinstance(value, Prepare | Commit) and value.view == state.view and state.active:
            restore_vote(state, value)
    for slot in list(state.slots.values()):
        if slot.preprepare is not None and not slot.prepare_sent and not state.is_primary:
            ask_validator_again(state, slot)


def ask_validator_again(state: State, slot: Slot) -> None:
    """The verdict was lost with the crash; what the new view carried over needs none."""
    assert slot.preprepare is not None
    carried = state.new_view is not None and slot.preprepare in state.new_view.preprepares
    if carried and not state.rules.judge_carried:
        normal_case.send_prepare(state, slot)
        return
    proposal = slot.preprepare.proposal
    state.emit(RequestVerdict(slot.view, slot.seq, proposal.digest, proposal))


def restore_vote(state: State, vote: Prepare | Commit) -> None:
    """Put an own vote back into its slot, so that it is not cast again for something else."""
    slot = state.slot(vote.seq)
    if isinstance(vote, Prepare):
        slot.prepares[state.id] = vote
        slot.prepare_sent = True
        slot.prepare_weight += state.weights[state.id]
        return
    slot.commits[state.id] = vote
    slot.commit_weight += state.weights[state.id]
    slot.prepared = True
