"""The messages of a ballot, and what of them is well formed.

A vote is signed, so that anybody may pass it on: votes make certificates, and two different votes of one voter are
evidence against it. Signatures take no part in equality.
"""

from __future__ import annotations

from typing import Any

from bft.core.by_sender import BySender, signature_field
from bft.core.lean import lean
from bft.core.request import Request
from bft.core.shape import Share, checks
from bft.voting import Vote


@lean
class Cast(BySender):
    """A replica's own answer, or None where it abstains: its vote, or its candidate where answers are judged first.

    `wording` is what else the text says to those who judge it.
    """

    request: Request
    answer: str | None
    confidence: Share
    wording: str
    replica: int
    signature: bytes = signature_field()


@lean
class Approve(BySender):
    """The candidates that a replica's validator accepted: its vote after judging."""

    request: Request
    answers: tuple[str, ...]
    replica: int
    signature: bytes = signature_field()


@lean
class Ask(BySender):
    """An undecided replica says whose casts and approvals it holds, and asks for the others."""

    request: Request
    casts: tuple[int, ...]
    approvals: tuple[int, ...]
    replica: int
    signature: bytes = signature_field()


@lean
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


_typed = checks(Cast, Approve, Ask, Certificate, Request)


def well_formed(message: Any, n: int) -> bool:
    """Return whether a message's fields are of their types and ranges; a liar may send anything."""
    if not _typed(message):
        return False
    kind = message.__class__
    if kind is Certificate:
        return 0 < len(message.votes) <= n and all(well_formed(vote, n) for vote in message.votes)
    if kind is Request:
        return True
    if message.replica >= n:
        return False
    if kind is Ask:
        return _nodes(message.casts, n) and _nodes(message.approvals, n)
    return kind is Cast or len(message.answers) <= n


def _nodes(nodes: tuple[int, ...], n: int) -> bool:
    return len(nodes) <= n and all(node < n for node in nodes)
