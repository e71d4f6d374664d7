"""M1 to M6 and M8: what an honest replica says, and what it believes (§4.2, §4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.checking.invariants.facts import Facts, Invariant, NodeFacts
from bft.checking.pbft.invariants.proofs import judge_new_view
from bft.core.effects import Persist, RequestVerdict
from bft.core.events import Restarted
from bft.protocols.pbft.events import PrePrepareAccepted, ViewChangeStarted, ViewEntered
from bft.protocols.pbft.messages import CatchUp, Checkpoint, Commit, NewView, Prepare, PrePrepare, Status, ViewChange

Vote = PrePrepare | Prepare | Commit
NOBODY: Mapping[int, str] = {}


def one_digest(facts: Facts, node: int, message: Vote) -> str | None:
    """M1: one digest per kind, view and number, also across a restart."""
    said = facts.votes.get((message.__class__, message.view, message.seq), NOBODY).get(node)
    if said is not None and said != message.digest:
        kind = type(message).__name__
        return f"{kind} for {said[:8]} and for {message.digest[:8]} in view {message.view} at seq {message.seq}"
    return None


def one_checkpoint(facts: Facts, node: int, message: Checkpoint) -> str | None:
    """M1: one checkpoint digest per number."""
    said = facts.votes.get((Checkpoint, 0, message.seq), NOBODY).get(node)
    if said is not None and said != message.state_digest:
        return f"two checkpoints for seq {message.seq}"
    return None


def one_view_message(facts: Facts, node: int, message: ViewChange | NewView) -> str | None:
    """M1: one view-change and one new-view per view."""
    if message.replica != node:
        return None
    said: Any = facts.votes.get((message.__class__, message.view, 0), NOBODY).get(node)
    if said is not None and said is not message and said != message:
        return f"two different {type(message).__name__} messages for view {message.view}"
    return None


def acceptable(facts: Facts, node: int, event: PrePrepareAccepted) -> str | None:
    """M2: the primary's own pre-prepare, of this view, alone in its place, with its digest and a real request."""
    fault = _unacceptable(facts, facts.nodes[node], event)
    return None if fault is None else f"view {event.view} seq {event.seq}: {fault}"


def _unacceptable(facts: Facts, own: NodeFacts, event: PrePrepareAccepted) -> str | None:
    message = own.received.get(event.seq)
    if event.view != own.view or not own.active:
        return f"accepted in view {own.view}{'' if own.active else ', which it has left'}"
    if own.accepted.get((event.view, event.seq), event.digest) != event.digest:
        return "a second digest accepted"
    if message is None or message.view != event.view or message.digest != event.digest:
        return "accepted without a pre-prepare"
    if message.replica != facts.primary(event.view):
        return f"accepted from node {message.replica}, which is not the primary"
    if message.proposal.digest != event.digest:
        return "accepted with a digest that is not its proposal's"
    request = message.proposal.request
    if request is not None and not facts.genuine(request):
        return "accepted with a request that no client signed"
    if request is None and not event.carried:
        return "null request accepted outside a new view"
    return None


def really_signed(facts: Facts, node: int, event: PrePrepareAccepted) -> str | None:
    """M4: who is named as the sender of an accepted pre-prepare has signed it."""
    message = facts.nodes[node].received.get(event.seq)
    if message is not None and message.digest == event.digest and not facts.genuine(message):
        return f"view {event.view} seq {event.seq}: pre-prepare not signed by node {message.replica}"
    return None


def in_window(facts: Facts, node: int, event: PrePrepareAccepted | Vote) -> str | None:
    """M5: h < seq ≤ h + L on accept and on emit (§4.3)."""
    low = facts.nodes[node].low
    if not low < event.seq <= low + facts.window:
        return f"{type(event).__name__} for seq {event.seq} outside ({low}, {low + facts.window}]"
    return None


def no_prepare_by_primary(facts: Facts, node: int, message: Prepare) -> str | None:
    """M3: the primary sends no prepare."""
    return f"prepare sent by the primary of view {message.view}" if node == facts.primary(message.view) else None


def votes_for_accepted(facts: Facts, node: int, message: Prepare | Commit) -> str | None:
    """M2: a vote is for the pre-prepare that was accepted."""
    if facts.nodes[node].accepted.get((message.view, message.seq)) != message.digest:
        kind = type(message).__name__
        return f"{kind} in view {message.view} at seq {message.seq} for what was not accepted"
    return None


def own_name(facts: Facts, node: int, message: Any) -> str | None:
    """M4: an honest node speaks in its own name; only a new-view, which its signature vouches for, is passed on."""
    if message.replica == node or (message.__class__ is NewView and facts.genuine(message)):
        return None
    return f"{type(message).__name__} sent in the name of node {message.replica}"


def of_this_view(facts: Facts, node: int, message: Vote) -> str | None:
    """M6: normal-case messages belong to the current view, and are silent during a view change (§4.4)."""
    own = facts.nodes[node]
    if message.view != own.view or not own.active:
        kind = type(message).__name__
        return f"{kind} of view {message.view} sent in view {own.view}{'' if own.active else ', which it has left'}"
    return None


def views_grow(facts: Facts, node: int, event: ViewChangeStarted | ViewEntered) -> str | None:
    """M6: views only grow; a view is entered once."""
    own = facts.nodes[node]
    if event.view < own.view or (event.view == own.view and (own.active or event.__class__ is ViewChangeStarted)):
        return f"{type(event).__name__} for view {event.view} in view {own.view}"
    return None


def returns_to_its_view(facts: Facts, node: int, event: Restarted) -> str | None:
    """M6, M1: a restarted node goes on in the view and after the execution where it was."""
    own = facts.nodes[node]
    if event.view != own.view:
        return f"restarted in view {event.view}, had been in {own.view}"
    return None


def asks_no_validator_again(facts: Facts, node: int, event: RequestVerdict) -> str | None:
    """V9: what a new view carries over is prepared without being judged again; null is never judged."""
    if event.proposal.request is None or (event.view, event.seq) in facts.nodes[node].owed:
        return f"view {event.view} seq {event.seq}: the validator is asked about what the new view carries over"
    return None


def approved_by_its_validator(facts: Facts, node: int, message: Prepare) -> str | None:
    """M8: a backup prepares only what its own validator has accepted, or what the new view carries over."""
    own = facts.nodes[node]
    place = (message.view, message.seq, message.digest)
    if place in own.approved or own.last_input is None:
        return None
    if node in facts.votes.get((Prepare, message.view, message.seq), NOBODY):
        return None  # sent again
    begun = own.new_view
    carried = facts.follows(begun, judge_new_view).carried if begun is not None and begun.view == message.view else {}
    if carried.get(message.seq) == message.digest:
        return None
    return f"view {message.view} seq {message.seq}: prepared what its validator has not accepted"


def learn_vote(facts: Facts, node: int, message: Vote) -> None:
    """Remember a vote; a prepare settles what is owed to the new view."""
    votes = facts.votes.get((message.__class__, message.view, message.seq))
    if votes is None:
        facts.votes[message.__class__, message.view, message.seq] = {node: message.digest}
    else:
        votes.setdefault(node, message.digest)
    if message.__class__ is Prepare:
        facts.nodes[node].owed.discard((message.view, message.seq))


def learn_checkpoint(facts: Facts, node: int, message: Checkpoint) -> None:
    """Remember a checkpoint vote."""
    facts.votes.setdefault((Checkpoint, 0, message.seq), {}).setdefault(node, message.state_digest)


def learn_view_message(facts: Facts, node: int, message: Any) -> None:
    """Remember a view-change or new-view of the node's own."""
    if message.replica == node:
        facts.votes.setdefault((message.__class__, message.view, 0), {}).setdefault(node, message)


def learn_accepted(facts: Facts, node: int, event: PrePrepareAccepted) -> None:
    """Remember what was accepted; a backup owes a prepare for what is carried over."""
    own = facts.nodes[node]
    own.accepted.setdefault((event.view, event.seq), event.digest)
    if event.carried and node != facts.primary(event.view):
        own.owed.add((event.view, event.seq))


def learn_stored(facts: Facts, node: int, event: Persist) -> None:
    """A node stores what it is about to rely on: pre-prepares and new views."""
    for key, value in event.entries:
        kind = key[0]
        if kind == "pre-prepare" and value is not None:
            facts.nodes[node].received[key[1]] = value  # type: ignore[index]
        elif kind == "new-view":
            facts.nodes[node].new_view = value


def learn_restart(facts: Facts, node: int, event: Restarted) -> None:
    """A crash costs the node what it had heard, and its count of failures."""
    own = facts.nodes[node]
    if not own.active:
        facts.reached.add("restart in a view change")
    own.heard_changes.clear()
    own.due_view = 0
    own.failures = own.changes = 0
    own.last_executed = event.last_executed
    facts.reached.add("restart")


VOTES = (PrePrepare, Prepare, Commit)
INVARIANTS = (
    *(Invariant("M4", kind, own_name, "nobody speaks in another's name") for kind in (*VOTES, Checkpoint, ViewChange)),
    *(Invariant("M4", kind, own_name, "nobody speaks in another's name") for kind in (NewView, Status, CatchUp)),
    *(Invariant("M1", kind, one_digest, "one digest per kind, view and number") for kind in VOTES),
    Invariant("M1", Checkpoint, one_checkpoint, "one checkpoint per number"),
    *(Invariant("M1", kind, one_view_message, "one message per view") for kind in (ViewChange, NewView)),
    Invariant("M2", PrePrepareAccepted, acceptable, "only acceptable pre-prepares are accepted"),
    Invariant("M4", PrePrepareAccepted, really_signed, "accepted pre-prepares are signed"),
    Invariant("M5", PrePrepareAccepted, in_window, "accepted numbers lie in the window"),
    Invariant("M3", Prepare, no_prepare_by_primary, "the primary sends no prepare"),
    Invariant("M8", Prepare, approved_by_its_validator, "backups prepare what their validators accept"),
    *(Invariant("M2", kind, votes_for_accepted, "votes are for what was accepted") for kind in (Prepare, Commit)),
    *(Invariant("M5", kind, in_window, "numbers lie in the window") for kind in VOTES),
    *(Invariant("M6", kind, of_this_view, "votes belong to the current view") for kind in VOTES),
    *(Invariant("M6", kind, views_grow, "views grow") for kind in (ViewChangeStarted, ViewEntered)),
    Invariant("M6", Restarted, returns_to_its_view, "a restart forgets no view"),
    Invariant("V9", RequestVerdict, asks_no_validator_again, "what is carried over is not judged again"),
)
LESSONS = {
    PrePrepare: learn_vote,
    Prepare: learn_vote,
    Commit: learn_vote,
    Checkpoint: learn_checkpoint,
    ViewChange: learn_view_message,
    NewView: learn_view_message,
    PrePrepareAccepted: learn_accepted,
    Persist: learn_stored,
    Restarted: learn_restart,
}
