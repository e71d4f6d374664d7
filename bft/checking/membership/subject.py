"""Epochs of PBFT's members as a subject: some nodes are members at first, an operator replaces them by spares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

from bft.checking.generators.draws import Draws
from bft.checking.liveness import requests_owed
from bft.checking.membership.forging import RECIPES
from bft.checking.membership.model import MemberModel
from bft.checking.membership.monitor import EpochMonitor
from bft.checking.membership.schedules import GENERATORS, LATE, change
from bft.checking.membership.watching import SharedRing, watched_instances
from bft.checking.monitor import Monitor
from bft.checking.pbft.shared_verifier import Judges
from bft.checking.pbft.subject import MILESTONES as WITHIN
from bft.checking.pbft.subject import RETRANSMIT_S, timing_of
from bft.checking.setting import Setting
from bft.checking.subject import Subject, class_name
from bft.checking.world import World
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.errors import ScenarioError, bad_value
from bft.membership.messages import InEpoch
from bft.membership.replica import EpochReplica, Members
from bft.protocols.pbft import PbftConfig
from bft.protocols.pbft.protocol import PBFT

LEAST = 4
MILESTONES = (
    ("members changed", "change"),
    ("change refused", "refuse"),
    ("epoch ended", "end"),
    ("epoch went on", "undone"),
    ("epoch entered", "epoch"),
    ("epoch 2 or later", "epoch2"),
    ("state transfer at an end", "xend"),
    ("restart after an epoch", "back"),
    ("isolated", "isol"),
    ("convicted", "guilty"),
    *((name, short) for name, short in WITHIN if short in ("comm", "view2", "xfer", "null")),
)


class SharedReplica(EpochReplica):
    """A replica over epochs that shares its keys with those of its world."""

    rings = SharedRing


MakeMember = Callable[[int, Members, PbftConfig, SymbolicKeyring], EpochReplica]


def membership(make_replica: MakeMember = SharedReplica) -> Subject:
    """Return PBFT over epochs, possibly with another replica: a mutant.

    Parameters
    ----------
    make_replica : callable, optional
        Makes a replica from its number, the first members, the configuration and the keys.
    """
    # By the identity of the keyring, which lives as long as its monitor: a world that is done with is forgotten.
    monitors: WeakValueDictionary[int, EpochMonitor] = WeakValueDictionary()
    judges = Judges()

    def monitor_of(setting: Setting, keyring: SymbolicKeyring) -> EpochMonitor:
        found = monitors.get(id(keyring))
        if found is None:
            members, spares = first_members(setting)
            interval = setting.checkpoint_interval
            model = MemberModel(members, spares, least=LEAST, interval=interval, genuine=keyring.verify)
            honest = [node for node in range(setting.n) if node not in keyring.corrupted]
            config = config_of(setting)
            found = EpochMonitor(setting.system(), model, keyring, honest, config=config, timing=timing_of(config))
            monitors[id(keyring)] = found
        return found

    def make(node: int, setting: Setting, keyring: SymbolicKeyring) -> Replica:
        watch = monitor_of(setting, keyring)
        members, spares = first_members(setting)
        instance = watched_instances(lambda: watch, judges)
        rules = Members(members=members, spares=spares, least=LEAST, instance=instance)
        return make_replica(node, rules, config_of(setting), keyring)

    def monitor(setting: Setting, world: World) -> Monitor:
        return monitor_of(setting, world.keyring)

    return Subject(
        name="membership",
        protocol=PBFT,
        make_replica=make,
        recipes=RECIPES,
        phases=("PrePrepare", "Prepare", "Commit"),
        changes=("ViewChange", "NewView"),
        timers=("view", "status"),
        monitor=monitor,
        unfinished=unfinished,
        milestones=MILESTONES,
        draw_setting=draw_setting,
        generators=GENERATORS,
        request=change,
        kind=kind_of,
    )


@lru_cache(maxsize=256)
def config_of(setting: Setting) -> PbftConfig:
    """Return what replicas are told; each epoch has a quorum system of its own."""
    return PbftConfig(
        system=QuorumSystem.of(setting.n),
        checkpoint_interval=setting.checkpoint_interval,
        window=setting.window,
        retransmit_s=RETRANSMIT_S if setting.retransmit else None,
    )


def first_members(setting: Setting) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the first members, and the spares."""
    nodes = tuple(range(setting.n))
    count = setting.n if setting.members is None else setting.members
    return nodes[:count], nodes[count:]


def kind_of(message: Any) -> str:
    """Return what a message is called: what is in the envelope, if it is in one."""
    return class_name(message.message) if isinstance(message, InEpoch) else class_name(message)


def draw_setting(
    draws: Draws, generator: str, index: int, n: int, byzantine: int | None, quorum: int | None
) -> Setting:
    """Return the setting of a schedule: four members tolerate one fault, seven two, whoever is exchanged for whom.

    Raises
    ------
    ScenarioError
        If replicas are to be told a quorum: every epoch has its own.
    """
    del index
    if quorum is not None:
        raise ScenarioError(bad_value("quorum", quorum, "must be left out: every epoch has the quorums of its members"))
    count = n if n < LEAST else LEAST + draws.below(n - LEAST + 1)
    f = QuorumSystem.of(count).tolerated
    most = f if byzantine is None or byzantine <= QuorumSystem.of(n).tolerated else byzantine
    liars = most if generator == "twins" or byzantine is not None or draws.chance(70) else draws.below(most + 1)
    nodes = tuple(sorted(draws.order(n)[:liars]))
    interval, window = draws.pick(((2, 4), (2, 4), (1, 2), (2, 5), (3, 4)))
    return Setting(
        n=n,
        members=count,
        f=f,
        byzantine=nodes,
        twins=nodes if generator == "twins" or draws.chance(5) else (),
        clients=draws.pick((1, 2, 3)),
        checkpoint_interval=interval,
        window=window,
        prompt_validators=generator == "twins" or draws.chance(90),
    )


def unfinished(world: World, correct: Sequence[int]) -> str | None:
    """Return what is still owed after stabilisation.

    Every request that no later one of its client has made void is executed by all correct members of the last epoch,
    all of whom are in it as soon as anything is asked there; and whom one of them has isolated is convicted. Nothing is
    owed by an epoch that the operator has left with more faulty members than it tolerates.
    """
    watch = world.observer
    if not isinstance(watch, EpochMonitor) or watch.beyond:
        return None
    last = len(watch.model.epochs) - 1
    members = watch.model.epochs[last].members
    owing = [node for node in correct if node in members]
    if len(members) - len(owing) > QuorumSystem.of(len(members)).tolerated:
        return None
    if LATE not in world.requests:
        owing = [node for node in owing if watch.epoch[node] == last]
    for node in owing:
        if watch.epoch[node] != last:
            return f"node {node} is in epoch {watch.epoch[node]}, of which {last} is the last"
        for culprit in sorted(watch.isolated[node]):
            if culprit not in watch.model.convicted:
                return f"node {node} has isolated {culprit}, which nobody has convicted"
    return requests_owed(world, owing)
