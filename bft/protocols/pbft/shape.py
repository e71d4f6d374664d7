"""What shape a message must have before anyone orders, hashes or counts it: Byzantine garbage is dropped, never raised.

Only what could make a later line fail is asked for. Single votes have no predicate: the hot path compares them for
equality alone, and `normal_case.file_vote` asks for whole numbers where it does more. Votes inside a certificate are
compared with the certificate's own numbers where it is proved (`certificates`).
"""

from __future__ import annotations

from typing import Any

from bft.core.request import Proposal, Request
from bft.protocols.pbft.messages import (
    Checkpoint,
    Commit,
    Decision,
    Held,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    ViewChange,
)


def whole(*values: object) -> bool:
    """Return whether all values are whole numbers (True and 1.0 are not)."""
    for value in values:  # noqa: SIM110 - a third of the price of `all`
        if value.__class__ is not int:
            return False
    return True


def request(body: Any) -> bool:
    """Return whether this is a request with a client, a timestamp and an operation."""
    return (
        isinstance(body, Request)
        and body.client.__class__ is str
        and body.timestamp.__class__ is int
        and body.operation.__class__ is str
    )


def proposal(body: Any) -> bool:
    """Return whether this is a proposal: null, or a request with an answer in words."""
    return (
        isinstance(body, Proposal)
        and (body.request is None or request(body.request))
        and (body.answer is None or body.answer.__class__ is str)
        and body.wording.__class__ is str
    )


def preprepare(body: Any) -> bool:
    """Return whether the pre-prepare has numbers where numbers belong, and carries a proposal."""
    return (
        body.__class__ is PrePrepare
        and whole(body.view, body.seq, body.replica)
        and body.digest.__class__ is str
        and proposal(body.proposal)
    )


def votes(bodies: Any, kind: type[Prepare | Commit | Checkpoint]) -> bool:
    """Return whether this is a tuple of votes of one kind; what they say is compared where they prove something."""
    if not isinstance(bodies, tuple):
        return False
    for vote in bodies:  # noqa: SIM110 - as above
        if vote.__class__ is not kind:
            return False
    return True


def checkpoint(body: Any) -> bool:
    """Return whether the checkpoint has a number and a digest."""
    return body.__class__ is Checkpoint and whole(body.seq, body.replica) and body.state_digest.__class__ is str


def view_change(body: Any) -> bool:
    """Return whether the view-change has numbers, checkpoints and certificates."""
    return (
        whole(body.view, body.low, body.replica)
        and votes(body.checkpoint_proof, Checkpoint)
        and isinstance(body.prepared, tuple)
        and all(
            certificate.__class__ is PreparedCertificate
            and preprepare(certificate.preprepare)
            and votes(certificate.prepares, Prepare)
            for certificate in body.prepared
        )
    )


def new_view(body: Any) -> bool:
    """Return whether the new-view has numbers, view-changes and pre-prepares."""
    return (
        whole(body.view, body.replica)
        and isinstance(body.view_changes, tuple)
        and all(change.__class__ is ViewChange and view_change(change) for change in body.view_changes)
        and isinstance(body.preprepares, tuple)
        and all(map(preprepare, body.preprepares))
    )


def status(body: Any) -> bool:
    """Return whether the status has numbers where numbers belong."""
    return (
        whole(body.view, body.last_executed, body.low, body.replica)
        and isinstance(body.held, tuple)
        and all(held.__class__ is Held and whole(held.seq, held.prepares, held.commits) for held in body.held)
    )


def catch_up(body: Any) -> bool:
    """Return whether the answer has checkpoints and decisions; its snapshot is anything until its digest is proved."""
    return (
        whole(body.replica)
        and isinstance(body.checkpoint_proof, tuple)
        and all(map(checkpoint, body.checkpoint_proof))
        and isinstance(body.decisions, tuple)
        and all(
            decision.__class__ is Decision
            and whole(decision.view, decision.seq)
            and proposal(decision.proposal)
            and votes(decision.commits, Commit)
            for decision in body.decisions
        )
    )
