"""The protocols that ship with the laboratory, as subjects to examine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from math import inf
from typing import Any, TypeVar

from bft.checking.forging import RECIPES
from bft.checking.ledger import Ledger
from bft.checking.monitor import Monitor, Timing
from bft.checking.reference import LedgerSpecification, LogSpecification
from bft.checking.setting import Setting
from bft.checking.shared_verifier import Judges
from bft.checking.snapshot_forging import SNAPSHOT_RECIPES
from bft.checking.subject import Subject
from bft.checking.world import World
from bft.core.inputs import Input
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import PbftConfig, PbftReplica, Rules

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
    wanted = Rules() if rules is None else rules

    latest: tuple[Setting, PbftConfig] | None = None

    def config(setting: Setting) -> PbftConfig:
        nonlocal latest
        if latest is None or latest[0] is not setting:  # all replicas of a world are made from one setting
            made = PbftConfig(
                system=setting.replica_system(),
                checkpoint_interval=setting.checkpoint_interval,
                window=setting.window,
                retransmit_s=RETRANSMIT_S if setting.retransmit else None,
                rules=wanted,
            )
            latest = (setting, made)
        return latest[1]

    def monitor(setting: Setting, world: World) -> Monitor:
        return Monitor(
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
        told = replace(config(world.setting), system=world.system, rules=Rules())
        return told.healing_s(latest_view(world, correct), message_s) if told.retransmit_s is not None else inf

    return Subject(
        name="pbft",
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


def latest_view(world: World, nodes: Sequence[int]) -> int:
    """Return the latest view that any of these nodes is in."""
    return max(int(getattr(world.replicas[node], "view", 0)) for node in nodes)


@cache
def _config() -> PbftConfig:
    return PbftConfig(system=Setting().system())


def timing_of(config: PbftConfig) -> Timing:
    """Return how the view timer of a configuration should run."""
    return Timing(base_s=config.view_timeout_s, growth=config.timeout_growth, cap_s=config.timeout_cap_s)


AnyWorld = TypeVar("AnyWorld", bound=World)


def watched(subject: Subject, setting: Setting, *, record: bool = False) -> tuple[World, Monitor]:
    """Return a world with the protocol's monitor upon it.

    Parameters
    ----------
    subject : Subject
        The protocol; of those that bring no monitor only the state machine is watched (S1 to S6).
    setting : Setting
        What the world is built from.
    record : bool, optional
        Keep the trace.
    """
    return watch(World(subject, setting, record=record))


def watch(world: AnyWorld) -> tuple[AnyWorld, Monitor]:
    """Let the protocol's monitor watch a world, before its first step; liars may use what it knows."""
    subject, setting = world.subject, world.setting
    if subject.monitor is None:
        monitor = Monitor(setting.system(), world.keyring.verify, world.watchable)
    else:
        monitor = subject.monitor(setting, world)
    monitor.facts.made = world.requests.__len__
    world.watch(monitor)
    return world, monitor


class FullCheck:
    """Puts the full monitor upon the replicas of any host: `simulate(scenario, seed, make_replica=FullCheck())`.

    Nodes whose keys the adversary holds are not judged. One object watches one run; afterwards see `monitor`.
    """

    def __init__(self, make_replica: MakePbft = PbftReplica) -> None:
        self._make_replica = make_replica
        self._monitor: Monitor | None = None

    @property
    def monitor(self) -> Monitor:
        """The monitor of the run, which must have begun."""
        assert self._monitor is not None, "no replica was made yet"
        return self._monitor

    def __call__(self, node: int, config: Any, keyring: SymbolicKeyring) -> Replica:
        """Return a replica that is watched."""
        if self._monitor is None:
            self._monitor = Monitor(
                config.system,
                keyring.verify,
                [each for each in range(config.system.n) if each not in keyring.corrupted],
                **(_pbft_measures(config) if isinstance(config, PbftConfig) else {}),
                specification=LogSpecification() if self._make_replica is PbftReplica else None,
            )
        return WatchedReplica(self._make_replica(node, config, keyring), self._monitor)


def _pbft_measures(config: PbftConfig) -> dict[str, Any]:
    """Return what the invariants of PBFT need; of other protocols only the state machine is watched."""
    return {
        "checkpoint_interval": config.checkpoint_interval,
        "window": config.window,
        "timing": timing_of(config),
    }


class WatchedReplica:
    """A replica that shows a monitor all that it hears and does."""

    def __init__(self, replica: Replica, monitor: Monitor) -> None:
        self.id = replica.id
        self._replica = replica
        self._monitor = monitor

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input, and let the monitor see it and what comes of it."""
        self._monitor.hear(now, self.id, event)
        effects = self._replica.step(now, event)
        self._monitor.observe_step(now, self.id, effects)
        return effects

    @property
    def progress(self) -> tuple[int, ...] | None:
        """That of the replica, where its class has one."""
        known = type(self._replica).__dict__.get("progress")
        return None if known is None else known.__get__(self._replica)
