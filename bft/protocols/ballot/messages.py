"""The messages of a ballot, and what of them is well formed.

A vote is signed, so that anybody may pass it on: votes make certificates, and two different votes of one voter are
evidence against it. Signatures take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bft.core.by_sender import BySender, signature_field
from bft.core.lean import lean
from bft.core.request import Request
from bft.voting import Vote


@lean
@dataclass(frozen=True, slots=True)
class Cast(BySender):
    """A replica's own answer, or None where it abstains: its vote, or its candidate where answers are judged first.

    `wording` is what else the text says to those who judge it.
    """

    request: Request
    answer: str | None
    confidence: float
    wording: str
    replica: int
    signature: bytes = signature_field()


@lean
@dataclass(frozen=True, slots=True)
class Approve(BySender):
    """The candidates that a replica's validator accepted: its vote after judging."""

    request: Request
    answers: tuple[str, ...]
    replica: int
    signature: bytes = signature_field()


@lean
@dataclass(frozen=True, slots=True)
class Ask(BySender):
    """An undecided replica says whose casts and approvals it holds, and asks for the others."""

    request: Request
    casts: tuple[int, ...]
    approvals: tuple[int, ...]
    replica: int
    signature: bytes = signature_field()


@lean
@dataclass(frozen=True, slots=True)
class Certificate:
    """Votes with which the rule decides whatever the others say; proves itself, whoever passes it on."""

    request: Request
    answer: str
    votes: tuple[Cast | Approve, ...]


Ballots = Cast | Approve


def vote_of(message: Ballots) -> Vote:
    """Return a message as the vote that the rule counts."""
    if isinstance(message, Cast):
        return Vote(voter=message.replica, answer=message.answer, confidence=message.confidence)
    first, *others = message.answers or (None,)
    return Vote(voter=message.replica, answer=first, also=tuple(str(each) for each in others))


def well_formed(message: Any, n: int) -> bool:
    """Return whether a message's fields are of their types and ranges; a liar may send anything."""
    if message.__class__ is Certificate:
        return (
            _request(message.request)
            and message.answer.__class__ is str
            and message.votes.__class__ is tuple
            and 0 < len(message.votes) <= n
            and all(each.__class__ in (Cast, Approve) and well_formed(each, n) for each in message.votes)
        )
    if not (_request(message.request) and message.replica.__class__ is int and 0 <= message.replica < n):
        return False
    if message.__class__ is Cast:
        said = message.answer is None or message.answer.__class__ is str
        sure = message.confidence.__class__ in (float, int) and 0 <= message.confidence <= 1
        return said and sure and message.wording.__class__ is str
    if message.__class__ is Approve:
        texts = message.answers.__class__ is tuple and all(each.__class__ is str for each in message.answers)
        return texts and len(message.answers) <= n
    return _nodes(message.casts, n) and _nodes(message.approvals, n)


def _request(request: Any) -> bool:
    return request.__class__ is Request and request.client.__class__ is str and request.timestamp.__class__ is int


def _nodes(nodes: Any, n: int) -> bool:
    return nodes.__class__ is tuple and len(nodes) <= n and all(each.__class__ is int for each in nodes)
