"""The ballot as a value: see `bft.protocols.protocol`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.protocols.ballot.config import BallotConfig
from bft.protocols.ballot.events import BallotUndecided
from bft.protocols.ballot.messages import Approve, Ask, Cast, Certificate
from bft.protocols.ballot.replica import BallotReplica
from bft.protocols.ballot.settings import BallotSettings
from bft.protocols.ballot.state import DEADLINE, STATUS_TIMER
from bft.protocols.ballot.words import EVENTS, answer_words, approval_words
from bft.protocols.protocol import MessageKind, Protocol, Role, Setup

ROUNDS = 2  # candidates, and votes on them
PBFT_ALONE = 'needs protocol = "pbft"'


def configure(setup: Setup) -> BallotConfig:
    """Return what each replica is told; what the rule learns of the panel, it learns here."""
    own: BallotSettings = setup.settings
    rule = setup.voting_rule()
    return BallotConfig(
        system=setup.system,
        rule=rule,
        deadline_s=own.deadline_s,
        retransmit_s=setup.retransmit_s,
        judged=bool(getattr(rule, "judged", False)),
    )


def end_s(setup: Setup) -> float:
    """Return twice the time of all rounds."""
    own: BallotSettings = setup.settings
    return 2.0 * ROUNDS * own.deadline_s


def settled(trace: Any, done_at_s: Mapping[int, float]) -> Mapping[int, float]:
    """Return when each node had decided, or knew that nothing can be decided."""
    undecided = trace.of(BallotUndecided)
    open_no_more = {node: time_s for time_s, node, event in reversed(undecided) if event.proved}
    return {**open_no_more, **done_at_s}


BALLOT = Protocol(
    name="ballot",
    package="ballot",
    replica=BallotReplica,
    configure=configure,
    end_s=end_s,
    settings=BallotSettings,
    reads=frozenset({"stakes", "rule", "restart", "retransmission"}),
    without={
        "machine": PBFT_ALONE,
        "service": PBFT_ALONE,
        "membership": PBFT_ALONE,
        "requests": "must be 1: a ballot orders nothing",
        "views": "must be left out: a ballot has no views",
        "silent_primary": "a ballot has no primary",
    },
    messages=(
        MessageKind(
            Cast,
            Role.VOTE,
            slot=lambda message: message.request.key,
            value=lambda message: message.answer,
            words=answer_words,
        ),
        MessageKind(
            Approve,
            Role.VOTE,
            slot=lambda message: message.request.key,
            value=lambda message: message.answers,
            words=approval_words,
        ),
        MessageKind(Certificate, Role.VOTE, words=answer_words),
        MessageKind(Ask, Role.REPAIR),
    ),
    events=EVENTS,
    timers=(DEADLINE, STATUS_TIMER),
    settled=settled,
    binding=lambda rule: rule is None or rule.kind == "quorum",
)
