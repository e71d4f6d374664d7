"""Tendermint as a subject: its replicas, what a liar can say, what must be done after stabilisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf
from typing import Any

from bft.checking.joined_monitor import JoinedMonitor
from bft.checking.ledger import Ledger
from bft.checking.liveness import requests_owed
from bft.checking.monitor import Monitor
from bft.checking.reference import LedgerSpecification, LogSpecification, ReferenceService
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.tendermint.forging import RECIPES
from bft.checking.tendermint.rounds import (
    PHASES,
    TIMERS,
    crash_rounds,
    healed_rounds,
    knowledge_rounds,
    round_schedule,
    twin_rounds,
)
from bft.checking.tendermint.watch import TendermintWatch
from bft.checking.world import World
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.protocols.tendermint import Rules, TendermintConfig, TendermintReplica
from bft.protocols.tendermint.config import STATUS_TIMER

RETRANSMIT_S = 5.0
MILESTONES = (
    ("polka", "polka"),
    ("executed", "exec"),
    ("round 1", "round1"),
    ("round 2 or later", "round2"),
    ("decided after round 0", "later"),
    ("round skipped", "skip"),
    ("value fixed", "fixed"),
)
SOMETIMES = (
    "unlocked by a polka",
    "polka after the precommit",
    "decision of a past round",
    "restart with a lock",
)
MakeTendermint = Callable[[int, Any, SymbolicKeyring], Replica]


def tendermint(
    rules: Rules | None = None, make_replica: MakeTendermint = TendermintReplica, *, follow_polka: bool = False
) -> Subject:
    """Return Tendermint, possibly with other rules or another replica: a mutant.

    Parameters
    ----------
    rules : Rules, optional
        Replaces its rules.
    make_replica : callable, optional
        Makes a replica from its number, the configuration and the keys.
    follow_polka : bool, optional
        Whether a polka stands for the verdict.
    """
    wanted = Rules() if rules is None else rules

    @lru_cache(maxsize=64)
    def config(setting: Setting) -> TendermintConfig:
        return TendermintConfig(
            system=setting.replica_system(),
            retransmit_s=RETRANSMIT_S if setting.retransmit else None,
            checkpoint_interval=setting.checkpoint_interval,
            follow_polka=follow_polka,
            rules=wanted,
        )

    def make(node: int, setting: Setting, keyring: SymbolicKeyring) -> Replica:
        replica = make_replica(node, config(setting), keyring)
        if setting.ledger and isinstance(replica, TendermintReplica):
            replica.machine = Ledger()
        return replica

    def monitor(setting: Setting, world: World) -> Monitor:
        system = setting.system()
        own = TendermintWatch(config(setting), world.keyring.verify, world.watchable, system)
        joined = JoinedMonitor(system, world.keyring.verify, world.watchable, own)
        own.reached = joined.facts.reached
        specification = LedgerSpecification() if setting.ledger else LogSpecification()
        joined.facts.service = ReferenceService(specification, 0)
        return joined

    def healing_s(world: World, correct: Sequence[int], message_s: float) -> float:
        told = config(world.setting)
        if told.retransmit_s is None:
            return inf
        latest = max(int(getattr(world.replicas[node], "view", 0)) for node in correct)
        right = TendermintConfig(system=world.system, retransmit_s=told.retransmit_s)
        return right.healing_s(latest, 1 + len(world.requests), message_s)

    def unfinished(world: World, correct: Sequence[int]) -> str | None:
        if not follow_polka and rejections(world, correct):
            return None
        return requests_owed(world, correct)

    return Subject(
        name="tendermint-follow-polka" if follow_polka else "tendermint",
        make_replica=make,
        recipes=RECIPES,
        phases=PHASES,
        changes=("CatchUp",),
        view_timer="propose",
        timers=(*TIMERS, STATUS_TIMER),
        ledger=True,
        monitor=monitor,
        unfinished=unfinished,
        healing_s=healing_s,
        leader=leader,
        milestones=MILESTONES,
        sometimes=SOMETIMES,
        generators={
            "views": round_schedule,
            "knowledge": knowledge_rounds,
            "twins": twin_rounds,
            "crashes": crash_rounds,
            "healed": healed_rounds,
        },
    )


def rejections(world: World, correct: Sequence[int]) -> bool:
    """Return whether a correct node's validator has rejected a value of the height at hand: that may stop the height.

    As the paper has it, whoever rejected a value neither locks nor decides it; where q - 1 others are locked on it
    nothing is promised any more.
    """
    for node in correct:
        state = getattr(world.replicas[node], "state", None)
        if state is not None and any(verdict.value != "accept" for verdict in state.verdicts.values()):
            return True
    return False


def leader(world: World, correct: Sequence[int]) -> int:
    """Return who proposes in the latest round of the latest height."""
    states = [state for node in correct if (state := getattr(world.replicas[node], "state", None)) is not None]
    if not states:
        return correct[0]
    latest = max(states, key=lambda state: (state.height, state.round))
    return int(latest.rotation.proposer(latest.height, max(latest.round, 0)))
