"""PBFT as a value: see `bft.protocols.protocol`."""

from __future__ import annotations

from dataclasses import replace

from bft.core.request import Request
from bft.protocols.pbft.config import STATUS_TIMER, VIEW_TIMER, PbftConfig
from bft.protocols.pbft.messages import (
    CatchUp,
    Checkpoint,
    Commit,
    NewView,
    Prepare,
    PrePrepare,
    Status,
    ViewChange,
)
from bft.protocols.pbft.remembering import Memory
from bft.protocols.pbft.replica import PbftReplica
from bft.protocols.pbft.rules import Rules
from bft.protocols.pbft.settings import PbftSettings
from bft.protocols.pbft.words import EVENTS, catch_up_words, new_view_words, view_change_words
from bft.protocols.protocol import MessageKind, Protocol, Role, Setup

CATCHING_UP = "catching up"
MOST_VIEWS_COUNTED = 1000
"""Timeouts that are summed up for the end of a run, at most."""


def place(message: PrePrepare | Prepare | Commit) -> tuple[int, int]:
    """Return what a vote is about (§4.2)."""
    return message.view, message.seq


def digest(message: PrePrepare | Prepare | Commit) -> str:
    """Return the value that a vote is for."""
    return message.digest


def configure(setup: Setup) -> PbftConfig:
    """Return what each replica is told."""
    own: PbftSettings = setup.settings
    return PbftConfig(
        system=setup.system,
        view_timeout_s=own.view_timeout_s,
        timeout_growth=own.timeout_growth,
        timeout_cap_s=own.timeout_cap_s,
        views=setup.views,
        retransmit_s=setup.retransmit_s,
        checkpoint_interval=own.checkpoint_interval,
        window=own.window,
        rules=setup.rules or Rules(),
    )


def end_s(setup: Setup) -> float:
    """Return twice the time that the last request and all views take: nothing that may still happen is cut off."""
    config = configure(setup)
    views = setup.views or setup.system.n
    views_s = sum(config.timeout_s(failures) for failures in range(min(views, MOST_VIEWS_COUNTED)))
    return 2.0 * (setup.last_arrival_s + views_s)


PBFT = Protocol(
    name="pbft",
    package="pbft",
    replica=PbftReplica,
    configure=configure,
    end_s=end_s,
    settings=PbftSettings,
    turn_s=lambda own: own.view_timeout_s,
    reads=frozenset({
        "stakes", "requests", "operations", "restart", "machine", "service", "membership", "views", "retransmission",
    }),
    without={"rule": 'needs protocol = "ballot"'},
    messages=(
        MessageKind(PrePrepare, Role.PROPOSAL, phase="pre-prepare", slot=place, value=digest),
        MessageKind(Prepare, Role.VOTE, phase="prepare", slot=place, value=digest),
        MessageKind(Commit, Role.VOTE, phase="commit", slot=place, value=digest),
        MessageKind(ViewChange, Role.DEPARTURE, phase="view change", words=view_change_words),
        MessageKind(NewView, Role.LEADERSHIP, phase="view change", words=new_view_words),
        MessageKind(Checkpoint, Role.REPAIR, phase="checkpoint"),
        MessageKind(Request, Role.REPAIR, phase=CATCHING_UP),
        MessageKind(Status, Role.REPAIR, phase=CATCHING_UP, hidden=True),
        MessageKind(CatchUp, Role.REPAIR, phase=CATCHING_UP, words=catch_up_words),
    ),
    events=EVENTS,
    timers=(VIEW_TIMER, STATUS_TIMER),
    rules=Rules,
    transient=lambda config: replace(config, durable=False),
    remembering=Memory,
)  # fmt: skip
