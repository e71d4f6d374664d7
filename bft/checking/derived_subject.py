"""A protocol that says nothing more of itself than its description, as a subject to examine.

What the laboratory then knows: its replicas, phases, timers, and monitor. It forges nothing in its name but what twins
and mutations of messages in flight bring about, and demands that everything asked is executed after stabilisation only
of protocols that retransmit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from bft.checking.full_check import checked, own_monitor
from bft.checking.joined_monitor import JoinedMonitor
from bft.checking.monitor import Monitor
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.world import World
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.protocols.protocol import Protocol, Role, Setup
from bft.voting import Quorum

RETRANSMIT_S = 5.0
NO_TIMER = "none"
"""A timer that never runs, where a protocol has none."""


def derived(protocol: Protocol) -> Subject:
    """Return a protocol as a subject."""

    @lru_cache(maxsize=256)
    def config(setting: Setting) -> Any:
        return protocol.configure(setup(protocol, setting))

    def make(node: int, setting: Setting, keyring: SymbolicKeyring) -> Replica:
        return protocol.replica(node, config(setting), keyring)

    def monitor(setting: Setting, world: World) -> Monitor:
        make_own = own_monitor(protocol)
        if make_own is None:
            return Monitor(setting.system(), world.keyring.verify, world.watchable)
        own = make_own(config(setting), world.keyring, world.watchable)
        if isinstance(own, Monitor):
            return own
        return JoinedMonitor(setting.system(), world.keyring.verify, world.watchable, checked(own, protocol))

    timers = protocol.timers or (NO_TIMER,)
    names = {role: tuple(kind.__name__ for kind in protocol.kinds(role)) for role in Role}
    return Subject(
        name=protocol.name,
        protocol=protocol,
        make_replica=make,
        phases=(*names[Role.PROPOSAL], *names[Role.VOTE]),
        changes=(*names[Role.DEPARTURE], *names[Role.LEADERSHIP]),
        view_timer=timers[0],
        timers=timers,
        questions=None if "requests" in protocol.reads else 1,
        monitor=monitor,
        unfinished=None if "retransmission" in protocol.reads else nothing_owed,
        restarts="restart" in protocol.reads,
    )


def setup(protocol: Protocol, setting: Setting) -> Setup:
    """Return what a protocol is told in the laboratory: its default settings, and no bound on views."""
    system = setting.replica_system()
    return Setup(
        system=system,
        voting_rule=lambda: Quorum(system=system),
        settings=None if protocol.settings is None else protocol.settings(),
        retransmit_s=RETRANSMIT_S if setting.retransmit else None,
    )


def nothing_owed(world: World, correct: Sequence[int]) -> str | None:
    """Return that nothing is owed: whoever asks for nothing again cannot make up for what was lost."""
    del world, correct
    return None
