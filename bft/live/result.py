"""What became of a question: from what members said, and what was signed, to the answer that is returned.

Pure functions over a question that has ended. What its states mean is said in `answer`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.live.answer import PanelAnswer, Seat, Stance, State
from bft.live.calls import OUT_OF_TIME, OVERSPENT
from bft.live.caveats import by_minority, caveats
from bft.live.certificate import Certificate
from bft.live.comparing import Described
from bft.live.diversity import TOO_FEW, Diversity
from bft.live.host import AsyncioHost, Ending, PanelValidators
from bft.live.keys import PublicKeys
from bft.live.question import Question
from bft.live.rule_settings import BallotRule, ConsensusRule, described
from bft.live.transcript import Call


def conclude(
    question: Question,
    asked: PanelValidators,
    host: AsyncioHost,
    ending: Ending,
    *,
    rule: ConsensusRule | BallotRule,
    public: PublicKeys,
    latency_s: float,
    diversity: Diversity | None = None,
) -> PanelAnswer:
    """Put the answer together.

    Parameters
    ----------
    question : Question
        What was asked.
    asked : PanelValidators
        What the members said.
    host : AsyncioHost
        What the nodes signed.
    ending : Ending
        How it ended.
    rule : ConsensusRule or one of the ballots' rules
        By what rule.
    public : mapping
        The public keys.
    latency_s : float
        How long it took.
    diversity : Diversity or None
        Of how many providers or models those who stand behind it must be.
    """
    counted = None if isinstance(rule, ConsensusRule) else diversity
    certificate = _certificate(host, ending, rule, public, asked.comparison.settings, counted)
    seats, views, proposer = host.rule.told(asked, certificate, latency_s, host.system.n)
    withheld = counted is not diversity and certificate is not None and not _spanned(diversity, seats)
    certificate, proposer = (None, None) if withheld else (certificate, proposer)
    calls = asked.llm_calls.calls
    attempts = [attempt for call in calls for attempt in call.attempts]
    return PanelAnswer(
        id=question.id,
        question=question.text,
        rule=described(rule),
        state=_state(certificate, seats, in_views=isinstance(rule, ConsensusRule)),
        text=None if certificate is None else certificate.text,
        why=TOO_FEW if withheld else _why(certificate, ending, seats),
        proposer=proposer,
        seats=seats,
        views=views,
        calls=tuple(calls),
        certificate=certificate,
        latency_s=latency_s,
        tokens_in=sum(attempt.tokens_in for attempt in attempts),
        tokens_out=sum(attempt.tokens_out for attempt in attempts),
        cost=_cost(calls),
        dropped=_dropped(host),
        caveats=caveats(rule, host.system),
    )


def _spanned(diversity: Diversity | None, seats: Sequence[Seat]) -> bool:
    """Return whether those who proposed or accepted are of enough providers or models."""
    behind = {seat.node for seat in seats if seat.stance in (Stance.PROPOSED, Stance.ACCEPTED)}
    return diversity is None or diversity.spanned(behind)


def _certificate(
    host: AsyncioHost,
    ending: Ending,
    rule: ConsensusRule | BallotRule,
    public: PublicKeys,
    compare: Described,
    diversity: Diversity | None,
) -> Certificate | None:
    if ending is not Ending.DECIDED or host.proof is None:
        return None
    certificate = Certificate.of(
        host.proof, rule=rule, system=host.system, public=public, compare=compare, diversity=diversity
    )
    if not certificate.verify(public):  # never seen; but what cannot be proved is not returned as decided
        raise AssertionError("a decision without a proof")
    return certificate


def _why(certificate: Certificate | None, ending: Ending, seats: Sequence[Seat]) -> str:
    """Say why there is no answer: lack of money or time, too, where abstentions for it left nothing to decide."""
    if certificate is not None:
        return ""
    reasons = [seat.reason for seat in seats]
    return next((reason for reason in (OVERSPENT, OUT_OF_TIME) if reason in reasons), ending.value)


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


def _state(certificate: Certificate | None, seats: Sequence[Seat], *, in_views: bool) -> State:
    if certificate is None:
        return State.NO_QUORUM
    behind = len(certificate.signers) if in_views else sum(seat.stance is Stance.AGREED for seat in seats)
    if by_minority(behind, len(seats)):
        return State.DEGRADED
    missing = (Stance.FAILED, Stance.UNPARSEABLE)
    whole = all(seat.stance not in missing and not seat.reason and seat.as_stated for seat in seats)
    return State.DECIDED if whole else State.DEGRADED
