"""PBFT as the laboratory sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from math import inf
from typing import Any

from bft.checking.invariants.facts import Timing
from bft.checking.ledger import Ledger
from bft.checking.monitor import Monitor
from bft.checking.pbft.forging import RECIPES
from bft.checking.pbft.monitor import PbftMonitor
from bft.checking.pbft.shared_verifier import Judges
from bft.checking.pbft.snapshot_forging import SNAPSHOT_RECIPES
from bft.checking.reference import LedgerSpecification, LogSpecification
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.world import World
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import PbftConfig, PbftReplica, Rules
from bft.protocols.pbft.protocol import PBFT

RETRANSMIT_S = 5.0
MILESTONES = (
    ("prepared", "prep"),
    ("committed", "comm"),
    ("view 2 or later", "view2"),
    ("non-empty O", "O"),
    ("null in O", "null"),
    ("stable checkpoint during a view change", "ckpt"),
    ("state transfer", "xfer"),
)
SOMETIMES = (
    "forged state considered",
    "null at a checkpoint",
    "restart in a view change",
    "request ordered twice",
    "state transfer",
)
PROMISED = Rules()
"""By which the time of healing is promised, whatever the replicas do."""
MakePbft = Callable[[int, Any, SymbolicKeyring], Replica]


def pbft(rules: Rules | None = None, make_replica: MakePbft = PbftReplica) -> Subject:
    """Return PBFT, possibly with other rules or another replica: a mutant.

    Parameters
    ----------
    rules : Rules, optional
        Replaces PBFT's rules.
    make_replica : callable, optional
        Makes a replica from its number, the configuration and the keys.
    """
    wanted = PROMISED if rules is None else rules

    latest: tuple[Setting, PbftConfig] | None = None

    def config(setting: Setting) -> PbftConfig:
        nonlocal latest
        if latest is None or latest[0] is not setting:  # all replicas of a world are made from one setting
            latest = (setting, configured(setting.replica_system(), setting, wanted))
        return latest[1]

    def monitor(setting: Setting, world: World) -> Monitor:
        return PbftMonitor(
            setting.system(),
            world.keyring.verify,
            world.watchable,
            checkpoint_interval=setting.checkpoint_interval,
            window=setting.window,
            timing=timing_of(_config()),
            specification=LedgerSpecification() if setting.ledger else LogSpecification(),
        )

    judges = Judges()

    def make(node: int, setting: Setting, keyring: SymbolicKeyring) -> Replica:
        replica = make_replica(node, config(setting), keyring)
        judges.share(replica)
        if setting.ledger and isinstance(replica, PbftReplica):
            replica.machine = Ledger()
        return replica

    def healing_s(world: World, correct: Sequence[int], message_s: float) -> float:
        # No more views in succession have failed than there were; by the rules as they should be.
        told = configured(world.system, world.setting, PROMISED)
        return told.healing_s(latest_view(world, correct), message_s) if told.retransmit_s is not None else inf

    return Subject(
        name="pbft",
        protocol=PBFT,
        make_replica=make,
        recipes={**RECIPES, **SNAPSHOT_RECIPES},
        phases=("PrePrepare", "Prepare", "Commit"),
        changes=("ViewChange", "NewView"),
        timers=("view", "status"),
        ledger=True,
        monitor=monitor,
        healing_s=healing_s,
        leader=lambda world, correct: latest_view(world, correct) % world.n,
        milestones=MILESTONES,
        sometimes=SOMETIMES,
    )


def configured(system: QuorumSystem, setting: Setting, rules: Rules) -> PbftConfig:
    """Return the configuration of replicas with these quorums and rules in a setting."""
    return _configured(system, setting.checkpoint_interval, setting.window, setting.retransmit, rules)


@lru_cache(maxsize=256)
def _configured(system: QuorumSystem, interval: int, window: int, retransmit: bool, rules: Rules) -> PbftConfig:
    """Return a configuration; schedule after schedule asks for the same few."""
    return PbftConfig(
        system=system,
        checkpoint_interval=interval,
        window=window,
        retransmit_s=RETRANSMIT_S if retransmit else None,
        rules=rules,
    )


def latest_view(world: World, nodes: Sequence[int]) -> int:
    """Return the latest view that any of these nodes is in."""
    return max(int(getattr(world.replicas[node], "view", 0)) for node in nodes)


@cache
def _config() -> PbftConfig:
    return PbftConfig(system=Setting().system())


def timing_of(config: PbftConfig) -> Timing:
    """Return how the view timer of a configuration should run."""
    return Timing(base_s=config.view_timeout_s, growth=config.timeout_growth, cap_s=config.timeout_cap_s)
