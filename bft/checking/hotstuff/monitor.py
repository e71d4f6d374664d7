"""The monitor of HotStuff: the state machine's invariants (S1 to S7, S9) and H1 to H11.

Each costs O(1) per event, but for walks along open branches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bft.checking.hotstuff import invariants
from bft.checking.hotstuff.facts import ChainFacts
from bft.checking.monitor import Monitor
from bft.checking.reference import Specification
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed
from bft.protocols.hotstuff import Rules


class HotStuffMonitor(Monitor):
    """Watches all honest nodes of a HotStuff run.

    Parameters
    ----------
    system, genuine, honest, specification
        As for `Monitor`.
    rules : Rules
        The variant as it should be, whatever the replicas were told.
    timeout_s : callable, optional
        The timeout of a view after a number of failures; without it timers are not judged.
    """

    def __init__(
        self,
        system: QuorumSystem,
        genuine: Callable[[Signed], bool],
        honest: Iterable[int],
        *,
        rules: Rules,
        timeout_s: Callable[[int], float] | None = None,
        specification: Specification | None = None,
    ) -> None:
        super().__init__(system, genuine, honest, specification=specification)
        self.chain = ChainFacts(system, rules, genuine, self.facts.honest, timeout_s)
        self.chain.reached = self.facts.reached

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input that a node is about to get."""
        super().hear(time_s, node, event)
        if node in self.chain.honest:
            for name, detail in invariants.hear(self.chain, node, event):
                self._breach(name, time_s, node, detail)

    def observe_step(self, time_s: float, node: int, effects: Iterable[Any]) -> None:
        """Check the events and effects of a step."""
        super().observe_step(time_s, node, effects)
        if node in self.chain.honest:
            for name, detail in invariants.step(self.chain, node, effects):
                self._breach(name, time_s, node, detail)
            self.facts.nodes[node].view = self.chain.own[node].view

    def corrupt(self, node: int) -> None:
        """The node is honest no longer."""
        super().corrupt(node)
        self.chain.honest.discard(node)
