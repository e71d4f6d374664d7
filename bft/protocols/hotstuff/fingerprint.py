"""What a replica's future depends on, as one hashable value: equal fingerprints mean equal behaviour from here on.

Left out is what no later step looks at: who signed a certificate (a valid one proves the same whoever signed it), how
long timers run, how many inputs were dropped, and timeouts of views that were left, unless a leader of HotStuff-2 still
waits for them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from bft.core.request import Request
from bft.protocols.hotstuff.messages import (
    NewView,
    Phase,
    Propose,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    Vote,
)
from bft.protocols.hotstuff.state import State


def of_state(state: State) -> Hashable:
    """Return the fingerprint of a replica's state."""
    since = state.view - (state.wait_timer_runs and state.leads)
    return (
        state.id,
        state.view,
        certificate(state.entry),
        timeout_certificate(state.tc),
        certificate(state.high),
        certificate(state.locked),
        certificate(state.commit),
        state.voted,
        state.phases,
        tuple(sorted((phase, vote.node) for phase, vote in state.own_votes.items())),
        state.left,
        state.formed,
        tuple(sorted([node.digest for node in state.tree.open])),
        state.tree.committed.digest,
        None if state.proposal is None else of_message(state.proposal),
        certificate(state.phase),
        None if state.own_proposal is None else of_message(state.own_proposal),
        tuple(
            [(key, tuple(sorted((each, vote.node) for each, vote in box.items()))) for key, box in state.votes.items()]
        ),
        tuple(
            [
                (view, tuple(sorted((each, vote.high.view) for each, vote in box.items())))
                for view, box in state.timeouts.items()
                if view >= since
            ]
        ),
        tuple(
            [
                (view, tuple(sorted((each, vote.high.view) for each, vote in box.items())))
                for view, box in state.new_views.items()
                if view >= state.view
            ]
        ),
        tuple(sorted(state.missing)),
        tuple(sorted((sender, *[each.digest for each in said]) for sender, said in state.shares.items())),
        tuple(sorted((place, of_message(held[1])) for place, held in state.held.items())),
        tuple(sorted(request.key for request in state.pending.values())),
        state.asked,
        None if state.ready is None else state.ready.digest,
        tuple(sorted(state.verdicts)),
        tuple(sorted(state.judging)),
        state.last_executed,
        state.announced,
        state.machine.digest(),
        state.view_timer_runs,
        state.wait_timer_runs,
        state.exhausted,
    )


def certificate(qc: QuorumCertificate | None) -> Hashable:
    """Return what a certificate proves."""
    return None if qc is None else (qc.phase, qc.view, qc.node)


def timeout_certificate(tc: TimeoutCertificate | None) -> Hashable:
    """Return what a timeout certificate proves."""
    return None if tc is None else (tc.view, tc.high)


def of_message(message: Any) -> Hashable:
    """Return the fingerprint of a message: equal for messages that every replica treats alike.

    Raises `TypeError` if it is a message of catching up, whose contents depend on who asked.
    """
    kind = message.__class__.__name__
    if isinstance(message, Propose):
        return (kind, message.node.digest, certificate(message.entry), timeout_certificate(message.tc), message.replica)
    if isinstance(message, Vote):
        return (kind, message.phase, message.view, message.node, message.replica)
    if isinstance(message, Phase):
        return (kind, certificate(message.qc), message.replica)
    if isinstance(message, NewView):
        proof = (certificate(message.entry), timeout_certificate(message.tc))
        return (kind, message.view, certificate(message.high), *proof, message.replica)
    if isinstance(message, Timeout):
        proof = (certificate(message.entry), timeout_certificate(message.tc))
        return (kind, message.vote.view, certificate(message.high), *proof, message.replica)
    if isinstance(message, Request):
        return (kind, *message.key)
    raise TypeError(f"{kind} has no fingerprint")
