"""HotStuff's variants as subjects: how replicas are made, what is promised after stabilisation, and when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from bft.checking.generators.drawn_settings import draw_setting
from bft.checking.generators.draws import Draws
from bft.checking.hotstuff.forging import recipes
from bft.checking.hotstuff.monitor import HotStuffMonitor
from bft.checking.hotstuff.schedules import GENERATORS
from bft.checking.ledger import Ledger
from bft.checking.liveness import requests_owed
from bft.checking.monitor import Monitor
from bft.checking.reference import LedgerSpecification, LogSpecification
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.world import World
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.protocols.hotstuff import HotStuffConfig, HotStuffReplica, Rules
from bft.protocols.hotstuff.messages import Phase, Vote
from bft.protocols.hotstuff.rules import BASIC, CHAIN_OF_2, CHAIN_OF_3, TWO_PHASE

RETRANSMIT_S = 5.0
VARIANTS = {
    "hotstuff": BASIC,
    "hotstuff-2": TWO_PHASE,
    "hotstuff-chained": CHAIN_OF_3,
    "hotstuff-chained-2": CHAIN_OF_2,
}
"""What is examined under which name; the chained variant with a chain of two has one of its own."""
MILESTONES = (
    ("vote", "vote"),
    ("certified", "qc"),
    ("locked", "lock"),
    ("committed", "comm"),
    ("empty node committed", "empty"),
    ("timeout certificate", "tc"),
    ("view 2 or later", "view2"),
    ("restart", "back"),
    ("state taken over", "state"),
)
SOMETIMES = ("timeout certificate", "empty node committed", "restart", "locked", "state taken over")
MakeHotStuff = Callable[[int, HotStuffConfig, SymbolicKeyring], Replica]


def kind(message: Any) -> str:
    """Return what a message is called: votes and certificates by their phase, as far as a liar leaves them one."""
    name: str = message.__class__.__name__
    if message.__class__ is Vote:
        return f"{name} {message.phase}"
    return f"{name} {getattr(message.qc, 'phase', '')}" if message.__class__ is Phase else name


def phases(rules: Rules) -> tuple[str, ...]:
    """Return the kinds of message of a view, in their order."""
    if rules.chain:
        return ("Propose", "Vote 0")
    steps = [each for phase in range(len(rules.phases)) for each in (f"Vote {phase}", f"Phase {phase}")]
    return ("Propose", *steps)


def hotstuff(right: Rules, rules: Rules | None = None, make_replica: MakeHotStuff = HotStuffReplica) -> Subject:
    """Return a variant, possibly with other rules or another replica: a mutant.

    Parameters
    ----------
    right : Rules
        The variant as it should be, by which the monitor judges.
    rules : Rules, optional
        What replicas are told instead.
    make_replica : callable, optional
        Makes a replica from its number, the configuration and the keys.
    """
    told = right if rules is None else rules
    name = next(name for name, each in VARIANTS.items() if each is right)
    latest: tuple[Setting, HotStuffConfig] | None = None

    def config(setting: Setting) -> HotStuffConfig:
        nonlocal latest
        if latest is None or latest[0] is not setting:  # all replicas of a world are made from one setting
            retransmit_s = RETRANSMIT_S if setting.retransmit else None
            made = HotStuffConfig(
                system=setting.replica_system(),
                rules=told,
                retransmit_s=retransmit_s,
                checkpoint_interval=setting.checkpoint_interval,
            )
            latest = (setting, made)
        return latest[1]

    def make(node: int, setting: Setting, keyring: SymbolicKeyring) -> Replica:
        replica = make_replica(node, config(setting), keyring)
        if setting.ledger and isinstance(replica, HotStuffReplica):
            replica.machine = Ledger()
        return replica

    def monitor(setting: Setting, world: World) -> Monitor:
        should = HotStuffConfig(system=setting.system(), rules=right)
        return HotStuffMonitor(
            setting.system(),
            world.keyring.verify,
            world.watchable,
            rules=right,
            timeout_s=should.timeout_s,
            specification=LedgerSpecification() if setting.ledger else LogSpecification(),
        )

    def healing_s(world: World, correct: Sequence[int], message_s: float) -> float:
        if not world.setting.retransmit or not run_of(right.run_of_leaders, correct, world.n):
            return inf
        failures = max(int(getattr(world.replicas[node], "failures", 0)) for node in correct)
        should = replace(config(world.setting), system=world.system, rules=right)
        return should.healing_s(failures, world.n - len(correct), message_s)

    def unfinished(world: World, correct: Sequence[int]) -> str | None:
        if not run_of(right.run_of_leaders, correct, world.n):
            return None
        return requests_owed(world, correct)

    return Subject(
        name=name,
        make_replica=make,
        recipes=recipes(right),
        phases=phases(right),
        changes=("Timeout",) if right.chain else ("Timeout", "NewView"),
        timers=("view", "status", "wait") if right.waits == "delay" else ("view", "status"),
        ledger=True,
        monitor=monitor,
        unfinished=unfinished,
        healing_s=healing_s,
        milestones=MILESTONES,
        sometimes=SOMETIMES,
        draw_setting=equal_stakes,
        generators=GENERATORS,
        kind=kind,
    )


def run_of(length: int, live: Collection[int], n: int) -> bool:
    """Return whether so many leaders in a row are live, cyclically: all of n, or a run of that length (see theory)."""
    alive = set(live)
    return len(alive) == n or any(all((first + step) % n in alive for step in range(length)) for first in range(n))


def equal_stakes(
    draws: Draws, generator: str, index: int, n: int, byzantine: int | None, quorum: int | None
) -> Setting:
    """Draw a setting as usual, but for stakes: leaders rotate whatever is staked, so none may be.

    Schedules about states save one after every node, so that a few views leave a node behind.
    """
    setting = draw_setting(draws, generator, index, n, byzantine, quorum)
    if generator == "states":
        setting = replace(setting, checkpoint_interval=1)
    if setting.stakes is None:
        return setting
    liars = setting.byzantine[: QuorumSystem.of(n).tolerated]
    twins = tuple(node for node in setting.twins if node in liars)
    return replace(setting, stakes=None, f=None, quorum=None, byzantine=liars, twins=twins, corruptions=0)
