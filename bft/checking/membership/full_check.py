"""Every invariant of epochs, and of PBFT within each, upon the replicas of any host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bft.checking.membership.model import MemberModel
from bft.checking.membership.monitor import EpochMonitor
from bft.checking.membership.watching import watched_instances
from bft.checking.pbft.subject import timing_of
from bft.core.inputs import Input
from bft.core.quorum import QuorumSystem
from bft.core.signatures import SymbolicKeyring
from bft.membership.replica import EpochReplica, Members
from bft.protocols.pbft import PbftConfig
from bft.record.safety import Breach


class MembersCheck:
    """Makes replicas over epochs that are watched; nodes whose keys the adversary holds are not judged.

    One object watches one run; afterwards see `monitor`.

    Parameters
    ----------
    members : Members
        Who the members are at first.
    """

    def __init__(self, members: Members) -> None:
        self._members = members
        self._monitor: EpochMonitor | None = None

    @property
    def monitor(self) -> EpochMonitor:
        """The monitor of the run, which must have begun."""
        assert self._monitor is not None, "no replica was made yet"
        return self._monitor

    @property
    def breaches(self) -> list[Breach]:
        """What did not hold, in order of time."""
        return self.monitor.breaches

    def __call__(self, node: int, config: PbftConfig, keyring: SymbolicKeyring) -> EpochReplica:
        """Return a node's replica, watched."""
        told = self._members
        if self._monitor is None:
            nodes = (*told.members, *told.spares)
            self._monitor = EpochMonitor(
                QuorumSystem.of(len(nodes), f=QuorumSystem.of(len(told.members)).tolerated),
                MemberModel(
                    told.members,
                    told.spares,
                    least=told.least,
                    interval=config.checkpoint_interval,
                    genuine=keyring.verify,
                ),
                keyring,
                [each for each in nodes if each not in keyring.corrupted],
                config=config,
                timing=timing_of(config),
            )
        watch = self._monitor
        rules = replace(told, instance=watched_instances(lambda: watch))
        return WatchedEpochReplica(node, rules, config, keyring, watch)


class WatchedEpochReplica(EpochReplica):
    """A replica over epochs that shows a monitor all that it hears and does."""

    def __init__(
        self, node: int, rules: Members, config: PbftConfig, keyring: SymbolicKeyring, monitor: EpochMonitor
    ) -> None:
        super().__init__(node, rules, config, keyring)
        self._monitor = monitor

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input, and let the monitor see it and what comes of it."""
        self._monitor.hear(now, self.id, event)
        effects = super().step(now, event)
        self._monitor.observe_step(now, self.id, effects)
        return effects
