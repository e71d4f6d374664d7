"""The full monitor of a protocol upon the replicas of any host: what check = "full" watches in simulations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from bft.checking.monitor import Monitor
from bft.core.inputs import Input
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.signatures import SymbolicKeyring
from bft.errors import ScenarioError, bad_value
from bft.protocols.protocol import Protocol as ProtocolValue
from bft.protocols.registry import companion, load, protocol_of
from bft.record.safety import Breach

SUBJECTS = "bft.checking.subjects"
"""Where the laboratory keeps what it knows of each protocol."""

MakeReplica = Callable[[int, Any, SymbolicKeyring], Replica]


class Watch(Protocol):
    """What a protocol's own monitor must have."""

    breaches: list[Breach]

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input that a node is about to get."""

    def observe_step(self, time_s: float, node: int, effects: Sequence[Any]) -> None:
        """Check the events and effects of a step."""


class FullCheck:
    """Puts the full monitor upon replicas: `simulate(scenario, seed, make_replica=FullCheck())`.

    Nodes whose keys the adversary holds are not judged. One object watches one run; afterwards see `breaches`.

    Parameters
    ----------
    make_replica : callable, optional
        Makes a replica from a node's number, the configuration and the keys; by default the protocol's own.
    protocol : Protocol, optional
        Whose invariants are watched; by default PBFT's.
    system : QuorumSystem, optional
        By which to judge the state machine; by default that of the configuration.
    specified : bool, optional
        Whether replicas execute into a log of answers, as they do by default; else what they should do is not judged.
    """

    def __init__(
        self,
        make_replica: MakeReplica | None = None,
        protocol: ProtocolValue | None = None,
        *,
        system: QuorumSystem | None = None,
        specified: bool | None = None,
    ) -> None:
        self._protocol = protocol_of("pbft") if protocol is None else protocol
        self._make_replica: MakeReplica = self._protocol.replica if make_replica is None else make_replica
        self._system = system
        self._specified = self._make_replica is self._protocol.replica if specified is None else specified
        self._monitors: list[Any] = []

    @property
    def monitor(self) -> Monitor:
        """The monitor of the run, which must have begun."""
        assert self._monitors, "no replica was made yet"
        found = self._monitors[0]
        assert isinstance(found, Monitor)
        return found

    @property
    def breaches(self) -> list[Breach]:
        """What did not hold, in order of time."""
        found = [breach for monitor in self._monitors for breach in monitor.breaches]
        return sorted(found, key=lambda each: each.time_s) if len(self._monitors) > 1 else found

    def __call__(self, node: int, config: Any, keyring: SymbolicKeyring) -> Replica:
        """Return a replica that is watched."""
        if not self._monitors:
            self._monitors = self._made(config, keyring)
        return WatchedReplica(self._make_replica(node, config, keyring), self._monitors)

    def _made(self, config: Any, keyring: SymbolicKeyring) -> list[Any]:
        """Return the protocol's monitor; beside one that knows its own invariants alone, that of the state machine."""
        system = config.system if self._system is None else self._system
        honest = [node for node in range(system.n) if node not in keyring.corrupted]
        make = own_monitor(self._protocol)
        own = None if make is None else make(config, keyring, honest)
        if isinstance(own, Monitor):
            if not self._specified:
                own.facts.service = None
            return [own]
        plain = Monitor(system, keyring.verify, honest)
        return [plain] if own is None else [plain, checked(own, self._protocol)]


def own_monitor(protocol: ProtocolValue) -> Callable[[Any, SymbolicKeyring, Collection[int]], Any] | None:
    """Return what makes a protocol's own monitor: what it brings, or its companion here; None without either."""
    given = protocol.monitor
    if isinstance(given, str):
        given = load(given, field=f"protocol {protocol.name}: monitor")
    if given is not None:
        return given
    return getattr(companion(SUBJECTS, protocol), "monitor", None)


def checked(own: Any, protocol: ProtocolValue) -> Watch:
    """Refuse a monitor that cannot watch."""
    for part in ("hear", "observe_step"):
        if not callable(getattr(own, part, None)):
            raise ScenarioError(bad_value(f"protocol {protocol.name}: monitor", own, f"must have a method {part}"))
    if not isinstance(getattr(own, "breaches", None), list):
        raise ScenarioError(bad_value(f"protocol {protocol.name}: monitor", own, "must have a list of breaches"))
    watch: Watch = own
    return watch


class WatchedReplica:
    """A replica that shows monitors all that it hears and does."""

    def __init__(self, replica: Replica, monitors: Sequence[Watch]) -> None:
        self.id = replica.id
        self._replica = replica
        self._monitors = monitors

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input, and let the monitors see it and what comes of it."""
        for monitor in self._monitors:
            monitor.hear(now, self.id, event)
        effects = self._replica.step(now, event)
        for monitor in self._monitors:
            monitor.observe_step(now, self.id, effects)
        return effects

    @property
    def progress(self) -> tuple[int, ...] | None:
        """That of the replica, where its class has one."""
        known = type(self._replica).__dict__.get("progress")
        return None if known is None else known.__get__(self._replica)
