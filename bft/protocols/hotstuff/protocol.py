"""HotStuff's variants as values: see `bft.protocols.protocol`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.protocols.hotstuff.config import STATUS_TIMER, VIEW_TIMER, WAIT_TIMER, HotStuffConfig
from bft.protocols.hotstuff.messages import (
    Branch,
    Fetch,
    NewView,
    Phase,
    Propose,
    SavedState,
    Status,
    Timeout,
    Vote,
)
from bft.protocols.hotstuff.replica import HotStuffReplica
from bft.protocols.hotstuff.rules import BASIC, CHAINS, TWO_PHASE, Rules
from bft.protocols.hotstuff.settings import ChainedSettings, HotStuffSettings, TwoPhaseSettings
from bft.protocols.hotstuff.words import (
    EVENTS,
    branch_words,
    new_view_words,
    phase_words,
    propose_words,
    saved_state_words,
    timeout_words,
    vote_words,
)
from bft.protocols.protocol import MessageKind, Protocol, Role, Setup

MOST_VIEWS_COUNTED = 1000
"""Timeouts that are summed up for the end of a run, at most."""
STAKES = "must be left out: the leaders of HotStuff rotate one by one, whatever they stake"

RulesOf = Callable[[HotStuffSettings], Rules]


def configured(rules_of: RulesOf) -> Callable[[Setup], HotStuffConfig]:
    """Return what makes a variant's configuration from a scenario."""

    def configure(setup: Setup) -> HotStuffConfig:
        settings: HotStuffSettings = setup.settings
        return HotStuffConfig(
            system=setup.system,
            rules=setup.rules or rules_of(settings),
            view_timeout_s=settings.view_timeout_s,
            timeout_growth=settings.timeout_growth,
            timeout_cap_s=settings.timeout_cap_s,
            views=setup.views,
            retransmit_s=setup.retransmit_s,
            checkpoint_interval=settings.checkpoint_interval,
            leader_wait=settings.leader_wait if isinstance(settings, TwoPhaseSettings) else 0.1,
        )

    return configure


def ends(configure: Callable[[Setup], HotStuffConfig]) -> Callable[[Setup], float]:
    """Return what works out the end of a run: twice the time that the last request and all views take."""

    def end_s(setup: Setup) -> float:
        config = configure(setup)
        views = setup.views or setup.system.n + config.rules.run_of_leaders
        views_s = sum(config.timeout_s(failures) for failures in range(min(views, MOST_VIEWS_COUNTED)))
        return 2.0 * (setup.last_arrival_s + views_s)

    return end_s


def enough_views(rules_of: RulesOf) -> Callable[[QuorumSystem, HotStuffSettings], int]:
    """Return how many views let every run of live leaders, however it lies, come to an end: n + L − 1."""

    def views(system: QuorumSystem, settings: HotStuffSettings) -> int:
        return system.n + rules_of(settings).run_of_leaders - 1

    return views


def variant(name: str, settings: type[HotStuffSettings], rules_of: RulesOf) -> Protocol:
    """Return a variant of HotStuff as a protocol."""
    configure = configured(rules_of)
    return Protocol(
        name=name,
        package="hotstuff",
        replica=HotStuffReplica,
        configure=configure,
        end_s=ends(configure),
        settings=settings,
        views=enough_views(rules_of),
        turn_s=lambda own: own.view_timeout_s,
        reads=frozenset({"requests", "operations", "restart", "machine", "service", "views", "retransmission"}),
        without={"stakes": STAKES},
        messages=(
            MessageKind(
                Propose,
                Role.PROPOSAL,
                slot=lambda message: message.node.view,
                value=lambda message: message.node.digest,
                words=propose_words,
            ),
            MessageKind(
                Vote,
                Role.VOTE,
                slot=lambda message: (message.view, message.phase),
                value=lambda message: message.node,
                words=vote_words,
            ),
            MessageKind(Phase, Role.LEADERSHIP, words=phase_words),
            MessageKind(NewView, Role.DEPARTURE, words=new_view_words),
            MessageKind(Timeout, Role.DEPARTURE, words=timeout_words),
            MessageKind(Request, Role.REPAIR),
            MessageKind(Fetch, Role.REPAIR, hidden=True),
            MessageKind(Branch, Role.REPAIR, words=branch_words),
            MessageKind(SavedState, Role.REPAIR, words=saved_state_words),
            MessageKind(Status, Role.REPAIR, hidden=True),
        ),
        events=EVENTS,
        timers=(VIEW_TIMER, STATUS_TIMER, WAIT_TIMER),
        rules=Rules,
        transient=lambda config: replace(config, durable=False),
    )


def _basic(_: HotStuffSettings) -> Rules:
    return BASIC


def _two_phase(_: HotStuffSettings) -> Rules:
    return TWO_PHASE


def _chained(settings: HotStuffSettings) -> Rules:
    assert isinstance(settings, ChainedSettings)
    return CHAINS[settings.chain]


HOTSTUFF = variant("hotstuff", HotStuffSettings, _basic)
HOTSTUFF_2 = variant("hotstuff-2", TwoPhaseSettings, _two_phase)
HOTSTUFF_CHAINED = variant("hotstuff-chained", ChainedSettings, _chained)
