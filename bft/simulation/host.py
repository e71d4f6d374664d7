"""The host of one run: turns the effects of replicas into SimPy events, and events into inputs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from typing import Protocol as Interface

from bft.adversary.node import As, Behaviour, Crash, FaultyNode, Feed, Later, Recover, Started
from bft.clock import Alarm, Clock, Timer
from bft.core.disk import Disk
from bft.core.effects import (
    Broadcast,
    CancelTimer,
    Forget,
    Persist,
    Reply,
    RequestProposal,
    RequestVerdict,
    Send,
    SetTimer,
)
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.lean import maker
from bft.core.replica import Replica
from bft.core.request import Request
from bft.core.verdict import Verdict
from bft.membership.events import EpochEntered
from bft.protocols.protocol import Protocol
from bft.record.safety import Breach, SafetyMonitor
from bft.record.trace import Recorded
from bft.simulation.clients import Clients
from bft.simulation.fabric import Fabric
from bft.simulation.journal import Journal
from bft.simulation.links import Links
from bft.simulation.standstill import Standstill
from bft.simulation.world import Questions
from bft.validators.panel import Panel

Step = Callable[[float, Any], Any]
Action = Callable[[Any, int, Any], None]

new_delivery, new_verdict = maker(Deliver), maker(VerdictReady)


class Keeper(Interface):
    """Takes in records, as plain tuples of what `Record` names; a list does, and what keeps less does too."""

    def append(self, record: Recorded, /) -> None:
        """Take in a record."""


class Calls(Interface):
    """Validators that are reached by calls, which answer later or never."""

    def propose(self, node: int, question: int, respond: Callable[[str | None], None]) -> None:
        """Ask the node's validator for an answer."""

    def judge(self, node: int, question: int, answer: str, wording: str, respond: Callable[[Verdict], None]) -> None:
        """Ask the node's validator about an answer; `wording` is what else its text says."""

    def crashed(self, node: int) -> None:
        """The node stopped: nobody waits for its calls any more."""


class Host:
    """Runs the nodes of one replication.

    Its attributes are at most 30: objects of CPython with more do not share their keys, and every access takes longer.

    Parameters
    ----------
    n : int
        How many nodes there are.
    protocol : Protocol
        What they run.
    clock : Clock
        Simulated time.
    make_replica : callable
        Returns a fresh replica of a node; called at the start and at every recovery.
    links : Links
        How messages travel.
    panel : Panel
        The validators.
    calls : Calls, optional
        Asked instead of the panel, where validators are reached through a service.
    questions : Questions
        Question number of each request.
    clients : Clients
        Who gathers the replies.
    monitor : SafetyMonitor
        Watches every event.
    faulty : mapping
        Behaviour and context of every faulty node.
    recoverable : collection of int, optional
        Nodes that may stop and come back besides the faulty ones.
    records, milestones : Keeper, optional
        Where all events go, and those that outcomes are read from; by default into lists.
    fabric : Fabric, optional
        Carries the messages in place of the links.

    Attributes
    ----------
    changed : bool
        Whether more was done than to send messages and to set timers since it was last set to False.
    """

    def __init__(
        self,
        *,
        n: int,
        protocol: Protocol,
        clock: Clock,
        make_replica: Callable[[int], Replica],
        links: Links,
        panel: Panel,
        calls: Calls | None = None,
        questions: Questions,
        clients: Clients,
        monitor: SafetyMonitor,
        faulty: Mapping[int, tuple[Behaviour, FaultyNode]],
        recoverable: Collection[int] = (),
        records: Keeper | None = None,
        milestones: Keeper | None = None,
        fabric: Fabric | None = None,
    ) -> None:
        self.clock: Any = clock
        self.n = n
        self.changed = True
        self._standstill: Standstill | None = None
        self._until_s = 0.0
        self._endless = fabric is not None  # no standstill is looked for
        self.make_replica = make_replica
        self.links = links
        self.panel = panel
        self.questions = questions
        self.clients = clients
        self.monitor = monitor
        cls: Any = self.__class__
        self._do = actions(cls, protocol, monitor.kinds)
        self.faulty = faulty
        self.calls = calls
        self._append = ([] if records is None else records).append
        self.milestones: Keeper = [] if milestones is None else milestones
        self.views: list[Recorded] = []
        self.delivered = 0
        self._sent: dict[type, int] = {}
        self.lost = 0
        self._epoch = 0
        self.running: list[Step | None] = [None] * n
        self.replicas: list[Replica | None] = [None] * n
        self._life = [0] * n
        self._timers: list[dict[str, Timer]] = [{} for _ in range(n)]
        self._stored: dict[int, Disk] = {}
        if faulty or recoverable:
            self._stored = {node: Disk() for node in (*faulty, *recoverable)}
        self._soon: deque[tuple[int, object]] = deque()
        self._fan_out: Callable[[list[int], list[float], Deliver], None] = clock.fan_out
        if fabric is not None:
            self._do = {**self._do, **fabric.carry(self.clock, self._receive, self.running, self._launched)}
        for node in range(n):
            self._start(node)

    def finished(self, byzantine: set[int], breaches: Sequence[Breach]) -> Journal | None:
        """Return the journal of a run that has ended, if one was kept."""

    def run(self, until_s: float) -> None:
        """Run until nothing happens or nothing can change any more, at the latest until `until_s` (inclusive)."""
        self.begin(until_s)
        self.go_on(until_s)
        self.clock._queue.clear()

    def begin(self, until_s: float, *, open_ended: bool = False) -> None:
        """Let faulty nodes start; the run ends at `until_s` at the latest, and if not open-ended at a standstill."""
        for node in sorted(self.faulty):
            behaviour, context = self.faulty[node]
            self._perform(node, behaviour.bend(context, self.clock._now, Started(), ()))
        self._drain()
        self._until_s = until_s
        self._endless = self._endless or open_ended

    def go_on(self, until_s: float) -> None:
        """Let everything happen that is due until then (inclusive)."""
        delivered = self.clock.run_through(
            until_s,
            self.running,
            self._timers,
            perform=self._perform_all,
            receive=self._receive,
            ring=self._ring,
        )
        self.delivered += delivered  # `receive` has counted others meanwhile

    def submit(self, requests: Iterator[tuple[Request, float]]) -> None:
        """Let clients send requests to every node, each at its time, in order."""
        due = next(requests, None)
        if due is not None:
            request, at_s = due
            Alarm(self.clock, at_s, lambda _: self._arrive(request, requests))

    def intervene(self, node: int, *effects: object) -> None:
        """Do to a node what comes from outside the protocol, now: `Crash`, `Recover`, or an event to record."""
        self._perform(node, effects)
        self._drain()

    def give(self, node: int, event: object) -> None:
        """Give a node an input now, from outside any step."""
        self._input(node, event)
        self._drain()

    def crashes(self, node: int) -> int:
        """Return how often a node has stopped."""
        return self._life[node]

    def stored(self, node: int) -> Disk:
        """Return what a node that may come back has persisted; who changes it changes the node's disk."""
        return self._stored[node]

    def _arrive(self, request: Request, rest: Iterator[tuple[Request, float]]) -> None:
        self.submit(rest)
        self.ask_now(request)

    def ask_now(self, request: Request) -> None:
        """A request arrives at its client, now, who sends it unless an earlier one is not answered yet."""
        if self.clients.arrived(request, self.clock._now):
            self._ask(request)
            self._drain()

    def _ask(self, request: Request) -> None:
        """A client sends a request to every node."""
        event = ClientRequest(request)
        self._soon.extend([(node, event) for node in range(self.n)])

    def _start(self, node: int) -> None:
        """Build the node's replica; a faulty node's behaviour stands before it."""
        self.changed = True
        self.replicas[node] = replica = self.make_replica(node)
        faulty = self.faulty.get(node)
        self.running[node] = replica.step if faulty is None else _bent(replica.step, *faulty)

    def _receive(self, node: int, event: Any) -> None:
        """Give a message to a node and do what it asks."""
        step = self.running[node]
        if step is None:
            self.lost += 1
            return
        self.delivered += 1
        effects = step(self.clock._now, event)
        if effects:
            self._perform_all(node, effects)

    def _input(self, node: int, event: object) -> None:
        """Give a node an input that is no message."""
        step = self.running[node]
        if step is not None:
            effects = step(self.clock._now, event)
            if effects:
                self._perform(node, effects)

    def _drain(self) -> None:
        """Give the inputs that came without delay, in order."""
        soon, running = self._soon, self.running
        while soon:
            node, event = soon.popleft()
            step = running[node]  # as `_input`
            if step is not None:
                effects = step(self.clock._now, event)
                if effects:
                    self._perform(node, effects)

    def _perform(self, node: int, effects: Any) -> None:
        do, append = self._do, self._append  # CPython 3.11 is slow at calling an attribute that is no method
        for effect in effects:
            action = do.get(effect.__class__)
            if action is not None:
                action(self, node, effect)
            else:
                self.changed = True
                append((self.clock._now, node, effect))

    def _perform_all(self, node: int, effects: Any) -> None:
        """Do what a node asks, and give the inputs that came of it without delay."""
        do, append = self._do, self._append
        for effect in effects:  # as `_perform`, which is not called: this is done for every message that has effects
            action = do.get(effect.__class__)
            if action is not None:
                action(self, node, effect)
            else:
                self.changed = True
                append((self.clock._now, node, effect))
        if self._soon:
            self._drain()

    def _record(self, node: int, event: object) -> None:
        self.changed = True
        self._append((self.clock._now, node, event))

    def _watched(self, node: int, event: object) -> None:
        self.changed = True
        now, append = self.clock._now, self._append
        record = (now, node, event)
        append(record)
        self.milestones.append(record)
        self.monitor.observe(now, node, event)

    def _committed(self, node: int, event: object) -> None:
        self.changed = True
        record, append = (self.clock._now, node, event), self._append
        append(record)
        self.monitor.committed(record)

    def _entered(self, node: int, event: object) -> None:
        self.changed = True
        record = (self.clock._now, node, event)
        self._append(record)
        self.views.append(record)

    def _reply(self, node: int, effect: Reply) -> None:
        self.changed = True
        following = self.clients.replied(node, effect, self.clock._now)
        if following is not None:
            self._ask(following)

    def _epoch_entered(self, node: int, event: EpochEntered) -> None:
        """Record it; the first honest node in an epoch tells the clients who the members are."""
        self._record(node, event)
        if event.epoch > self._epoch and node in self.monitor.watched:
            self._epoch = event.epoch
            for request in self.clients.members_changed(event.members, self.clock._now):
                self._ask(request)

    def _broadcast(self, node: int, effect: Broadcast) -> None:
        message = effect.message
        sent, kind = self._sent, message.__class__
        sent[kind] = sent.get(kind, 0) + self.n - 1
        recipients, delays_s = self.links.broadcast(node)
        event = new_delivery(node, message)
        if not self.links.perfect:
            recipients, delays_s = self._survivors(node, recipients, delays_s, event)
        fan_out = self._fan_out
        fan_out(recipients, delays_s, event)

    def _survivors(
        self, node: int, recipients: list[int], delays_s: list[float], event: Deliver
    ) -> tuple[list[int], list[float]]:
        """Return the recipients that links do not cut off, and their delays; second copies go their own way."""
        if self.links.only_lossy:
            kept_by = self.links.survivors(node, recipients, delays_s)
            self.lost += len(recipients) - len(kept_by[0])
            return kept_by
        copies = self.links.copies_to_all(node, self.clock._now)
        if 2 in copies:
            for other, number in enumerate(copies):
                if number == 2:
                    self._deliver_once(node, other, event)
        lost = copies.count(0)
        if not lost:
            return recipients, delays_s
        self.lost += lost
        kept = [place for place, other in enumerate(recipients) if copies[other]]
        return [recipients[place] for place in kept], [delays_s[place] for place in kept]

    def _send(self, node: int, effect: Send) -> None:
        message, recipient = effect.message, effect.recipient
        sent, kind = self._sent, message.__class__
        sent[kind] = sent.get(kind, 0) + 1
        event = new_delivery(node, message)
        links = self.links
        if links.perfect:
            self._deliver_once(node, recipient, event)
            return
        copies = links.copies(node, recipient, self.clock._now)
        if copies == 0:
            self.lost += 1
        for _ in range(copies):
            self._deliver_once(node, recipient, event)

    def _deliver_once(self, node: int, recipient: int, event: Deliver) -> None:
        self.clock.send(recipient, self.links.send_delay_s(node), event)

    def _launched(self, event: Deliver, recipients: Sequence[int]) -> None:
        """The fabric has taken over a message."""
        kind = event.message.__class__
        self._sent[kind] = self._sent.get(kind, 0) + len(recipients)

    @property
    def sent(self) -> dict[str, int]:
        """How many copies were sent, by type of message."""
        return {kind.__name__: copies for kind, copies in self._sent.items()}

    def _after(self, node: int, delay_s: float, event: object) -> None:
        """Give a node an input after a delay, unless it has crashed in between."""
        life = self._life[node]

        def ring(_: Any) -> None:
            if self._life[node] == life:
                self._input(node, event)
                self._drain()

        Alarm(self.clock, self.clock._now + delay_s, ring)

    def _give(self, node: int, delay_s: float, event: object) -> None:
        """Give a node an input after a delay; without delay, after the present effects."""
        if delay_s <= 0:
            self._soon.append((node, event))
        else:
            self._after(node, delay_s, event)

    def _set_timer(self, node: int, effect: SetTimer) -> None:
        name = effect.name
        self._timers[node][name] = self.clock.timer(effect.delay_s, node, name)

    def _cancel_timer(self, node: int, effect: CancelTimer) -> None:
        self.changed = True
        self._timers[node].pop(effect.name, None)

    def _ring(self, node: int, name: str) -> None:
        """A timer ran out; where nothing can change any more, the run ends instead."""
        if self.calls is None and not self._endless:
            if self._standstill is None:  # most runs end before any timer rings
                self._standstill = Standstill(self.links.network, self.faulty, self._until_s)
            changed, self.changed = self.changed, False
            if self._standstill.reached(
                (node, name),
                self.clock._queue,
                self.running,
                self.replicas,
                self._timers,
                now_s=self.clock._now,
                changed=changed,
            ):
                self.clock._queue.clear()
                return
        del self._timers[node][name]
        self._input(node, TimerFired(name))
        self._drain()

    def _persist(self, node: int, effect: Persist) -> None:
        """Keep what survives a crash, for a node that can come back after one."""
        disk = self._stored.get(node)
        if disk is not None:
            disk.persist(effect)

    def _forget(self, node: int, effect: Forget) -> None:
        disk = self._stored.get(node)
        if disk is not None:
            disk.forget(effect)

    def _request_proposal(self, node: int, effect: RequestProposal) -> None:
        self.changed = True
        question = self.questions[effect.request.key]
        if self.calls is not None:
            self._call_to_propose(self.calls, node, question, effect)
            return
        proposed = self.panel.propose(node, question)
        ready = ProposalReady(effect.view, effect.request, proposed.answer, confidence=proposed.confidence)
        self._give(node, proposed.latency_s, ready)

    def _call_to_propose(self, calls: Calls, node: int, question: int, effect: RequestProposal) -> None:
        def respond(answer: str | None) -> None:
            self.give(node, ProposalReady(effect.view, effect.request, answer))

        calls.propose(node, question, respond)

    def _request_verdict(self, node: int, effect: RequestVerdict) -> None:
        self.changed = True
        proposal = effect.proposal
        request = proposal.request
        assert request is not None, "null requests are not judged"
        question, answer = self.questions[request.key], proposal.answer or ""
        if self.calls is not None:
            self._call_to_judge(self.calls, node, question, answer, effect)
            return
        judged = self.panel.judge(node, question, answer, proposal.wording)
        ready = new_verdict(effect.view, effect.seq, effect.digest, judged.verdict)
        self._give(node, judged.latency_s, ready)

    def _call_to_judge(self, calls: Calls, node: int, question: int, answer: str, effect: RequestVerdict) -> None:
        def respond(verdict: Verdict) -> None:
            self.give(node, new_verdict(effect.view, effect.seq, effect.digest, verdict))

        calls.judge(node, question, answer, effect.proposal.wording, respond)

    def _crash(self, node: int, effect: Crash) -> None:
        self._record(node, effect)
        self._life[node] += 1
        self._timers[node].clear()
        self.running[node] = None
        if self.calls is not None:
            self.calls.crashed(node)

    def _recover(self, node: int, effect: Recover) -> None:
        assert node in self._stored, "only faulty and recoverable nodes come back"
        self._record(node, effect)
        self._start(node)
        self._soon.append((node, Restart(dict(self._stored[node]))))
        for request in self.clients.waiting():
            self._soon.append((node, ClientRequest(request)))

    def _later(self, node: int, effect: Later) -> None:
        def ring(_: Any) -> None:
            self._perform(node, (effect.effect,))
            self._drain()

        Alarm(self.clock, self.clock._now + effect.delay_s, ring)

    def _feed(self, node: int, effect: Feed) -> None:
        """Give an input to the node's replica; its behaviour sees what comes of it."""
        self.changed = True
        self._give(node, effect.delay_s, effect.event)

    def _as(self, node: int, effect: As) -> None:
        """Let a fellow colluder act; keys and links are its own."""
        assert effect.node in self.faulty, "only faulty nodes act for each other"
        self._perform(effect.node, (effect.effect,))


def _bent(step: Step, behaviour: Behaviour, context: FaultyNode) -> Step:
    """Return the step of a faulty node."""
    alone = getattr(behaviour, "alone", None)

    def bent(now: float, event: Any) -> Any:
        return behaviour.bend(context, now, event, step(now, event))

    def bare(now: float, event: Any) -> Any:
        return behaviour.bend(context, now, event, ())

    return bent if alone is None or not alone(context) else bare


_DO: Mapping[type, str] = {
    Broadcast: "_broadcast",
    Send: "_send",
    SetTimer: "_set_timer",
    CancelTimer: "_cancel_timer",
    Persist: "_persist",
    Forget: "_forget",
    RequestProposal: "_request_proposal",
    RequestVerdict: "_request_verdict",
    Reply: "_reply",
    EpochEntered: "_epoch_entered",
    Crash: "_crash",
    Recover: "_recover",
    Later: "_later",
    Feed: "_feed",
    As: "_as",
}
"""The method for each effect."""


@lru_cache(maxsize=64)
def actions(cls: Any, protocol: Protocol, watched: frozenset[type]) -> Mapping[type, Action]:
    """Return what a class of hosts does with effects, and with the events that it does more with than to record them.

    Those are shown to the monitor, or committed, or enter a view.
    """
    names = {each.type: "_committed" for each in protocol.events if each.commits}
    names |= {each.type: "_entered" for each in protocol.events if each.enters}
    names |= dict.fromkeys(watched, "_watched")
    return {kind: getattr(cls, name) for kind, name in {**names, **_DO}.items()}
