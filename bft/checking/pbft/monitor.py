"""The full monitor of PBFT: every invariant of its votes, certificates, view changes and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, ClassVar

from bft.checking.invariants import service, state_machine
from bft.checking.invariants.facts import Facts, Invariant, NodeFacts, Timing
from bft.checking.monitor import Monitor, Table, table_of
from bft.checking.pbft.invariants import certificates, checkpoints, messages, view_changes
from bft.checking.pbft.invariants.proofs import view_change_fault
from bft.checking.reference import Specification
from bft.core.inputs import ClientRequest, Deliver, Restart, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed
from bft.core.verdict import Verdict
from bft.protocols.pbft.messages import ViewChange

ROOMS = (state_machine, service, certificates, view_changes, messages, checkpoints)
INVARIANTS: tuple[Invariant, ...] = tuple(each for room in ROOMS for each in room.INVARIANTS)


class PbftMonitor(Monitor):
    """Watches all honest nodes of a run of PBFT.

    Parameters
    ----------
    system, genuine, honest, specification, unpromised
        As for `Monitor`.
    checkpoint_interval, window : int
        K and L.
    timing : Timing, optional
        How the view timer should run.
    """

    table: ClassVar[Table] = table_of(ROOMS)

    def __init__(
        self,
        system: QuorumSystem,
        genuine: Callable[[Signed], bool],
        honest: Iterable[int],
        *,
        checkpoint_interval: int,
        window: int,
        timing: Timing | None = None,
        specification: Specification | None = None,
        unpromised: Collection[str] = (),
    ) -> None:
        facts = Facts(system, genuine, honest, checkpoint_interval=checkpoint_interval, window=window, timing=timing)
        super().__init__(system, genuine, honest, specification=specification, unpromised=unpromised, facts=facts)

    def hear(self, time_s: float, node: int, event: Any) -> None:
        """Take note of an input that a node is about to get."""
        if node not in self._honest:
            return
        own = self._nodes[node]
        kind = type(event)
        if own.due_view > own.view or own.due_checkpoint or own.due_reply is not None:
            self._missed(time_s, node, own, crashed=kind is Restart)
        own.last_input = event
        if kind is Deliver:
            if type(event.message) is ViewChange:
                self._hear_view_change(node, event.sender, event.message)
        elif kind is VerdictReady:
            if event.verdict is Verdict.ACCEPT:
                own.approved.add((event.view, event.seq, event.digest))
        elif kind is ClientRequest:
            own.due_reply = state_machine.reply_due(self.facts, node, event.request)

    def _missed(self, time_s: float, node: int, own: NodeFacts, *, crashed: bool) -> None:
        """Judge what the node owed in its last step; whoever crashed in that step could not do it."""
        if own.due_view > own.view:
            if not crashed:
                detail = f"stayed in view {own.view} though a weak quorum left for {own.due_view}"
                self._breach("LV3", time_s, node, detail)
            own.due_view = 0
        if own.due_checkpoint:
            if not crashed:
                self._breach("K4", time_s, node, checkpoints.missing_checkpoint(own.due_checkpoint))
            own.due_checkpoint = 0
        if own.due_reply is not None:
            if not crashed:
                self._breach("S9", time_s, node, state_machine.missing_reply(own.due_reply))
            own.due_reply = None

    def _hear_view_change(self, node: int, sender: int, message: ViewChange) -> None:
        """Remember who has left for which view; a weak quorum calls the node to follow (LV3)."""
        if message.replica == sender and self.facts.fault_of(message, view_change_fault) is None:
            own = self.facts.nodes[node]
            own.heard_changes.setdefault(message.view, set()).add(message.replica)
            own.due_view = view_changes.view_to_join(self.facts, node)
