"""Evidence of equivocation: two messages that no honest replica signs both (M1), so that they convict their signer.

Anybody can check it, with nothing but the signatures: that is what tells it from a suspicion. It travels as text, so
that it can be ordered like any request.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bft.core.request import Proposal, Request
from bft.core.shape import checks
from bft.core.signatures import Signed
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, PrePrepare

Vote = PrePrepare | Prepare | Commit | Checkpoint

well_formed = checks(PrePrepare, Prepare, Commit, Checkpoint)

LONGEST = 1 << 16
"""Characters of evidence that are read at all: a bound on what one message can make a replica do."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two messages that are claimed to be one replica's."""

    first: Vote
    second: Vote


def place_of(vote: Vote) -> tuple[object, ...]:
    """Return that of which a replica may say only one thing: its kind, view and number, or a checkpoint's number."""
    kind = type(vote).__name__
    return (kind, vote.seq, vote.replica) if isinstance(vote, Checkpoint) else (kind, vote.view, vote.seq, vote.replica)


def said_by(vote: Vote) -> str:
    """Return what the vote says about its place."""
    return vote.state_digest if isinstance(vote, Checkpoint) else vote.digest


def verify(evidence: Evidence, signed: Callable[[Signed], bool]) -> int | None:
    """Return whom the evidence convicts; None if it convicts nobody.

    Parameters
    ----------
    evidence : Evidence
        From anybody, a liar included.
    signed : callable
        Whether a replica of this system signed a body.
    """
    first, second = evidence.first, evidence.second
    if not (well_formed(first) and well_formed(second)):
        return None
    if place_of(first) != place_of(second) or said_by(first) == said_by(second):
        return None
    return first.replica if signed(first) and signed(second) else None


def to_text(evidence: Evidence) -> str:
    """Write evidence as one line of JSON."""
    return json.dumps([_told(evidence.first), _told(evidence.second)], separators=(",", ":"))


def from_text(text: str) -> Evidence | None:
    """Read evidence; None if it is none."""
    if len(text) > LONGEST:
        return None
    try:
        first, second = (_vote(told) for told in json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Evidence(first, second)


def _told(vote: Vote) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": type(vote).__name__, "seq": vote.seq, "replica": vote.replica}
    told["digest"] = said_by(vote)
    told["signature"] = vote.signature.hex()
    if not isinstance(vote, Checkpoint):
        told["view"] = vote.view
    if isinstance(vote, PrePrepare):
        asked = vote.proposal.request
        told["proposal"] = {"answer": vote.proposal.answer, "wording": vote.proposal.wording, "request": None}
        if asked is not None:
            told["proposal"]["request"] = [asked.client, asked.timestamp, asked.operation, asked.signature.hex()]
    return told


def _vote(told: dict[str, Any]) -> Vote:
    kind, signature = told["kind"], bytes.fromhex(told["signature"])
    if kind == "Checkpoint":
        return Checkpoint(told["seq"], told["digest"], told["replica"], signature=signature)
    if kind == "PrePrepare":
        proposal = _proposal(told["proposal"])
        return PrePrepare(told["view"], told["seq"], told["digest"], proposal, told["replica"], signature=signature)
    if kind == "Prepare":
        return Prepare(told["view"], told["seq"], told["digest"], told["replica"], signature=signature)
    if kind != "Commit":
        raise ValueError(kind)
    return Commit(told["view"], told["seq"], told["digest"], told["replica"], signature=signature)


def _proposal(told: dict[str, Any]) -> Proposal:
    request = None
    if told["request"] is not None:
        client, timestamp, operation, signature = told["request"]
        request = Request(client=client, timestamp=timestamp, operation=operation, signature=bytes.fromhex(signature))
    return Proposal(request=request, answer=told["answer"], wording=told["wording"])
