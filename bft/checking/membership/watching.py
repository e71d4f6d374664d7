"""How a monitor sees inside the instances of epochs: what each hears and does, in its own terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from bft.checking.membership.monitor import EpochMonitor, Noted
from bft.checking.pbft.shared_verifier import Judges
from bft.core.inputs import Input
from bft.core.signatures import Keyring, Signed
from bft.membership.keys import EpochKeyring
from bft.protocols.pbft import PbftConfig, PbftReplica

MonitorOf = Callable[[], EpochMonitor]


class WatchedInstance(PbftReplica):
    """An instance of PBFT that shows a monitor all that it hears and does."""

    __slots__ = ("_monitor", "_node", "_whole")

    def __init__(
        self, place: int, config: PbftConfig, ring: Any, *given: Any, whole: EpochMonitor, **more: Any
    ) -> None:
        super().__init__(place, config, ring, *given, **more)
        self._whole = whole
        self._node = ring.members[place]
        self._monitor = whole.within(ring)

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input, and note it and what comes of it for the monitor."""
        effects = super().step(now, event)
        self._whole.note(self._node, Noted(self._monitor, now, self.id, event, effects))
        return effects


def watched_instances(monitor_of: MonitorOf, judges: Judges | None = None) -> Callable[..., PbftReplica]:
    """Return what makes instances under a monitor; with `judges` they share what they have proved."""

    def make(place: int, config: PbftConfig, ring: Any, *given: Any, **more: Any) -> PbftReplica:
        instance = WatchedInstance(place, config, ring, *given, whole=monitor_of(), **more)
        if judges is not None:
            judges.share(instance)
        return instance

    return make


class SharedRing(EpochKeyring):
    """The keys of an epoch for all nodes of a world: a signature that was found good is known again by identity."""

    # By the identity of the keyring, which lives as long as its ring: a ring that nobody uses any more is forgotten.
    _made: ClassVar[WeakValueDictionary[tuple[int, int, tuple[int, ...]], SharedRing]] = WeakValueDictionary()
    _good: dict[int, Signed]

    def __new__(cls, keyring: Keyring, epoch: int, members: tuple[int, ...]) -> SharedRing:
        """Return the one ring of an epoch with these members."""
        ring = cls._made.get((id(keyring), epoch, members))
        if ring is None:
            ring = cls._made[id(keyring), epoch, members] = super().__new__(cls)
            ring._good = {}
        return ring

    def sign(self, body: Any) -> Any:
        """Return the body, signed by the node at its signer's place."""
        signed = super().sign(body)
        self._good[id(body)] = body
        return signed

    def verify(self, body: Signed) -> bool:
        """Return whether the node at its signer's place signed this body in this epoch."""
        if self._good.get(id(body)) is body:
            return True
        good = super().verify(body)
        if good:
            self._good[id(body)] = body
        return good
