"""The full monitor: every invariant over every event of every honest node, O(1) per event.

Hosts call `observe` with each event and effect of a node, and `hear` with each input before the node gets it (without
it the rules that need to know why a node left its view stay silent). The plain S1–S3 monitor for fast simulations is
`bft.record.safety`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from bft.checking.invariants import (
    ballots,
    certificates,
    checkpoints,
    messages,
    service,
    state_machine,
    view_changes,
)
from bft.checking.invariants.ballots import BallotFacts
from bft.checking.invariants.facts import Check, Facts, Invariant, Timing
from bft.checking.invariants.proofs import view_change_fault
from bft.checking.reference import ReferenceService, Specification
from bft.core.effects import Broadcast, Send
from bft.core.inputs import ClientRequest, Deliver, Restart, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed
from bft.core.verdict import Verdict
from bft.protocols.pbft.messages import ViewChange
from bft.record.safety import Breach

Lesson = Callable[[Facts, int, Any], None]
MANY = 32
"""Breaches kept per run: the first one matters, and whether a split follows."""


def _table(rooms: Sequence[Any]) -> dict[type, tuple[tuple[tuple[str, Check], ...], tuple[Lesson, ...]]]:
    """Return, for each type of event, its checks and then its lessons."""
    kinds = dict.fromkeys(kind for room in rooms for kind in (*(each.on for each in room.INVARIANTS), *room.LESSONS))
    return {
        kind: (
            tuple((each.name, each.check) for room in rooms for each in room.INVARIANTS if each.on is kind),
            tuple(room.LESSONS[kind] for room in rooms if kind in room.LESSONS),
        )
        for kind in kinds
    }


_PBFT_ROOMS = (state_machine, service, certificates, view_changes, messages, checkpoints)
INVARIANTS: tuple[Invariant, ...] = tuple(each for room in _PBFT_ROOMS for each in room.INVARIANTS)
STATE_MACHINE_TABLE = _table((state_machine, service))
PBFT_TABLE = _table(_PBFT_ROOMS)
BALLOT_TABLE = _table((state_machine, service, ballots))


class Monitor:
    """Watches all honest nodes of a run.

    Parameters
    ----------
    system : QuorumSystem
        The quorum system by which to judge, whatever the replicas were told.
    genuine : callable
        Whether the signer named in a body signed it, or is corrupted: `SymbolicKeyring.verify`.
    honest : iterable of int
        Nodes to watch.
    checkpoint_interval, window : int, optional
        K and L; without them only the state machine (S1 to S6) is watched, which holds for every protocol.
    timing : Timing, optional
        How the view timer should run.
    ballot : BallotFacts, optional
        How votes are counted, where a ballot is watched.
    specification : Specification, optional
        What executing a request does (S7); without it replies and states are compared with each other alone.
    unpromised : collection of str, optional
        Invariants that this protocol does not promise.

    Attributes
    ----------
    breaches : list of Breach
        What did not hold, in order; the first `MANY`.
    split : bool
        Whether two honest nodes executed different values (S1).
    unpromised : frozenset of str
        Invariants that are not watched.
    """

    def __init__(
        self,
        system: QuorumSystem,
        genuine: Callable[[Signed], bool],
        honest: Iterable[int],
        *,
        checkpoint_interval: int | None = None,
        window: int | None = None,
        timing: Timing | None = None,
        ballot: BallotFacts | None = None,
        specification: Specification | None = None,
        unpromised: Collection[str] = (),
    ) -> None:
        self.facts = Facts(
            system,
            genuine,
            honest,
            checkpoint_interval=checkpoint_interval,
            window=window,
            timing=timing,
            service=None if specification is None else ReferenceService(specification, checkpoint_interval or 0),
        )
        self.facts.ballot = ballot
        self.unpromised = frozenset(unpromised)
        self.breaches: list[Breach] = []
        self.split = False
        self._honest = self.facts.honest
        self._nodes = self.facts.nodes
        self._hears_ballots = ballot is not None
        self._table: Mapping[type, tuple[tuple[tuple[str, Check], ...], tuple[Lesson, ...]]] = (
            BALLOT_TABLE if ballot is not None else STATE_MACHINE_TABLE if window is None else PBFT_TABLE
        )

    @property
    def kinds(self) -> frozenset[type]:
        """Types of events and effects that must be shown to `observe`."""
        return frozenset({*self._table, Send, Broadcast})

    @property
    def reached(self) -> set[str]:
        """What the run has exercised."""
        return self.facts.reached

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input that a node is about to get."""
        if node not in self._honest:
            return
        own = self._nodes[node]
        if own.due_view > own.view:
            if event.__class__ is not Restart:  # whoever crashed in that step could not follow
                detail = f"stayed in view {own.view} though a weak quorum left for {own.due_view}"
                self._breach("LV3", time_s, node, detail)
            own.due_view = 0
        if own.due_checkpoint:
            if event.__class__ is not Restart:
                self._breach("K4", time_s, node, checkpoints.missing_checkpoint(own.due_checkpoint))
            own.due_checkpoint = 0
        if own.due_reply is not None:
            if event.__class__ is not Restart:
                self._breach("S9", time_s, node, state_machine.missing_reply(own.due_reply))
            own.due_reply = None
        own.last_input = event
        kind = event.__class__
        if kind is VerdictReady:
            assert isinstance(event, VerdictReady)
            if event.verdict is Verdict.ACCEPT:
                own.approved.add((event.view, event.seq, event.digest))
        elif kind is ClientRequest:
            assert isinstance(event, ClientRequest)
            own.due_reply = state_machine.reply_due(self.facts, node, event.request)
        if self._hears_ballots:
            for name, detail in ballots.hear(self.facts, node, event):
                self._breach(name, time_s, node, detail)
        if event.__class__ is Deliver and event.message.__class__ is ViewChange:
            assert isinstance(event, Deliver)
            self._hear_view_change(node, event)

    def observe(self, time_s: float, node: int, event: object) -> None:
        """Check an event or effect of a node, then learn from it."""
        self.observe_step(time_s, node, (event,))

    def observe_step(self, time_s: float, node: int, effects: Iterable[Any]) -> None:
        """Check the events and effects of a step one after another, each by all that was learnt before it."""
        if node not in self._honest:
            return
        facts, find = self.facts, self._table.get
        for event in effects:
            entry = find(event.__class__)
            if entry is None:
                if event.__class__ is not Broadcast and event.__class__ is not Send:
                    continue
                event = event.message
                entry = find(event.__class__)
                if entry is None:
                    continue
            checks, lessons = entry
            for name, check in checks:
                detail = check(facts, node, event)
                if detail is not None and name not in self.unpromised:
                    self._breach(name, time_s, node, detail)
            for learn in lessons:
                learn(facts, node, event)

    def corrupt(self, node: int) -> None:
        """The node is honest no longer: what it does from now on is not judged."""
        self._honest.discard(node)

    def _hear_view_change(self, node: int, event: Deliver) -> None:
        """Remember who has left for which view; a weak quorum calls the node to follow (LV3)."""
        message = event.message
        assert isinstance(message, ViewChange)
        if message.replica == event.sender and self.facts.fault_of(message, view_change_fault) is None:
            own = self.facts.nodes[node]
            own.heard_changes.setdefault(message.view, set()).add(message.replica)
            own.due_view = view_changes.view_to_join(self.facts, node)

    def _breach(self, name: str, time_s: float, node: int, detail: str) -> None:
        first_split = name == "S1" and not self.split
        self.split = self.split or first_split
        if len(self.breaches) < MANY or first_split:
            self.breaches.append(Breach(name, time_s, node, detail))


__all__ = ["INVARIANTS", "Breach", "Monitor", "Timing"]
