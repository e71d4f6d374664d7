"""Messages and events in words, for transcripts, diagrams and exports."""

from __future__ import annotations

from typing import Any

from bft.core import events
from bft.core.effects import Execute
from bft.core.short_names import Names, set_words


def message_words(message: Any, names: Names) -> str:
    """Return what a message says: its kind, its value, its place, and what it proves."""
    kind = type(message).__name__
    parts = [f"view {message.view}"] if hasattr(message, "view") else []
    if hasattr(message, "seq"):
        parts.append(f"seq {message.seq}")
    digest = getattr(message, "digest", None)
    value = f" {names.of(digest)}" if isinstance(digest, str) else ""
    if hasattr(message, "answer"):
        value = f" {message.answer!r}"
    if hasattr(message, "answers"):
        value = f" {', '.join(map(repr, message.answers)) or 'nothing'}"
    if hasattr(message, "prepared"):
        entries = [each.preprepare for each in message.prepared]
        held = ", ".join(f"{names.of(each.digest)} at {each.seq} of view {each.view}" for each in entries)
        parts.append(f"prepared: {held or 'nothing'}")
    if hasattr(message, "preprepares"):
        parts.append(f"V of {set_words(each.replica for each in message.view_changes)}")
        carried = ", ".join(f"{names.of(each.digest)} at {each.seq}" for each in message.preprepares)
        parts.append(f"O: {carried or 'nothing'}")
    if hasattr(message, "decisions"):
        parts += [f"snapshot proved by {set_words(each.replica for each in message.checkpoint_proof)}"] * bool(
            message.snapshot
        )
        parts += [
            f"{names.of(each.proposal.digest)} decided at {each.seq} by "
            f"{set_words(vote.replica for vote in each.commits)}"
            for each in message.decisions
        ]
    return f"{kind}{value} ({', '.join(parts)})" if parts else f"{kind}{value}"


def event_words(event: object, names: Names) -> str:
    """Return what a node reports."""
    match event:
        case events.PrePrepareAccepted(view=view, seq=seq, digest=digest, carried=carried):
            how = "takes over" if carried else "accepts"
            return f"{how} {names.of(digest)} at seq {seq} in view {view}"
        case events.Judgement(view=view, seq=seq, verdict=verdict):
            return f"judges seq {seq} of view {view}: {verdict.value}"
        case events.Prepared(view=view, seq=seq, digest=digest, voters=voters):
            return f"prepared {names.of(digest)} at seq {seq} in view {view}, by {set_words(sorted(voters))}"
        case events.Committed(view=view, seq=seq, digest=digest, voters=voters):
            return f"committed {names.of(digest)} at seq {seq} in view {view}, by {set_words(sorted(voters))}"
        case Execute(seq=seq, digest=digest, repeated=repeated):
            return f"executes {names.of(digest)} at seq {seq}{', which repeats' if repeated else ''}"
        case events.CheckpointStable(seq=seq, voters=voters):
            return f"has a stable checkpoint at seq {seq}, by {set_words(sorted(voters))}"
        case events.ViewChangeStarted(view=view):
            return f"leaves for view {view}"
        case events.ViewEntered(view=view, entries=entries, nulls=nulls, voters=voters):
            return f"enters view {view} with {entries} carried over, {nulls} null, V of {set_words(sorted(voters))}"
        case events.StateTransferred(seq=seq):
            return f"adopts the state at seq {seq}"
        case events.Restarted(view=view, last_executed=last):
            return f"is back in view {view}, executed through {last}"
        case events.BallotDecided(answer=answer, voters=voters, proved=proved):
            return f"decides {answer!r} {'' if proved else 'at the deadline '}by the votes of {set_words(voters)}"
        case events.BallotUndecided(voters=voters, proved=proved):
            when = "whatever the others say" if proved else "at the deadline"
            return f"decides nothing {when}, by the votes of {set_words(voters)}"
        case events.CallsSaved(calls=calls):
            return f"needs {calls} answers of its validator no more"
        case events.Equivocation(culprit=culprit, first=first, second=second):
            return f"holds evidence against {culprit}: {message_words(first, names)} and {message_words(second, names)}"
        case _:
            return _plain(event)


def _plain(event: object) -> str:
    kind = type(event).__name__
    if hasattr(event, "client"):
        return f"{kind} to {event.client}: {getattr(event, 'result', '')!r}"
    return f"{kind} in view {event.view}" if hasattr(event, "view") else kind
