"""View changes (§4.4, §4.5.2): leaving a view without progress, entering the next with all that may be committed.

Each guard cites the section that demands it; where the paper is silent it says why it stands.
"""

from __future__ import annotations

from bft.core.effects import Broadcast
from bft.core.events import ViewsExhausted
from bft.protocols.pbft import checkpoints, normal_case
from bft.protocols.pbft.events import ViewChangeStarted, ViewEntered
from bft.protocols.pbft.messages import NewView, PrePrepare, ViewChange, well_formed
from bft.protocols.pbft.new_view import Carried
from bft.protocols.pbft.state import State


def on_view_timer(state: State) -> None:
    """The view, or the wait for its new-view, took too long."""
    state.view_timer_runs = False
    start(state, state.view + 1)


def start(state: State, view: int) -> None:
    """Leave for `view`: from here on only checkpoints, view-changes and new-views count (§4.4)."""
    if state.config.views is not None and view >= state.config.views:  # no section: rounds may be bounded
        state.emit(ViewsExhausted(state.view))
        return
    leave_for(state, view)
    state.active = False
    state.failures += 1
    message = state.keyring.sign(
        ViewChange(
            view,
            state.low,
            state.stable_proof,
            state.rules.prepared_entries(state.certificates, state.last_executed),
            state.id,
        )
    )
    state.own_view_change = message
    state.persist(("view",), view)
    state.persist(("view-change",), message)
    state.emit(ViewChangeStarted(view))
    state.emit(Broadcast(message))
    state.stop_view_timer()
    state.stop_status_timer()
    state.start_status_timer()
    state.view_changes.add(view, state.id, message)
    check_quorum(state)


def leave_for(state: State, view: int) -> None:
    """Set the view and drop what belonged to earlier ones; certificates stay."""
    state.view = view
    state.primary = state.verifier.primary(view)
    state.slots = {}
    state.ordering = set()
    state.asked = set()
    state.unordered = []
    state.view_changes.forget_through(view - 1)
    if state.future:
        state.future = {kept: slots for kept, slots in state.future.items() if kept >= view}
    if state.early:
        state.early = {place: message for place, message in state.early.items() if place[0] >= view}


def on_view_change(state: State, sender: int, message: ViewChange) -> None:
    """Somebody leaves for a view: follow a weak quorum, and as its primary gather a quorum (§4.4)."""
    if not message._well_formed and not well_formed(message):  # Byzantine input is data
        return state.drop("malformed message")
    if state.rules.check_identity and message.replica != sender:  # §4.4: signed by replica i
        return state.drop("identity differs from sender")
    if state.config.views is not None and message.view >= state.config.views:  # no section: rounds may be bounded
        return state.drop("view-change beyond the last view")
    if message.view < state.view or (message.view == state.view and state.active):  # §4.4: for a view not entered yet
        return state.drop("old view-change")
    if message.replica in state.view_changes.at(message.view):  # before it is verified, for most are sent again
        return state.drop("second view-change")
    if not state.verifier.view_change(message):  # §4.4: valid, with C and P
        return state.drop("invalid view-change")
    state.view_changes.add(message.view, message.replica, message)
    before = state.view
    later = state.view_changes.highest_above(before) if message.view > before else {}
    while later and state.system.weight(later) >= state.join_quorum:  # §4.5.2: f + 1 for greater views
        # One of them is honest, so waiting for the own timer gains nothing; the smallest view, lest a liar rushes us.
        # Again, because where stakes differ those who went further may be a weak quorum without the others.
        start(state, min(later.values()))
        later = state.view_changes.highest_above(state.view)
    if state.view == before:
        check_quorum(state)
    return None


def check_quorum(state: State) -> None:
    """With a quorum of view-changes, time the new primary; being it, make the new view (§4.4).

    Those who wait for a later view have left this one too, so they count for the time, though not for the new view:
    else a replica that moved on alone would leave the others waiting for its view-change for ever.
    """
    if state.active:  # §4.4: the view has begun
        return
    messages = state.view_changes.at(state.view)
    quorum = state.view_change_quorum
    enough = state.system.weight(messages) >= quorum
    if enough and state.is_primary:  # §4.4: 2f from others, and its own
        make_new_view(state, tuple([messages[voter] for voter in sorted(messages)]))
    elif not state.view_timer_runs and (  # §4.5.2: a timer starts with 2f + 1 view-changes for v + 1
        enough or state.system.weight({*messages, *state.view_changes.highest_above(state.view)}) >= quorum
    ):
        state.start_view_timer()


def make_new_view(state: State, view_changes: tuple[ViewChange, ...]) -> None:
    """As the new primary, announce V and O, and enter the view."""
    carried = state.verifier.carried(view_changes)
    preprepares = tuple(state.keyring.sign(entry) for entry in carried.preprepares(state.view, state.id))
    message = state.keyring.sign(NewView(state.view, view_changes, preprepares, state.id))
    state.persist(("new-view",), message)
    state.emit(Broadcast(message))
    enter(state, message, carried)


def on_new_view(state: State, message: NewView) -> None:
    """Enter a view whose primary proves that it may start, with just what follows from the proof (§4.4).

    The signature, not the sender, vouches for it: anyone may pass it on to a replica left behind.
    """
    if not well_formed(message):  # Byzantine input is data
        return state.drop("malformed message")
    if message.view < state.view or message.view == 0 or (message.view == state.view and state.active):  # §4.4
        return state.drop("old new-view")
    if state.config.views is not None and message.view >= state.config.views:  # no section: rounds may be bounded
        return state.drop("new-view beyond the last view")
    if not state.verifier.new_view(message):  # §4.4: signed properly, V valid for v + 1, O correct
        return state.drop("invalid new-view")
    if message.view > state.view:  # §4.4: whoever is behind enters it too
        leave_for(state, message.view)
        state.persist(("view",), message.view)
    state.persist(("new-view",), message)
    enter(state, message, state.verifier.carried(message.view_changes))
    return None


def enter(state: State, message: NewView, carried: Carried) -> None:
    """Start normal operation in the new view: adopt its checkpoint, its O and its next number (§4.4)."""
    state.active = True
    state.moved = True
    state.new_view = message
    voters = tuple([change.replica for change in message.view_changes])
    nulls = sum([entry.proposal.request is None for entry in message.preprepares])
    state.emit(ViewEntered(message.view, len(message.preprepares), nulls, voters))
    state.slots = state.future.pop(message.view, {})
    checkpoints.make_stable(state, carried.min_seq, carried.checkpoint_proof)
    state.next_seq = max(carried.max_seq, state.low) + 1
    for entry in message.preprepares:
        if entry.seq > state.low:  # §4.4: what is not covered by the stable checkpoint
            carry(state, entry)
    if state.pending or state.unexecuted:  # §4.4: it waits for requests to execute
        state.start_view_timer()
    else:
        state.stop_view_timer()
    state.stop_status_timer()
    if state.pending or state.last_executed < carried.max_seq or state.over:
        state.start_status_timer()
    if state.is_primary:
        for request in list(state.pending.values()):
            normal_case.propose(state, request)


def carry(state: State, entry: PrePrepare) -> None:
    """Accept one entry of O and, as a backup, prepare it, executed or not (§4.4)."""
    slot = state.slot(entry.seq)
    state.persist(("pre-prepare", entry.seq), entry)
    normal_case.accept(state, slot, entry, carried=True)
