"""A replica over epochs: one instance of PBFT after the other, each on the state that the one before agreed on.

It is a replica like any other to its host. Messages of an instance travel in envelopes that name the epoch; sequence
numbers go on across epochs, in effects and events. The rule by which epochs follow each other is in the docstring of
the package.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from bft.core.digest import digest_of
from bft.core.effects import Broadcast, Persist, Send
from bft.core.events import StateTransferred
from bft.core.inputs import ClientRequest, Deliver, Input, Restart, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.core.signatures import Keyring
from bft.core.state_machine import AnswerLog, Snapshot, StateMachine
from bft.errors import ScenarioError, bad_value
from bft.membership.disk import EPOCHS
from bft.membership.events import EpochEntered, Isolated
from bft.membership.instance import Instance, MakeInstance
from bft.membership.keys import EpochKeyring
from bft.membership.machine import MemberMachine
from bft.membership.messages import (
    AskEpochs,
    EpochStart,
    EpochStarts,
    InEpoch,
    Witness,
    well_formed,
    well_formed_checkpoint,
    whole,
)
from bft.membership.witness import Witnessed
from bft.protocols.pbft import PbftConfig, PbftReplica, evidence
from bft.protocols.pbft import messages as within
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, Status

EARLY = 256
"""Messages of the next epoch that are kept for each sender."""

ASK_EVERY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Who the members are at first; makes the replica of each node.

    Attributes
    ----------
    members, spares : tuple of int
        Nodes of the first epoch, and those that may take the place of convicted ones, in order.
    least : int
        With no more members than this a convicted one is not removed without a successor.
    machine : callable
        Makes what is replicated.
    instance : callable
        Makes the replica of PBFT of an epoch.
    """

    members: tuple[int, ...]
    spares: tuple[int, ...] = ()
    least: int = 4
    machine: Callable[[int], StateMachine] = lambda _: AnswerLog()
    instance: MakeInstance = PbftReplica

    def __post_init__(self) -> None:
        everybody = (*self.members, *self.spares)
        if not self.members or len(set(everybody)) != len(everybody):
            allowed = "must name at least one member, and each node once"
            raise ScenarioError(bad_value("membership.members", everybody, allowed))

    def __call__(self, node: int, config: PbftConfig, keyring: Keyring) -> EpochReplica:
        """Return a node's replica."""
        if config.system.weighted:
            raise ScenarioError(bad_value("stakes", config.system.weights, "must be left out: members weigh the same"))
        return EpochReplica(node, self, config, keyring)


class EpochReplica:
    """One node's replica over all epochs.

    Parameters
    ----------
    node : int
        Its number, member or not.
    rules : Members
        The first members.
    config : PbftConfig
        Parameters of every instance; each has a quorum system of its own.
    keyring : Keyring
        Of nodes and clients.

    Attributes
    ----------
    drops : dict
        How many inputs did not count, by reason; those that an instance drops are its own.
    instances, machines, rings : type
        What epochs are made of; a subclass may name others.
    """

    instances: ClassVar[type[Instance]] = Instance
    machines: ClassVar[type[MemberMachine]] = MemberMachine
    rings: ClassVar[type[EpochKeyring]] = EpochKeyring

    def __init__(self, node: int, rules: Members, config: PbftConfig, keyring: Keyring) -> None:
        self.id = node
        self.drops: dict[str, int] = {}
        self._rules = rules
        self._config = config
        self._keyring = keyring
        self._application = rules.machine(node)
        self._history: list[tuple[int, ...]] = [rules.members]
        self._starts: list[EpochStart] = []
        self._base = 0
        self._executed = 0
        self._open: dict[str, Request] = {}
        self._isolated: set[int] = set()
        self._early: dict[int, deque[object]] = {}
        self._ahead: dict[int, int] = {}
        self._out: list[object] = []
        self._inputs: deque[Any] = deque()
        self._inner: Instance | None = None
        self._machine = self._fresh_machine()
        self._set_up()

    @property
    def epoch(self) -> int:
        """The epoch that this replica is in."""
        return len(self._history) - 1

    @property
    def members(self) -> tuple[int, ...]:
        """The members of the epoch."""
        return self._history[-1]

    @property
    def view(self) -> int:
        """The view of the present instance; 0 where this node is no member."""
        return 0 if self._inner is None else self._inner.view

    @property
    def starts(self) -> tuple[EpochStart, ...]:
        """How each epoch but the first began, with its proof."""
        return tuple(self._starts)

    @property
    def stable_checkpoint(self) -> tuple[tuple[Checkpoint, ...], Snapshot | None]:
        """The proof of the last stable checkpoint within the epoch, and its snapshot where this node has it."""
        return ((), None) if self._inner is None else self._inner.stable_checkpoint

    @property
    def machine(self) -> MemberMachine:
        """The replicated machine."""
        return self._machine

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input and return effects and events."""
        match event:
            case Deliver(sender, message):
                self._deliver(sender, message)
            case VerdictReady():
                self._inputs.append(VerdictReady(event.view, event.seq - self._base, event.digest, event.verdict))
            case ClientRequest(request) if not within.well_formed(request):
                self._drop("malformed message")
            case ClientRequest(request):
                if self._inner is None:
                    self._hold(request)
                self._inputs.append(event)
            case Restart(stored):
                self._restart(now, stored)
            case _:
                self._inputs.append(event)
        while self._inputs:
            given = self._inputs.popleft()
            if self._inner is not None:
                self._out += self._inner.step(now, given)
                self._look_at(self._inner)
        out, self._out = self._out, []
        return at_once(out)

    def _look_at(self, inner: Instance) -> None:
        """See what the instance has done, whom it suspects, and whether its epoch is over."""
        for client, timestamp in inner.done:
            held = self._open.get(client)
            if held is not None and held.timestamp <= timestamp:
                del self._open[client]
        inner.done.clear()
        self._executed = inner.executed
        self._witnessed.forget_through(inner.stable)
        while inner.claimed:
            self._suspect(inner.claimed.pop())
        start = inner.next_start()
        if start is not None and self._proved(start):
            self._begin(start)

    def _hold(self, request: Request) -> None:
        """Keep the latest request of a client for the next epoch: this node may be a member there."""
        held = self._open.get(request.client)
        if held is None or held.timestamp < request.timestamp:
            self._open[request.client] = request

    # Epochs

    def _set_up(self) -> None:
        """Prepare for the present epoch, as a member or as somebody who waits to become one."""
        self._system = self._quorums()
        self._ring = self.rings(self._keyring, self.epoch, self.members)
        self._witnessed = Witnessed()
        self._inner = None
        if self.id in self.members:
            self._inner = self.instances(
                self.id,
                epoch=self.epoch,
                base=self._base,
                members=self.members,
                config=replace(self._config, system=self._system),
                ring=self._ring,
                machine=self._machine,
                genesis=self._starts[-1].snapshot if self._starts else None,
                make=self._rules.instance,
            )
            if self._starts:
                self._machine.begin_epoch()

    def _quorums(self) -> QuorumSystem:
        return QuorumSystem.of(len(self.members))

    def _fresh_machine(self) -> MemberMachine:
        return self.machines(
            self._application,
            members=self._rules.members,
            spares=self._rules.spares,
            convicts=self._convicts,
            least=self._rules.least,
        )

    def _begin(self, start: EpochStart) -> None:
        """Enter an epoch whose start is proved."""
        before = self.members
        waiting = list(self._open.values())
        if self._inner is not None:
            self._out += self._inner.retire()
            waiting = self._inner.pending
        # One message may prove several epochs: what was handed on at the last one has not been given to anybody yet.
        waiting += [event.request for event in self._inputs if event.__class__ is ClientRequest]
        self._open.clear()
        self._machine = self._fresh_machine()
        self._machine.restore(_machine_part(start.snapshot))
        transferred = StateTransferred(start.base, self._machine.digest())
        self._machine.begin_epoch()
        left_behind = self._executed < start.base
        self._history.append(self._machine.members)
        self._starts.append(start)
        self._base = start.base
        self._executed = max(self._executed, start.base)
        self._set_up()
        self._out.append(Persist(((EPOCHS, tuple(self._starts)),)))
        if left_behind and self._inner is not None:
            self._out.append(transferred)
        self._out.append(EpochEntered(self.epoch, start.base, self.members))
        for newcomer in self.members:
            if newcomer not in before and newcomer != self.id:
                self._out.append(Send(newcomer, EpochStarts(tuple(self._starts))))
        self._inputs.clear()
        for request in waiting:
            if self._inner is None:
                self._hold(request)
            self._inputs.append(ClientRequest(request))
        for sender in sorted(self._early):
            early = self._early[sender]
            self._early[sender] = deque(maxlen=EARLY)
            for message in early:
                self._deliver(sender, message)

    def _proved(self, start: EpochStart) -> bool:
        """Whether the present members, by a quorum, signed the state that the next epoch starts from."""
        numbered = whole(start.epoch, start.base) and start.epoch == self.epoch + 1
        if not numbered or not isinstance(start.proof, tuple):
            return False
        verifier = Verifier(
            self._system, self._config.rules, self._ring, self._config.window, self._config.checkpoint_interval
        )
        seq = start.base - self._base
        return (
            seq > 0
            and all(well_formed_checkpoint(vote) for vote in start.proof)
            and verifier.checkpoint(seq, start.proof)
            and self._holds_what_is_proved(start)
            and _next_members(start.snapshot) != self.members
        )

    def _holds_what_is_proved(self, start: EpochStart) -> bool:
        return digest_of(start.snapshot) == start.proof[0].state_digest

    # Messages

    def _deliver(self, sender: int, message: object) -> None:
        if not well_formed(message):
            return self._drop("malformed message")
        match message:
            case InEpoch(epoch, inner) if whole(epoch):
                if epoch == self.epoch:
                    self._take(sender, inner)
                elif epoch > self.epoch:
                    self._hear_of_later(sender, message)
                elif isinstance(inner, Status):
                    self._out.append(Send(sender, EpochStarts(tuple(self._starts[max(0, epoch) :]))))
            case Witness(preprepare) if sender in self.members:
                self._suspect(self._witnessed.compare(preprepare))
            case AskEpochs(epoch) if whole(epoch) and 0 <= epoch < self.epoch:
                self._out.append(Send(sender, EpochStarts(tuple(self._starts[epoch:]))))
            case EpochStarts(starts) if isinstance(starts, tuple):
                for start in starts:
                    if start.__class__ is EpochStart and self._proved(start):
                        self._begin(start)
        return None

    def _drop(self, reason: str) -> None:
        self.drops[reason] = self.drops.get(reason, 0) + 1

    def _take(self, sender: int, message: object) -> None:
        """A message of this epoch: only members have a say, and of the convicted nobody listens to any."""
        if self._inner is None or sender not in self.members or self._shuns(sender):
            return
        place = self.members.index(sender)
        if getattr(message, "replica", place) == place:
            self._suspect(self._witnessed.hear(message))
        if (message.__class__ is Prepare or message.__class__ is Commit) and evidence.well_formed(message):
            assert isinstance(message, Prepare | Commit)
            primary = message.view % len(self.members)
            mine = self._witnessed.to_show(message, sender, primary)
            if mine is not None:
                self._out.append(Send(sender, Witness(mine)))
        if not self._shuns(sender):
            self._inputs.append(Deliver(place, message))

    def _shuns(self, node: int) -> bool:
        """Whether evidence has convicted a node, here or for all."""
        return node in self._isolated or node in self._machine.convicted

    def _hear_of_later(self, sender: int, message: InEpoch) -> None:
        """Somebody is ahead: keep what it says for a while, and ask how it got there, again when it asks for help."""
        if message.epoch == self.epoch + 1:
            self._early.setdefault(sender, deque(maxlen=EARLY)).append(message)
        heard = self._ahead.get(sender, 0)
        self._ahead[sender] = heard + 1
        if heard % ASK_EVERY == 0 or isinstance(message.message, Status):
            self._out.append(Send(sender, AskEpochs(self.epoch)))

    # Evidence

    def _convicts(self, epoch: int, claimed: evidence.Evidence) -> int | None:
        """Return the node that evidence of an epoch convicts."""
        if not 0 <= epoch < len(self._history):
            return None
        members = self._history[epoch]
        place = evidence.verify(claimed, self.rings(self._keyring, epoch, members).verify)
        return None if place is None else members[place]

    def _suspect(self, claimed: evidence.Evidence | None) -> None:
        """Isolate whom evidence convicts, and propose to remove it."""
        culprit = None if claimed is None else self._convicts(self.epoch, claimed)
        if claimed is None or culprit is None or culprit in self._isolated or culprit == self.id:
            return
        self._isolated.add(culprit)
        self._out.append(Isolated(culprit))
        accusation = self._keyring.sign(
            Request(
                client=f"member-{self.id}-on-{culprit}",
                timestamp=self.epoch + 1,
                operation=f"accuse {self.epoch} {evidence.to_text(claimed)}",
            )
        )
        self._hold(accusation)
        self._out.append(Broadcast(InEpoch(self.epoch, accusation)))
        self._inputs.append(ClientRequest(accusation))

    # What survives a crash

    def _restart(self, now: float, stored: Mapping[tuple[object, ...], object]) -> None:
        """Go on in the epoch last entered, with what was persisted in it."""
        starts = stored.get(EPOCHS, ())
        assert isinstance(starts, tuple)
        for start in starts:
            self._machine = self._fresh_machine()
            self._machine.restore(_machine_part(start.snapshot))
            self._machine.begin_epoch()
            self._history.append(self._machine.members)
            self._starts.append(start)
            self._base = self._executed = start.base
        self._set_up()
        if self._inner is not None:
            self._out += self._inner.restart(now, stored)
            self._look_at(self._inner)


def at_once(effects: list[object]) -> list[object]:
    """Return effects with all that is to be persisted in one write, before anything is sent.

    A step may go through several steps of instances; a crash in the middle must not part what they persist.
    """
    writes = [effect for effect in effects if effect.__class__ is Persist]
    if len(writes) < 2 and (not writes or effects[0] is writes[0]):
        return effects
    entries: dict[tuple[object, ...], object | None] = {}
    for write in writes:
        entries.update(write.entries)
    return [Persist(tuple(entries.items())), *(effect for effect in effects if effect.__class__ is not Persist)]


def _machine_part(snapshot: object) -> object:
    """Return the machine's part of a replica's snapshot; the other is the reply cache."""
    assert isinstance(snapshot, tuple)
    return snapshot[0]


def _next_members(snapshot: object) -> object:
    """Return the members that a proved snapshot names for the next epoch."""
    machine = _machine_part(snapshot)
    assert isinstance(machine, tuple)
    return machine[1]


def last_members(replicas: Sequence[object]) -> tuple[int, ...]:
    """Return the members of the latest epoch that any of these replicas is in."""
    found = [replica for replica in replicas if isinstance(replica, EpochReplica)]
    return max(found, key=lambda replica: replica.epoch).members
