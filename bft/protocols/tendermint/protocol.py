"""Tendermint as a value: see `bft.protocols.protocol`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bft.core.request import Request
from bft.protocols.protocol import MessageKind, Protocol, Role, Setup
from bft.protocols.tendermint.config import (
    PRECOMMIT_TIMER,
    PREVOTE_TIMER,
    PROPOSE_TIMER,
    STATUS_TIMER,
    TendermintConfig,
)
from bft.protocols.tendermint.messages import CatchUp, Precommit, Prevote, Propose, Status
from bft.protocols.tendermint.replica import TendermintReplica
from bft.protocols.tendermint.rules import Rules
from bft.protocols.tendermint.settings import TendermintSettings
from bft.protocols.tendermint.words import EVENTS, catch_up_words, propose_words, status_words, vote_words

MOST_ROUNDS_COUNTED = 1000
"""Rounds whose timeouts are summed up for the end of a run, at most."""


def place(message: Any) -> tuple[int, int]:
    """Return the (height, round) in which a sender may say one thing of each kind."""
    return message.height, message.round


def value(message: Any) -> object:
    """Return what a message commits its sender to; of a proposal the valid round is a part."""
    return (message.digest, message.valid_round) if isinstance(message, Propose) else message.digest


def configure(setup: Setup) -> TendermintConfig:
    """Return what each replica is told."""
    own = TendermintSettings() if setup.settings is None else setup.settings
    return TendermintConfig(
        system=setup.system,
        propose_s=own.propose_s,
        prevote_s=own.prevote_s,
        precommit_s=own.precommit_s,
        delta_s=own.delta_s,
        views=setup.views,
        retransmit_s=setup.retransmit_s,
        checkpoint_interval=own.checkpoint_interval,
        follow_polka=own.follow_polka,
        rules=setup.rules or Rules(),
    )


def end_s(setup: Setup) -> float:
    """Return twice the time that the last request and all rounds take: nothing that may still happen is cut off.

    Heights follow one another, so each request may have to wait for a failed round of every one before it.
    """
    config = configure(setup)
    rounds = min(setup.views or setup.system.n, MOST_ROUNDS_COUNTED)
    rounds_s = sum(config.round_s(each) for each in range(rounds))
    return 2.0 * (setup.last_arrival_s + (setup.requests - 1) * config.propose_s + rounds_s)


TENDERMINT = Protocol(
    name="tendermint",
    package="tendermint",
    replica=TendermintReplica,
    configure=configure,
    end_s=end_s,
    settings=TendermintSettings,
    turn_s=lambda own: own.propose_s,
    reads=frozenset({
        "stakes", "requests", "operations", "restart", "machine", "service", "views", "retransmission",
    }),
    messages=(
        MessageKind(Propose, Role.PROPOSAL, slot=place, value=value, words=propose_words),
        MessageKind(Prevote, Role.VOTE, slot=place, value=value, words=vote_words),
        MessageKind(Precommit, Role.VOTE, slot=place, value=value, words=vote_words),
        MessageKind(Request, Role.REPAIR),
        MessageKind(Status, Role.REPAIR, words=status_words, hidden=True),
        MessageKind(CatchUp, Role.VOTE, words=catch_up_words),
    ),
    events=EVENTS,
    timers=(PROPOSE_TIMER, PREVOTE_TIMER, PRECOMMIT_TIMER, STATUS_TIMER),
    rules=Rules,
    transient=lambda config: replace(config, durable=False),
)  # fmt: skip
