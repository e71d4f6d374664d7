"""What PBFT's replicas report and send, in words and as marks of a diagram."""

from __future__ import annotations

from typing import Any

from bft.core import events as core
from bft.core.short_names import Names, set_words
from bft.core.verdict import Verdict
from bft.protocols.pbft import events
from bft.protocols.protocol import EventKind, Words


def _accepts(event: events.PrePrepareAccepted, names: Names) -> str:
    how = "takes over" if event.carried else "accepts"
    return f"{how} {names.of(event.digest)} at seq {event.seq} in view {event.view}"


def _certificate(verb: str) -> Words:
    """Return the words of a certificate: which value, where, by whom."""

    def words(event: events.Prepared | events.Committed, names: Names) -> str:
        place = f"seq {event.seq} in view {event.view}"
        return f"{verb} {names.of(event.digest)} at {place}, by {set_words(sorted(event.voters))}"

    return words


def _enters(event: events.ViewEntered, _: Names) -> str:
    carried = f"{event.entries} carried over, {event.nulls} null"
    return f"enters view {event.view} with {carried}, V of {set_words(sorted(event.voters))}"


def _refused(event: core.Judgement, _: Names) -> tuple[str, str] | None:
    return None if event.verdict is Verdict.ACCEPT else ("refused", event.verdict.value)


EVENTS = (
    EventKind(
        events.PrePrepareAccepted, words=_accepts, mark=lambda event, names: ("accepted", names.of(event.digest))
    ),
    EventKind(
        core.Judgement,
        words=lambda event, _: f"judges seq {event.seq} of view {event.view}: {event.verdict.value}",
        mark=_refused,
    ),
    EventKind(core.ProposalMissing, rare=True),
    EventKind(
        events.Prepared,
        words=_certificate("prepared"),
        mark=lambda event, names: ("prepared", names.of(event.digest)),
    ),
    EventKind(
        events.Committed,
        words=_certificate("committed"),
        mark=lambda event, names: ("committed", names.of(event.digest)),
        commits=True,
    ),
    EventKind(
        events.CheckpointStable,
        words=lambda event, _: f"has a stable checkpoint at seq {event.seq}, by {set_words(sorted(event.voters))}",
    ),
    EventKind(
        events.ViewChangeStarted,
        words=lambda event, _: f"leaves for view {event.view}",
        mark=lambda event, _: ("left the view", f"→ {event.view}"),
        leaves=True,
    ),
    EventKind(
        events.ViewEntered,
        words=_enters,
        mark=lambda event, _: ("entered a view", f"view {event.view}"),
        enters=True,
    ),
    EventKind(core.ViewsExhausted, rare=True),
)


def view_change_words(message: Any, names: Names) -> str:
    """Return what a view-change says: for which view, and what its sender has prepared."""
    entries = [each.preprepare for each in message.prepared]
    held = ", ".join(f"{names.of(each.digest)} at {each.seq} of view {each.view}" for each in entries)
    return f"ViewChange (view {message.view}, prepared: {held or 'nothing'})"


def new_view_words(message: Any, names: Names) -> str:
    """Return what a new-view says: from whose view-changes, and what it carries over."""
    carried = ", ".join(f"{names.of(each.digest)} at {each.seq}" for each in message.preprepares)
    proof = set_words(each.replica for each in message.view_changes)
    return f"NewView (view {message.view}, V of {proof}, O: {carried or 'nothing'})"


def catch_up_words(message: Any, names: Names) -> str:
    """Return what is sent to a replica left behind: a snapshot, decisions, with who proves them."""
    parts = []
    if message.snapshot:
        parts.append(f"snapshot proved by {set_words(each.replica for each in message.checkpoint_proof)}")
    parts += [
        f"{names.of(each.proposal.digest)} decided at {each.seq} by {set_words(vote.replica for vote in each.commits)}"
        for each in message.decisions
    ]
    return f"CatchUp ({', '.join(parts)})" if parts else "CatchUp"
