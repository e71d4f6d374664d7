"""What the replicas of a ballot report and send, in words."""

from __future__ import annotations

from typing import Any

from bft.core.short_names import Names, set_words
from bft.protocols.ballot import events
from bft.protocols.protocol import EventKind


def _decides(event: events.BallotDecided, _: Names) -> str:
    when = "" if event.proved else "at the deadline "
    return f"decides {event.answer!r} {when}by the votes of {set_words(event.voters)}"


def _decides_nothing(event: events.BallotUndecided, _: Names) -> str:
    when = "whatever the others say" if event.proved else "at the deadline"
    return f"decides nothing {when}, by the votes of {set_words(event.voters)}"


EVENTS = (
    EventKind(events.BallotDecided, words=_decides, rare=True),
    EventKind(events.BallotUndecided, words=_decides_nothing, rare=True),
    EventKind(
        events.CallsSaved, words=lambda event, _: f"needs {event.calls} answers of its validator no more", rare=True
    ),
)


def answer_words(message: Any, _: Names) -> str:
    """Return a message that names one answer."""
    return f"{type(message).__name__} {message.answer!r}"


def approval_words(message: Any, _: Names) -> str:
    """Return which answers a judge accepts."""
    return f"Approve {', '.join(map(repr, message.answers)) or 'nothing'}"
