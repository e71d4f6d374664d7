"""The journal of a run: every message with its fate, every question to a validator, every timer. Data only.

A trace tells what replicas report; a journal adds what happened between them. It is kept only when asked for, because
it takes several times the time and memory of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from bft.protocols.protocol import Protocol
from bft.record.diagram import Arrow, Lane, Mark, SpaceTime, Span, looks_of, marks_of
from bft.record.safety import Breach
from bft.record.words import Words

Fate = Literal["delivered", "not delivered", "recipient down"]


@dataclass(slots=True, kw_only=True)
class Message:
    """One copy of a message on its way from one node to another.

    Attributes
    ----------
    number : int
        Place in the order of sending, from 0.
    sender, recipient : int
        Nodes.
    body : object
        What was sent.
    sent_at_s, arrived_at_s : float
        Seconds of virtual time; no arrival if it was lost, cut off, or still travelling at the end.
    fate : {"delivered", "not delivered", "recipient down"}
        What became of it.
    """

    number: int
    sender: int
    recipient: int
    body: Any
    sent_at_s: float
    arrived_at_s: float | None = None
    fate: Fate = "not delivered"

    @property
    def kind(self) -> str:
        """The type of the message."""
        return type(self.body).__name__


@dataclass(slots=True, kw_only=True)
class Call:
    """A question to a node's validator: to propose an answer, or to judge one; no end if it never came."""

    kind: Literal["propose", "judge"]
    node: int
    asked_at_s: float
    said_at_s: float | None = None
    said: str = ""


@dataclass(slots=True, kw_only=True)
class Timer:
    """A timer of a replica, from when it was set to when it fired, was cancelled, or was set anew."""

    name: str
    node: int
    set_at_s: float
    due_at_s: float
    ended_at_s: float | None = None
    fired: bool = False


Happening = Literal["send", "arrive", "report", "ask", "say"]


class Entry(NamedTuple):
    """One happening: when, at which node, of which kind, and the message, event or call that it concerns."""

    time_s: float
    node: int
    kind: Happening
    item: Any


@dataclass(slots=True, kw_only=True)
class Journal:
    """All that happened in a run of n nodes until `end_s`.

    Attributes
    ----------
    protocol : Protocol or None
        What the nodes ran, in whose words it is told.
    byzantine : frozenset of int
        Nodes whose replicas were not honest.
    messages, calls, timers : list
        In the order of sending, asking and setting.
    log : list of Entry
        All of it in the order in which it happened, the events of the trace included.
    breaches : sequence of Breach
        Invariants that did not hold.
    """

    n: int
    protocol: Protocol | None = None
    end_s: float = 0.0
    byzantine: frozenset[int] = frozenset()
    messages: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)
    breaches: Sequence[Breach] = ()

    def diagram(self, title: str = "", until_s: float | None = None) -> SpaceTime:
        """Return the space-time diagram of the run, up to a time in seconds."""
        last = self.end_s if until_s is None else min(until_s, self.end_s)
        words = Words(self.protocol)
        broken = min(
            (each for each in self.breaches if each.time_s <= last), key=lambda each: each.time_s, default=None
        )
        return SpaceTime(
            title=title,
            unit="s",
            lanes=tuple(Lane(name=f"node {node}", honest=node not in self.byzantine) for node in range(self.n)),
            arrows=tuple(_arrow(each, last) for each in self.messages if each.sent_at_s <= last),
            marks=tuple(
                mark
                for time_s, node, kind, event in self.log
                if kind == "report" and time_s <= last
                for mark in marks_of(event, node, time_s, words)
            ),
            spans=tuple(
                Span(
                    kind=each.kind,
                    lane=each.node,
                    start=each.asked_at_s,
                    end=_by(each.said_at_s, last),
                    words=each.said,
                )
                for each in self.calls
                if each.asked_at_s <= last
            ),
            breach=None
            if broken is None
            else Mark(kind="breach", lane=max(broken.node, 0), at=broken.time_s, words=broken.invariant),
            **looks_of(self.protocol),
        )


def _arrow(message: Message, last_s: float) -> Arrow:
    arrived_at_s = _by(message.arrived_at_s, last_s) if message.fate == "delivered" else None
    return Arrow(
        kind=message.kind,
        sender=message.sender,
        recipient=message.recipient,
        sent=message.sent_at_s,
        received=arrived_at_s,
    )


def _by(time_s: float | None, last_s: float) -> float | None:
    return time_s if time_s is not None and time_s <= last_s else None
