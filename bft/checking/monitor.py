"""The monitor of the state machine, upon every event of every honest node, O(1) per event; protocols' own extend it.

Hosts call `observe` with each event and effect of a node, and `hear` with each input before the node gets it (without
it the rules that need to know why a node did something stay silent). The plain S1–S3 monitor for fast simulations is
`bft.record.safety`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from bft.checking.invariants import service, state_machine
from bft.checking.invariants.facts import Check, Facts
from bft.checking.reference import ReferenceService, Specification
from bft.core.effects import Broadcast, Send
from bft.core.inputs import ClientRequest, Restart
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed
from bft.record.safety import Breach

Lesson = Callable[[Facts, int, Any], None]
Judge = Callable[["Monitor", Facts, float, int, Any], None]
Table: TypeAlias = Mapping[type, Judge]
MANY = 32
"""Breaches kept per run: the first one matters, and whether a split follows."""


def table_of(rooms: Sequence[Any]) -> Table:
    """Return, for each type of event, what asks all its checks and then gives its lessons.

    Parameters
    ----------
    rooms : sequence of module
        Modules with `INVARIANTS` and `LESSONS`.
    """
    kinds = dict.fromkeys(kind for room in rooms for kind in (*(each.on for each in room.INVARIANTS), *room.LESSONS))
    return {
        kind: judge_of(
            [(each.name, each.check) for room in rooms for each in room.INVARIANTS if each.on is kind],
            [room.LESSONS[kind] for room in rooms if kind in room.LESSONS],
        )
        for kind in kinds
    }


def judge_of(checks: Sequence[tuple[str, Check]], lessons: Sequence[Lesson]) -> Judge:
    """Return a function that asks checks and gives lessons one after another, in a straight line.

    A call that always stands for the same function is much faster than one in a loop over functions.
    """
    lines = ["pass"]
    for place, (name, _) in enumerate(checks):
        lines.append(f"detail = check_{place}(facts, node, event)")
        lines.append(f"if detail is not None: monitor.found({name!r}, time_s, node, detail)")
    lines += [f"learn_{place}(facts, node, event)" for place in range(len(lessons))]
    scope: dict[str, Any] = {f"check_{place}": check for place, (_, check) in enumerate(checks)}
    scope |= {f"learn_{place}": learn for place, learn in enumerate(lessons)}
    exec("def judge(monitor, facts, time_s, node, event):\n    " + "\n    ".join(lines), scope)
    judge: Judge = scope["judge"]
    return judge


STATE_MACHINE_TABLE = table_of((state_machine, service))


class Monitor:
    """Watches all honest nodes of a run: S1 to S7 and S9, which hold for every protocol that executes requests.

    Parameters
    ----------
    system : QuorumSystem
        The quorum system by which to judge, whatever the replicas were told.
    genuine : callable
        Whether the signer named in a body signed it, or is corrupted: `SymbolicKeyring.verify`.
    honest : iterable of int
        Nodes to watch.
    specification : Specification, optional
        What executing a request does (S7); without it replies and states are compared with each other alone.
    unpromised : collection of str, optional
        Invariants that this protocol does not promise.
    facts : Facts, optional
        What is known at first; by default nothing.

    Attributes
    ----------
    breaches : list of Breach
        What did not hold, in order; the first `MANY`.
    split : bool
        Whether two honest nodes executed different values (S1).
    unpromised : frozenset of str
        Invariants that are not watched.
    """

    table: ClassVar[Table] = STATE_MACHINE_TABLE
    """What is checked and learnt of each type of event."""

    def __init__(
        self,
        system: QuorumSystem,
        genuine: Callable[[Signed], bool],
        honest: Iterable[int],
        *,
        specification: Specification | None = None,
        unpromised: Collection[str] = (),
        facts: Facts | None = None,
    ) -> None:
        self.facts = Facts(system, genuine, honest) if facts is None else facts
        if specification is not None:
            self.facts.service = ReferenceService(specification, self.facts.interval)
        self.unpromised = frozenset(unpromised)
        self.breaches: list[Breach] = []
        self.split = False
        self._honest = self.facts.honest
        self._nodes = self.facts.nodes

    @property
    def kinds(self) -> frozenset[type]:
        """Types of events and effects that must be shown to `observe`."""
        return frozenset({*self.table, Send, Broadcast})

    @property
    def reached(self) -> set[str]:
        """What the run has exercised."""
        return self.facts.reached

    def hear(self, time_s: float, node: int, event: Any) -> None:
        """Take note of an input that a node is about to get."""
        if node not in self._honest:
            return
        own = self._nodes[node]
        if own.due_reply is not None:
            crashed = event.__class__ is Restart  # whoever crashed in that step could not answer
            if not crashed and "S9" not in self.unpromised:
                self._breach("S9", time_s, node, state_machine.missing_reply(own.due_reply))
            own.due_reply = None
        own.last_input = event
        if event.__class__ is ClientRequest:
            own.due_reply = state_machine.reply_due(self.facts, node, event.request)

    def observe(self, time_s: float, node: int, event: object) -> None:
        """Check an event or effect of a node, then learn from it."""
        self.observe_step(time_s, node, (event,))

    def observe_step(self, time_s: float, node: int, effects: Iterable[Any]) -> None:
        """Check the events and effects of a step one after another, each by all that was learnt before it."""
        if node not in self._honest:
            return
        facts, find = self.facts, self.table.get
        for event in effects:
            kind = type(event)  # of many types, so this is faster than `event.__class__`
            judge = find(kind)
            if judge is None:
                if kind is not Broadcast and kind is not Send:
                    continue
                event = event.message
                judge = find(type(event))
                if judge is None:
                    continue
            judge(self, facts, time_s, node, event)

    def corrupt(self, node: int) -> None:
        """The node is honest no longer: what it does from now on is not judged."""
        self._honest.discard(node)

    def found(self, name: str, time_s: float, node: int, detail: str) -> None:
        """Note what a check has found, if its invariant is promised."""
        if name not in self.unpromised:
            self._breach(name, time_s, node, detail)

    def _breach(self, name: str, time_s: float, node: int, detail: str) -> None:
        first_split = name == "S1" and not self.split
        self.split = self.split or first_split
        if len(self.breaches) < MANY or first_split:
            self.breaches.append(Breach(name, time_s, node, detail))


__all__ = ["Breach", "Monitor"]
