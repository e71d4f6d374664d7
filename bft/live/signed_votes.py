"""One vote as a certificate holds it: whose, what it says for itself, and its signature.

What all votes of a certificate share (the request; in PBFT view, number and digest, in Tendermint round, height and
digest) stands there once, so that no vote can be about something else. What was signed is put together from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

SHARED = ("request", "view", "seq", "digest", "round", "height")
_BESIDE = ("replica", "signature")


class SignedVote(NamedTuple):
    """A vote.

    Attributes
    ----------
    node : int
        Whose it is.
    signature : bytes
        Of the whole message.
    said : tuple
        What it says for itself, in the order of the message's fields; nothing in PBFT.
    """

    node: int
    signature: bytes
    said: tuple[Any, ...] = ()


def signed_vote(message: Any) -> SignedVote:
    """Return a signed message as a vote."""
    said = tuple(getattr(message, name) for name in said_fields(type(message)))
    return SignedVote(message.replica, message.signature, said)


def message_of(kind: type, vote: SignedVote, shared: Mapping[str, Any]) -> Any:
    """Return the message that was signed.

    Raises `ValueError` if the vote does not say what a message of this kind says.
    """
    names = {each.name for each in fields(kind)}
    given = {name: value for name, value in shared.items() if name in names}
    return kind(**given, **_said(kind, vote), replica=vote.node, signature=vote.signature)


def vote_to_json(kind: type, vote: SignedVote) -> dict[str, Any]:
    """Return a vote in types that JSON knows."""
    said = {name: list(value) if isinstance(value, tuple) else value for name, value in _said(kind, vote).items()}
    return {"node": vote.node, **said, "signature": vote.signature.hex()}


def vote_from_json(kind: type, data: Mapping[str, Any]) -> SignedVote:
    """Read what `vote_to_json` wrote; whoever passed it on may have written 1.0 as 1."""
    said = tuple(_plain(data[name]) for name in said_fields(kind))
    return SignedVote(int(data["node"]), bytes.fromhex(data["signature"]), said)


def said_fields(kind: type) -> tuple[str, ...]:
    """Return what each message of a kind says for itself."""
    return tuple(each.name for each in fields(kind) if each.name not in (*SHARED, *_BESIDE))


def _said(kind: type, vote: SignedVote) -> dict[str, Any]:
    return dict(zip(said_fields(kind), vote.said, strict=True))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return float(value) if value.__class__ is int else value
