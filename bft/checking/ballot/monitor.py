"""The full monitor of a ballot: the state machine, and B1 to B8."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import ClassVar

from bft.checking.ballot import invariants as ballots
from bft.checking.ballot.invariants import BallotFacts
from bft.checking.invariants import service, state_machine
from bft.checking.monitor import Monitor, Table, table_of
from bft.checking.reference import LogSpecification
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed


class BallotMonitor(Monitor):
    """Watches all honest nodes of a ballot.

    Parameters
    ----------
    system, genuine, honest, unpromised
        As for `Monitor`.
    ballot : BallotFacts
        How votes are counted.
    """

    table: ClassVar[Table] = table_of((state_machine, service, ballots))

    def __init__(
        self,
        system: QuorumSystem,
        genuine: Callable[[Signed], bool],
        honest: Iterable[int],
        *,
        ballot: BallotFacts,
        unpromised: Collection[str] = (),
    ) -> None:
        super().__init__(system, genuine, honest, specification=LogSpecification(), unpromised=unpromised)
        self.facts.ballot = ballot

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input that a node is about to get."""
        super().hear(time_s, node, event)
        if node in self._honest:
            for name, detail in ballots.hear(self.facts, node, event):
                self._breach(name, time_s, node, detail)
