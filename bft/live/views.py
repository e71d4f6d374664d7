"""Where members stood in the views of PBFT or the rounds of Tendermint, once a question has ended. Pure functions."""

from __future__ import annotations

from bft.core.request import Proposal
from bft.live.answer import Seat, Stance, View
from bft.live.certificate import Certificate
from bft.live.pbft_validators import PbftValidators


def told(
    validators: PbftValidators, certificate: Certificate | None, latency_s: float, n: int
) -> tuple[tuple[Seat, ...], tuple[View, ...], int | None]:
    """Return where members stood in the view that counts, all views, and whose answer it is."""
    views = views_of(validators, n)
    counted = max((view.number for view in views), default=0)
    if certificate is not None:
        counted = deciding_view(validators, certificate.proposal, certificate.view)
    seats = seats_of(validators, counted, certificate, latency_s)
    return seats, views, None if certificate is None else validators.proposals[counted][0]


def views_of(validators: PbftValidators, n: int) -> tuple[View, ...]:
    """Return every view in which something was proposed or tried."""

    def stance(view: int, node: int) -> Stance:
        stood = validators.stood.get((view, node))
        return Stance.NOT_ASKED if stood is None else stood.stance

    return tuple(
        View(number=view, proposer=proposer, answer=answer, stances=tuple(stance(view, node) for node in range(n)))
        for view, (proposer, answer, _) in sorted(validators.proposals.items())
    )


def deciding_view(validators: PbftValidators, decided: Proposal, latest: int) -> int:
    """Return the view in which what was decided was proposed and judged; a later one may have carried it over."""
    found = (
        view
        for view in sorted(validators.proposals, reverse=True)
        if view <= latest and validators.proposals[view][1:] == (decided.answer, decided.wording)
    )
    return next(found)


def seats_of(
    validators: PbftValidators, view: int, certificate: Certificate | None, latency_s: float
) -> tuple[Seat, ...]:
    """Return where each member stood in a view."""
    names = validators.llm_calls.names
    return tuple(_seat(node, name, validators, view, certificate, latency_s) for node, name in enumerate(names))


def _seat(
    node: int, name: str, validators: PbftValidators, view: int, certificate: Certificate | None, latency_s: float
) -> Seat:
    stood = validators.standing(node, view)
    call = stood.call
    late = stood.stance is Stance.LATE
    return Seat(
        node=node,
        member=name,
        stance=stood.stance,
        reason="" if call is None else call.failure or "",
        detail="" if call is None else call.detail,
        signed=certificate is not None and node in certificate.signers,
        model="" if call is None else call.model,
        as_stated=call is None or call.as_stated,
        latency_s=latency_s - stood.asked_at_s if late else 0.0 if call is None else call.latency_s,
        answer=None if call is None else call.answer,
    )
