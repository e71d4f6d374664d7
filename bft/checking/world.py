"""An untimed, deterministic host for replicas, driven by operations alone.

The network is a list of pending messages, timers are names that may fire whenever they run, validators are open
questions. Whoever holds the operations is the adversary. The same operations on the same setting give the same
events, in every process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bft.checking import operations as ops
from bft.checking.liveness import stabilise
from bft.checking.setting import Setting
from bft.checking.trace import Record, Trace
from bft.core.effects import (
    Broadcast,
    CancelTimer,
    Execute,
    Forget,
    Persist,
    RequestProposal,
    RequestVerdict,
    Send,
    SetTimer,
)
from bft.core.events import StateTransferred
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.replica import Replica
from bft.core.request import Request, RequestKey
from bft.core.signatures import SymbolicKeyring
from bft.core.verdict import Verdict

Recipe = Callable[["World", int, tuple[int, ...]], object | None]
Pending = tuple[int, Deliver, int]
"""A message on its way: the receiving instance, what it gets, the sending instance (twins share a name)."""
VERDICTS = (Verdict.ACCEPT, Verdict.REJECT, Verdict.UNSURE)


class Observer(Protocol):
    """Sees what the honest nodes hear and do; see `bft.checking.monitor`."""

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input before the node does."""

    def observe(self, time_s: float, node: int, event: object) -> None:
        """Take note of an event or effect."""

    def corrupt(self, node: int) -> None:
        """The node is honest no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A protocol as the laboratory sees it.

    Attributes
    ----------
    name : str
        What to call it.
    make_replica : callable
        From a node's number, the setting and the keys to a replica; called at every start.
    recipes : mapping
        What a corrupted node can forge, by name: from the world, the node and numbers to choose by to a message, or
        None.
    phases : tuple of str
        Kinds of message in the order in which a view sends them.
    changes : tuple of str
        Kinds of message that lead from one view to the next.
    view_timer, timers : str, tuple of str
        The timer that ends a view, and all of them.
    """

    name: str
    make_replica: Callable[[int, Setting, SymbolicKeyring], Replica]
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    phases: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    view_timer: str = "view"
    timers: tuple[str, ...] = ("view",)


class World:
    """Nodes, their network and their validators.

    Parameters
    ----------
    subject : Subject
        The protocol.
    setting : Setting
        Size, corrupted nodes, window.
    observer : Observer, optional
        Sees all that nodes hear and do as long as they are honest.
    record : bool, optional
        Keep the trace of events.
    """

    def __init__(
        self, subject: Subject, setting: Setting, observer: Observer | None = None, *, record: bool = False
    ) -> None:
        self.subject = subject
        self.setting = setting
        self.observer = observer
        self.n = setting.n
        self.keyring = SymbolicKeyring(setting.byzantine)
        self.corrupted = set(setting.byzantine)
        self.budget = setting.corruptions
        self.ids = (*range(setting.n), *setting.twins)
        self.steps = 0
        self.pending: list[Pending] = []
        self.history: list[Deliver] = []
        self.sent: dict[str, list[Any]] = {}
        self.open: list[tuple[int, RequestProposal | RequestVerdict]] = []
        self.requests: dict[int, Request] = {}
        self.records: list[Record] | None = [] if record else None
        self.prompt = setting.prompt_validators
        self.alarm: Callable[[int, str, float], None] | None = None
        self.stalled: str | None = None
        self.done: dict[RequestKey, int] = {}
        self.reach = [0] * len(self.ids)
        self.timers: list[dict[str, float]] = [{} for _ in self.ids]
        self.stored: list[dict[tuple[object, ...], object]] = [{} for _ in self.ids]
        self.others = [tuple(other for other, name in enumerate(self.ids) if name != own) for own in self.ids]
        self.members = [[place for place, name in enumerate(self.ids) if name == node] for node in range(setting.n)]
        self.honest = [node not in self.corrupted for node in self.ids]
        self.replicas: list[Replica | None] = [subject.make_replica(node, setting, self.keyring) for node in self.ids]
        self._soon: deque[tuple[int, Any]] = deque()
        self._do: dict[type, Callable[[int, Any], None]] = {
            Broadcast: self._broadcast,
            Persist: self._persist,
            Send: self._send,
            SetTimer: self._set_timer,
            CancelTimer: self._cancel_timer,
            RequestVerdict: self._question,
            RequestProposal: self._question,
            Forget: self._forget,
            Execute: self._execute,
            StateTransferred: self._transferred,
        }
        self._apply: dict[type, Callable[..., None]] = {
            ops.Deliver: self.deliver,
            ops.Drop: self.drop,
            ops.Duplicate: self.duplicate,
            ops.Replay: self.replay,
            ops.Exchange: self.exchange,
            ops.Settle: self.settle,
            ops.Fire: self.fire,
            ops.Ask: self.ask,
            ops.Consult: self.consult,
            ops.Crash: self.crash,
            ops.Restart: self.restart,
            ops.Corrupt: self.corrupt,
            ops.Forge: self.forge,
            ops.Heal: self.heal,
        }

    # Operations

    def run(self, operations: Iterable[ops.Operation]) -> World:
        """Carry out operations in order."""
        table = self._apply
        for operation in operations:
            table[operation.__class__](*operation)
        return self

    def deliver(self, index: int) -> None:
        """Deliver one pending message; the last one takes its place."""
        pending = self.pending
        if not pending:
            return
        place = index % len(pending)
        last = pending.pop()
        if place < len(pending):
            pending[place], last = last, pending[place]
        self.give(last[0], last[1])

    def drop(self, index: int) -> None:
        """Lose one pending message."""
        if self.pending:
            del self.pending[index % len(self.pending)]

    def duplicate(self, index: int) -> None:
        """Put a second copy of a pending message on the network."""
        if self.pending:
            self.pending.append(self.pending[index % len(self.pending)])

    def replay(self, index: int, node: int) -> None:
        """Put an old message on the network again, unless it is the node's own."""
        if self.history:
            event = self.history[index % len(self.history)]
            instance = node % len(self.ids)
            if event.sender != self.ids[instance]:
                self.pending.append((instance, event, event.sender))

    def exchange(self, kind: str, senders: tuple[int, ...], keep: bool) -> None:
        """Deliver the pending messages of a kind along a delivery graph; lose or keep the others of that kind."""
        rest: list[Pending] = []
        chosen: list[Pending] = []
        for entry in self.pending:
            instance, event, source = entry
            if kind and event.message.__class__.__name__ != kind:
                rest.append(entry)
            elif senders and senders[instance % len(senders)] >> source & 1:
                chosen.append(entry)
            elif keep:
                rest.append(entry)
        self.pending = rest
        for instance, event, _ in chosen:
            self.give(instance, event)

    def settle(self, waves: int) -> None:
        """Deliver all that is pending, and all that comes of it, for a number of waves."""
        for _ in range(waves):
            if not self.pending:
                return
            wave, self.pending = self.pending, []
            for instance, event, _ in wave:
                self.give(instance, event)

    def fire(self, node: int, timer: str) -> None:
        """Let a running timer run out."""
        instance = node % len(self.ids)
        if self.timers[instance].pop(timer, None) is not None:
            self.give(instance, TimerFired(timer))

    def ask(self, request: int, nodes: int) -> None:
        """Give a client's request to nodes."""
        event = ClientRequest(self.request(request))
        for instance in range(len(self.ids)):
            if nodes >> instance & 1:
                self.give(instance, event)

    def consult(self, index: int, choice: int) -> None:
        """Let a validator answer one open question."""
        if self.open:
            instance, question = self.open.pop(index % len(self.open))
            self.give(instance, self._answer(instance, question, choice % 3))

    def crash(self, node: int) -> None:
        """Stop a node: what it had not persisted is lost, and what reaches it meanwhile too."""
        instance = node % len(self.ids)
        self.replicas[instance] = None
        self.timers[instance].clear()
        self.open = [each for each in self.open if each[0] != instance]

    def restart(self, node: int) -> None:
        """Bring a crashed node back."""
        instance = node % len(self.ids)
        if self.replicas[instance] is None:
            self.replicas[instance] = self.subject.make_replica(self.ids[instance], self.setting, self.keyring)
            self.give(instance, Restart(dict(self.stored[instance])))

    def corrupt(self, node: int) -> None:
        """Hand a node's key to the adversary."""
        node %= self.n
        if self.budget > 0 and node not in self.corrupted:
            self.budget -= 1
            self.corrupted.add(node)
            self.keyring.corrupted.add(node)
            self.honest[node] = False
            if self.observer is not None:
                self.observer.corrupt(node)

    def forge(self, recipe: str, actor: int, nodes: int, choices: tuple[int, ...]) -> None:
        """Let a corrupted node send a forged message, if there is one and something to build from."""
        make = self.subject.recipes.get(recipe)
        if make is None or not self.corrupted:
            return
        liars = sorted(self.corrupted)
        node = liars[actor % len(liars)]
        message = make(self, node, choices)
        if message is None:
            return
        event = Deliver(node, message)
        for instance in self.others[node]:
            if nodes >> instance & 1:
                self.pending.append((instance, event, node))

    def heal(self, views: int, silent: int) -> None:
        """Let time flow, and see whether what clients asked gets done; if not, `stalled` says what is missing."""
        self.stalled = self.stalled or stabilise(self, views, silent)

    # What the nodes see

    def request(self, number: int) -> Request:
        """Return a client's signed request by its number."""
        request = self.requests.get(number)
        if request is None:
            turn, client = divmod(number, self.setting.clients)
            request = self.keyring.sign(
                Request(client=f"client-{client}", timestamp=1 + turn, operation=f"question-{number}")
            )
            self.requests[number] = request
        return request

    def give(self, instance: int, event: Any) -> None:
        """Give a node an input, and carry out what it asks; a crashed one hears nothing."""
        replica = self.replicas[instance]
        if replica is None:
            return
        steps = self.steps = self.steps + 1
        observer = self.observer if self.honest[instance] else None
        if observer is not None:
            observer.hear(steps, instance, event)
        effects = replica.step(float(steps), event)
        if effects:
            self._perform(instance, effects, observer)
            while self._soon:
                self.give(*self._soon.popleft())

    def _perform(self, instance: int, effects: Iterable[object], observer: Observer | None) -> None:
        do = self._do
        for effect in effects:
            action = do.get(effect.__class__)
            if action is not None:
                action(instance, effect)
            elif self.records is not None:
                self.record(instance, effect)
            if observer is not None:
                observer.observe(self.steps, instance, effect)

    def _broadcast(self, instance: int, effect: Broadcast) -> None:
        message = effect.message
        event = Deliver(self.ids[instance], message)
        self.history.append(event)
        self.sent.setdefault(message.__class__.__name__, []).append(message)
        self.pending += [(other, event, instance) for other in self.others[instance]]

    def _send(self, instance: int, effect: Send) -> None:
        if 0 <= effect.recipient < self.n:
            event = Deliver(self.ids[instance], effect.message)
            self.pending += [(other, event, instance) for other in self.members[effect.recipient]]

    def _persist(self, instance: int, effect: Persist) -> None:
        stored = self.stored[instance]
        for key, value in effect.entries:
            if value is None:
                stored.pop(key, None)
            else:
                stored[key] = value

    def _forget(self, instance: int, effect: Forget) -> None:
        stored = self.stored[instance]
        for key in [key for key in stored if key[0] in effect.kinds and _number(key) <= effect.through]:
            del stored[key]

    def _set_timer(self, instance: int, effect: SetTimer) -> None:
        self.timers[instance][effect.name] = effect.delay_s
        if self.alarm is not None:
            self.alarm(instance, effect.name, effect.delay_s)

    def _cancel_timer(self, instance: int, effect: CancelTimer) -> None:
        self.timers[instance].pop(effect.name, None)

    def _question(self, instance: int, effect: RequestProposal | RequestVerdict) -> None:
        if self.prompt:
            self._soon.append((instance, self._answer(instance, effect, 0)))
        else:
            self.open.append((instance, effect))

    def _execute(self, instance: int, effect: Execute) -> None:
        if self.honest[instance]:
            self.reach[instance] = max(self.reach[instance], effect.seq)
            if effect.proposal.request is not None:
                self.done.setdefault(effect.proposal.request.key, effect.seq)
        if self.records is not None:
            self.record(instance, effect)

    def _transferred(self, instance: int, effect: StateTransferred) -> None:
        self.reach[instance] = max(self.reach[instance], effect.seq)
        if self.records is not None:
            self.record(instance, effect)

    def record(self, instance: int, event: object) -> None:
        """Keep an event in the trace."""
        if self.records is not None:
            self.records.append(Record(float(self.steps), instance, event))

    def _answer(
        self, instance: int, question: RequestProposal | RequestVerdict, choice: int
    ) -> ProposalReady | VerdictReady:
        """Return a validator's answer; every primary proposes its own in every view, so that losses show as splits."""
        if isinstance(question, RequestVerdict):
            return VerdictReady(question.view, question.seq, question.digest, VERDICTS[choice])
        answer = None if choice == 2 else f"answer {choice} of {instance} in view {question.view}"
        return ProposalReady(question.view, question.request, answer)

    @property
    def trace(self) -> Trace:
        """The recorded events."""
        return Trace(self.records or [])


def _number(key: tuple[object, ...]) -> int:
    number = key[1]
    assert isinstance(number, int)
    return number
