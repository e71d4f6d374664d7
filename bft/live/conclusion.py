"""What became of a question: from what members said, and what a quorum signed, to the answer that is returned.

Pure functions over a question that has ended. What its states mean is said in `answer`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.core.request import Proposal
from bft.live.answer import Call, PanelAnswer, Seat, Stance, State, View
from bft.live.asking import Asking
from bft.live.certificate import Certificate
from bft.live.host import AsyncioHost, Ending
from bft.live.keys import PublicKeys
from bft.live.question import Question


def conclude(
    question: Question, asking: Asking, host: AsyncioHost, ending: Ending, *, public: PublicKeys, latency_s: float
) -> PanelAnswer:
    """Put the answer together.

    Parameters
    ----------
    question : Question
        What was asked.
    asking : Asking
        What the members said.
    host : AsyncioHost
        What the nodes signed.
    ending : Ending
        How it ended.
    public : mapping
        The public keys.
    latency_s : float
        How long it took.
    """
    certificate = _certificate(host, ending, public)
    views = _views(asking, host.system.n)
    counted = max((view.number for view in views), default=0)
    if certificate is not None:
        counted = _deciding_view(asking, certificate.proposal, certificate.view)
    seats = tuple(_seat(node, name, asking, counted, certificate, latency_s) for node, name in enumerate(asking.names))
    attempts = [attempt for call in asking.calls for attempt in call.attempts]
    return PanelAnswer(
        id=question.id,
        question=question.text,
        state=_state(certificate, seats),
        text=None if certificate is None else certificate.answer,
        why="" if certificate is not None else ending.value,
        proposer=None if certificate is None else asking.proposals[counted][0],
        seats=seats,
        views=views,
        calls=tuple(asking.calls),
        certificate=certificate,
        latency_s=latency_s,
        tokens_in=sum(attempt.tokens_in for attempt in attempts),
        tokens_out=sum(attempt.tokens_out for attempt in attempts),
        cost=_cost(asking.calls),
        dropped=_dropped(host),
    )


def _certificate(host: AsyncioHost, ending: Ending, public: PublicKeys) -> Certificate | None:
    if ending is not Ending.DECIDED or host.proof is None:
        return None
    certificate = Certificate.of(host.proof, rule=host.rule.name, system=host.system, public=public)
    if not certificate.verify(public):  # never seen; but what cannot be proved is not returned as decided
        raise AssertionError("a decision without a proof")
    return certificate


def _cost(calls: Sequence[Call]) -> float | None:
    """Add up what is known to have been charged; None where an endpoint answered and the price is not known."""
    attempts = [attempt for call in calls for attempt in call.attempts]
    costs = [attempt.cost for attempt in attempts if attempt.failure is None or attempt.tokens_in or attempt.tokens_out]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _dropped(host: AsyncioHost) -> dict[str, int]:
    dropped: dict[str, int] = {}
    for post in host.posts:
        for reason, times in post.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + times
    return dropped


def _seat(node: int, name: str, asking: Asking, view: int, certificate: Certificate | None, latency_s: float) -> Seat:
    stood = asking.standing(node, view)
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
    )


def _state(certificate: Certificate | None, seats: Sequence[Seat]) -> State:
    if certificate is None:
        return State.NO_QUORUM
    missing = (Stance.FAILED, Stance.UNPARSEABLE)
    whole = all(seat.stance not in missing and seat.as_stated for seat in seats)
    return State.DECIDED if whole else State.DEGRADED


def _deciding_view(asking: Asking, decided: Proposal, latest: int) -> int:
    """Return the view in which what was decided was proposed and judged; a later one may have carried it over."""
    found = (
        view
        for view in sorted(asking.proposals, reverse=True)
        if view <= latest and asking.proposals[view][1:] == (decided.answer, decided.wording)
    )
    return next(found)


def _views(asking: Asking, n: int) -> tuple[View, ...]:
    def stance(view: int, node: int) -> Stance:
        stood = asking.stood.get((view, node))
        return Stance.NOT_ASKED if stood is None else stood.stance

    return tuple(
        View(number=view, proposer=proposer, answer=answer, stances=tuple(stance(view, node) for node in range(n)))
        for view, (proposer, answer, _) in sorted(asking.proposals.items())
    )
