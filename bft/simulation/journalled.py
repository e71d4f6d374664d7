"""A host that keeps a journal: it watches what the host does, and changes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from bft.core.effects import Broadcast, CancelTimer, RequestProposal, RequestVerdict, Send, SetTimer
from bft.core.inputs import ProposalReady, TimerFired, VerdictReady
from bft.record.safety import Breach
from bft.record.trace import Recorded
from bft.simulation.host import Host, Keeper
from bft.simulation.journal import Call, Entry, Happening, Journal, Message, Timer


class Reported:
    """Notes records in a journal, and hands them on."""

    def __init__(self, journal: Journal, keeper: Keeper) -> None:
        self._journal = journal
        self._keep = keeper.append

    def append(self, record: Recorded) -> None:
        """Take in a record."""
        time_s, node, event = record
        self._journal.log.append(Entry(time_s, node, "report", event))
        self._keep(record)


class JournalledHost(Host):
    """Runs the nodes of one replication like `Host`, and remembers what passes between them."""

    def __init__(self, **given: Any) -> None:
        self.journal = Journal(n=given["n"], protocol=given["protocol"])
        self._travelling: dict[tuple[int, int], deque[Message]] = {}
        self._on_the_way: set[int] = set()
        self._kept: list[object] = []
        self._asked: dict[tuple[object, ...], Call] = {}
        self._set: dict[tuple[int, str], Timer] = {}
        super().__init__(**{**given, "records": Reported(self.journal, given["records"])})
        self._fan_out = self._fan_out_seen
        self._through_receive: list[Any] = [None] * self.n

    def go_on(self, until_s: float) -> None:
        """Let everything happen that is due until then (inclusive); every message is seen."""
        self.clock.run_through(
            until_s,
            self._through_receive,
            self._timers,
            perform=self._perform_all,
            receive=self._receive,
            ring=self._ring,
        )

    def finished(self, byzantine: set[int], breaches: Sequence[Breach]) -> Journal:
        """Return the journal of a run that has ended."""
        del self._fan_out  # it holds the host, which is not to keep itself alive
        journal = self.journal
        journal.breaches, journal.byzantine = breaches, frozenset(byzantine)
        journal.end_s = journal.log[-1].time_s if journal.log else 0.0
        return journal

    def _note(self, node: int, kind: Happening, item: object) -> None:
        self.journal.log.append(Entry(self.clock.now, node, kind, item))

    def _broadcast(self, node: int, effect: Broadcast) -> None:
        self._on_the_way = set()
        super()._broadcast(node, effect)
        for recipient in range(self.n):
            if recipient != node and recipient not in self._on_the_way:
                self._leaves(node, recipient, effect.message)

    def _send(self, node: int, effect: Send) -> None:
        self._on_the_way = set()
        super()._send(node, effect)
        if not self._on_the_way:
            self._leaves(node, effect.recipient, effect.message)

    def _deliver_once(self, node: int, recipient: int, event: Any) -> None:
        self._fan_out([recipient], [self.links.send_delay_s(node)], event)

    def _fan_out_seen(self, recipients: list[int], delays_s: list[float], event: Any) -> None:
        self._kept.append(event)  # an id names one sending only as long as its object lives
        for recipient in recipients:
            self._on_the_way.add(recipient)
            message = self._leaves(event.sender, recipient, event.message)
            self._travelling.setdefault((recipient, id(event)), deque()).append(message)
        self.clock.fan_out(recipients, delays_s, event)

    def _launched(self, event: Any, recipients: Sequence[int]) -> None:
        """A message goes over hops: what relays do with it, the journal does not tell."""
        self._kept.append(event)
        for recipient in recipients:
            message = self._leaves(event.sender, recipient, event.message)
            self._travelling.setdefault((recipient, id(event)), deque()).append(message)
        super()._launched(event, recipients)

    def _leaves(self, sender: int, recipient: int, body: object) -> Message:
        messages = self.journal.messages
        message = Message(number=len(messages), sender=sender, recipient=recipient, body=body, sent_at_s=self.clock.now)
        messages.append(message)
        self._note(sender, "send", message)
        return message

    def _receive(self, node: int, event: Any) -> None:
        travelling = self._travelling.get((node, id(event)))
        if travelling:
            message = travelling.popleft()
        else:  # a copy made on the way, or what a relay has put in a message's place
            self._kept.append(event)
            message = self._leaves(event.sender, node, event.message)
        message.arrived_at_s = self.clock.now
        message.fate = "recipient down" if self.running[node] is None else "delivered"
        if message.fate == "delivered":
            self._note(node, "arrive", message)
        super()._receive(node, event)

    def _drain(self) -> None:
        while self._soon:
            node, event = self._soon.popleft()
            self._input(node, event)

    def _input(self, node: int, event: object) -> None:
        match event:
            case TimerFired(name=name):
                self._end_timer(node, name, fired=True)
            case ProposalReady(view=view, request=request, answer=answer):
                self._said((node, "propose", view, request.key), "no answer" if answer is None else answer)
            case VerdictReady(view=view, seq=seq, digest=digest, verdict=verdict):
                self._said((node, "judge", view, seq, digest), verdict.value)
            case _:
                pass
        super()._input(node, event)

    def _said(self, key: tuple[object, ...], words: str) -> None:
        call = self._asked.pop(key, None)
        if call is not None:  # behaviours may feed their replica what no validator has said
            call.said_at_s, call.said = self.clock.now, words
            self._note(call.node, "say", call)

    def _set_timer(self, node: int, effect: SetTimer) -> None:
        self._end_timer(node, effect.name, fired=False)
        now_s = self.clock.now
        timer = Timer(name=effect.name, node=node, set_at_s=now_s, due_at_s=now_s + effect.delay_s)
        self._set[node, effect.name] = timer
        self.journal.timers.append(timer)
        super()._set_timer(node, effect)

    def _cancel_timer(self, node: int, effect: CancelTimer) -> None:
        self._end_timer(node, effect.name, fired=False)
        super()._cancel_timer(node, effect)

    def _end_timer(self, node: int, name: str, *, fired: bool) -> None:
        timer = self._set.pop((node, name), None)
        if timer is not None:
            timer.ended_at_s, timer.fired = self.clock.now, fired

    def _request_proposal(self, node: int, effect: RequestProposal) -> None:
        self._asks(
            (node, "propose", effect.view, effect.request.key),
            Call(kind="propose", node=node, asked_at_s=self.clock.now),
        )
        super()._request_proposal(node, effect)

    def _request_verdict(self, node: int, effect: RequestVerdict) -> None:
        key = (node, "judge", effect.view, effect.seq, effect.digest)
        self._asks(key, Call(kind="judge", node=node, asked_at_s=self.clock.now))
        super()._request_verdict(node, effect)

    def _asks(self, key: tuple[object, ...], call: Call) -> None:
        self._asked[key] = call
        self.journal.calls.append(call)
        self._note(call.node, "ask", call)
