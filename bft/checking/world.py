"""An untimed, deterministic host for replicas.

The network is a list of pending messages, timers are names that may fire whenever they run, validators are open
questions. Nothing happens by itself: whoever calls is the adversary, usually with a schedule of operations
(`bft.checking.play`). The same calls on the same setting give the same events, in every process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from bft.checking.setting import Setting
from bft.checking.subject import Subject, check_subject
from bft.core.disk import Disk
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
from bft.errors import BftError, ScenarioError, bad_value
from bft.record.trace import Record, Trace

Pending = tuple[int, Deliver, int]
"""A message on its way: the receiving instance, what it gets, the sending instance (twins share a name)."""
VERDICTS = (Verdict.ACCEPT, Verdict.REJECT, Verdict.UNSURE)


class ReplicaRaisedError(BftError):
    """A replica raised instead of returning effects: what others send is data, and never an error (M7)."""

    def __init__(self, instance: int, event: object, error: Exception) -> None:
        self.instance = instance
        heard = getattr(event, "message", event)
        self.detail = f"raised {type(error).__name__}: {error}, on {type(heard).__name__}"
        super().__init__(f"node {instance} {self.detail}")


class Observer(Protocol):
    """Sees what the honest nodes hear and do; see `bft.checking.monitor`."""

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input before the node does."""

    def observe_step(self, time_s: float, node: int, effects: Iterable[object]) -> None:
        """Take note of the events and effects of a step."""

    def corrupt(self, node: int) -> None:
        """The node is honest no longer."""


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

    Attributes
    ----------
    pending : list
        Messages on their way.
    open : list
        Questions to validators.
    done, reach, progress
        Number at which each request was executed first, how far each instance is, and how often either has changed.
    stalled, restless, starved : str or None
        What was not done after stabilisation; who times its view though all was; which client a primary could starve.
    turns, images, notes : dict
        How many answers each waiting client has got; what each disk held when that was remembered; what the liars have
        put together from what was said.
    """

    def __init__(
        self, subject: Subject, setting: Setting, observer: Observer | None = None, *, record: bool = False
    ) -> None:
        check_subject(subject, setting)
        self.subject = subject
        self.setting = setting
        self.observer = observer
        self.n = setting.n
        self.system = setting.system()
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
        self.turns: dict[int, int] = {}
        self.images: dict[int, dict[tuple[object, ...], object]] = {}
        self.notes: dict[type, Any] = {}
        self.records: list[Record] | None = [] if record else None
        self.prompt = setting.prompt_validators
        self.alarm: Callable[[int, str, float], None] | None = None
        self.stalled: str | None = None
        self.restless: str | None = None
        self.starved: str | None = None
        self.done: dict[RequestKey, int] = {}
        self.reach = [0] * len(self.ids)
        self.progress = 0
        self.timers: list[dict[str, float]] = [{} for _ in self.ids]
        self.stored = [Disk() for _ in self.ids]
        self.others, self.members = _addresses(setting.n, setting.twins)
        self.honest = [node not in self.corrupted for node in self.ids]
        self.replicas: list[Replica | None] = [self._made(node) for node in self.ids]
        self._soon: deque[tuple[int, Any]] = deque()
        self._observers: list[Observer | None] = [None] * len(self.ids)
        if observer is not None:
            self.watch(observer)

    def watch(self, observer: Observer) -> None:
        """Show an observer what honest nodes hear and do from now on."""
        self.observer = observer
        self._observers[:] = [observer if honest else None for honest in self.honest]

    @property
    def watchable(self) -> list[int]:
        """The nodes that are not corrupted."""
        return [node for node in range(self.n) if node not in self.corrupted]

    def _made(self, node: int) -> Replica:
        replica = self.subject.make_replica(node, self.setting, self.keyring)
        if not callable(getattr(replica, "step", None)):
            allowed = "must be a replica: an object with a method step(now, event) that returns effects"
            raise ScenarioError(bad_value("make_replica", replica, allowed))
        return replica

    # What can be done to single nodes

    def fire(self, node: int, timer: str) -> None:
        """Let a running timer run out."""
        instance = node % len(self.ids)
        if self.timers[instance].pop(timer, None) is not None:
            self.give(instance, TimerFired(timer))

    def ask(self, request: int, nodes: int) -> None:
        """Give a client's request to nodes."""
        event = ClientRequest(self.request(request))
        self.give_all([(instance, event, instance) for instance in range(len(self.ids)) if nodes >> instance & 1])

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
        if self.replicas[instance] is None and self.subject.restarts:
            self.replicas[instance] = self._made(self.ids[instance])
            self.give(instance, Restart(dict(self.stored[instance])))

    def corrupt(self, node: int) -> None:
        """Hand a node's key to the adversary."""
        node %= self.n
        if self.budget > 0 and node not in self.corrupted:
            self.budget -= 1
            self.corrupted.add(node)
            self.keyring.corrupted.add(node)
            self.honest[node] = False
            self._observers[node] = None
            if self.observer is not None:
                self.observer.corrupt(node)

    # What the nodes see

    def request(self, number: int) -> Request:
        """Return a client's signed request by its number."""
        if self.subject.questions is not None:
            number %= self.subject.questions
        request = self.requests.get(number)
        if request is None:
            other = self.subject.request
            asked = None if other is None else other(self.setting, number)
            if asked is None:
                turn, client = divmod(number, self.setting.clients)
                asked = Request(client=f"client-{client}", timestamp=1 + turn, operation=f"question-{number}")
            self.requests[number] = request = self.keyring.sign(asked)
        return request

    def give(self, instance: int, event: Any) -> None:
        """Give a node an input, and carry out what it asks; a crashed one hears nothing."""
        self.give_all(((instance, event, instance),))

    def give_all(self, entries: Iterable[tuple[int, Any, int]]) -> None:
        """Give nodes inputs, as they stand on the network; what one asks is done before the next gets its own."""
        replicas, observers, soon = self.replicas, self._observers, self._soon
        for instance, event, _ in entries:
            replica = replicas[instance]
            if replica is None:
                continue
            self.steps = steps = self.steps + 1
            observer = observers[instance]
            if observer is not None:
                observer.hear(steps, instance, event)
            try:
                effects: Sequence[Any] = replica.step(float(steps), event)
            except Exception as error:
                raise ReplicaRaisedError(instance, event, error) from error
            if not effects:
                if effects is None:
                    raise _no_effects(replica, effects)
                continue
            for effect in effects:
                kind = type(effect)
                if kind is Persist:  # the commonest ones by name: that is faster than by table
                    self._persist(instance, effect)
                    continue
                if kind is Broadcast:
                    self._broadcast(instance, effect)
                    continue
                if kind is SetTimer:
                    self._set_timer(instance, effect)
                    continue
                action = _DO.get(kind)
                if action is not None:
                    action(self, instance, effect)
                elif kind in _PLAIN:
                    raise _no_effects(replica, effects)
                elif self.records is not None:
                    self.record(instance, effect)
            if observer is not None:
                observer.observe_step(steps, instance, effects)
            while soon:
                self.give(*soon.popleft())

    def _broadcast(self, instance: int, effect: Broadcast) -> None:
        message = effect.message
        event = Deliver(self.ids[instance], message)
        self.history.append(event)
        self.sent.setdefault(type(message).__name__, []).append(message)
        append = self.pending.append
        for other in self.others[instance]:
            append((other, event, instance))

    def _send(self, instance: int, effect: Send) -> None:
        if 0 <= effect.recipient < self.n:
            event = Deliver(self.ids[instance], effect.message)
            for other in self.members[effect.recipient]:
                self.pending.append((other, event, instance))

    def _persist(self, instance: int, effect: Persist) -> None:
        self.stored[instance].persist(effect)

    def _forget(self, instance: int, effect: Forget) -> None:
        self.stored[instance].forget(effect)

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
            self.progress += 1
            self.reach[instance] = max(self.reach[instance], effect.seq)
            if effect.proposal.request is not None:
                self.done.setdefault(effect.proposal.request.key, effect.seq)
        if self.records is not None:
            self.record(instance, effect)

    def _transferred(self, instance: int, effect: StateTransferred) -> None:
        self.progress += 1
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
        """Return what a validator says: a verdict, or an answer as the subject words it."""
        if isinstance(question, RequestVerdict):
            return VerdictReady(question.view, question.seq, question.digest, VERDICTS[choice])
        if choice == 2:
            return ProposalReady(question.view, question.request, None)
        answer = self.subject.answer(instance, choice, question.view)
        if self.subject.answers_differ:
            answer = f"{answer} to {question.request.operation}"
        return ProposalReady(question.view, question.request, answer)

    @property
    def trace(self) -> Trace:
        """The recorded events."""
        return Trace(self.records or [])


@lru_cache(maxsize=256)
def _addresses(n: int, twins: tuple[int, ...]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Return, for each instance, the instances under other names, and for each name its instances."""
    ids = (*range(n), *twins)
    others = [tuple([other for other, name in enumerate(ids) if name != own]) for own in ids]
    members = [tuple([place for place, name in enumerate(ids) if name == node]) for node in range(n)]
    return tuple(others), tuple(members)


_DO: dict[type, Callable[[World, int, Any], None]] = {
    Send: World._send,
    CancelTimer: World._cancel_timer,
    RequestVerdict: World._question,
    RequestProposal: World._question,
    Forget: World._forget,
    Execute: World._execute,
    StateTransferred: World._transferred,
}
"""What the host does about the other effects; events only go into the trace."""


_PLAIN = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict, set, type})
"""What is no effect for sure; anything else may be an event of somebody's own protocol."""


def _no_effects(replica: Replica, effects: object) -> ScenarioError:
    allowed = "must be a list of effects of bft.core.effects (Broadcast, Execute, ...) and events, empty for none"
    return ScenarioError(bad_value(f"{type(replica).__name__}.step", effects, allowed))
