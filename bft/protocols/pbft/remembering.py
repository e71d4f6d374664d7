"""Replicas that do again what others did in earlier replications: the fast way through decisions without incident.

The replications of a scenario take the same few steps. Which replicas vote first differs, but what a step does depends
on how many have voted. So a step is looked up by the state, with voters counted, not named, and by the input. Its
effects are those of the last time, objects and all; own votes and the names of voters are put in. A step that was never
seen is taken by a real replica (`PbftReplica`), which is given all inputs so far, and remembered. Whoever meets an
incident is a real replica from then on: a timer that rings, a second vote, a message that no remembered step sent.

What a step does is not said here. That it can be looked up so rests on this, where all replicas weigh the same:

1. `summary` has everything of a state but who voted in a slot, in which order, and how many did beyond what it takes to
   be prepared or committed: a further vote changes nothing then (`fingerprint`).
2. Effects name a voter only in `Prepared` and `Committed`, all who voted, in order, and a replica itself only in its
   messages. A vote does the same whoever casts it, unless that one has voted before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from bft.core.effects import Broadcast, Send
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, VerdictReady
from bft.core.lean import maker
from bft.core.replica import Replica
from bft.core.signatures import Keyring
from bft.protocols.pbft import normal_case
from bft.protocols.pbft.config import PbftConfig
from bft.protocols.pbft.events import Committed, Prepared
from bft.protocols.pbft.messages import Commit, Prepare, PrePrepare
from bft.protocols.pbft.replica import PbftReplica
from bft.protocols.pbft.rules import Rules
from bft.protocols.pbft.state import Slot, State
from bft.protocols.protocol import Protocol

FIRST = 4
"""Replications in which all replicas are real: for a few, remembering does not pay."""
JUDGED_EVERY = 64
"""After so many replications nothing is remembered any more if most replicas had to become real."""
MOST_STEPS = 1 << 15
"""Steps that are remembered at most."""

FIRST_PRIMARY = 0
"""What is remembered happens in view 0."""
PREPARES, COMMITS, NO_VOTE = 0, 1, 2
COUNTED: dict[type, int] = {Prepare: PREPARES, Commit: COMMITS, PrePrepare: NO_VOTE}
"""The messages that remembered steps take and send, and as what they count."""
NAMES_VOTERS: dict[type, tuple[int, Callable[..., object]]] = {
    Prepared: (PREPARES, maker(Prepared)),
    Committed: (COMMITS, maker(Committed)),
}

Steps = dict[Hashable, "Step"]
"""What was done from one state, by input."""


class Told(NamedTuple):
    """A message that remembered steps take."""

    content: object
    """One and the same object for messages that differ in their signer alone."""
    signer: int
    counted: int


class Said(NamedTuple):
    """A message of a remembered step, by who says it."""

    place: int
    by: dict[int, Broadcast]
    message: Any
    counted: int


class Named(NamedTuple):
    """An event of a remembered step that names voters."""

    place: int
    make: Callable[..., object]
    view: int
    seq: int
    digest: str
    counted: int


class Step(NamedTuple):
    """A remembered step: where it leads, its effects, and what of them differs from time to time, if anything."""

    to: Steps
    effects: tuple[object, ...]
    own: tuple[tuple[Said, ...], tuple[Named, ...]] | None


NOTHING_TOLD: dict[int, Told] = {}
"""Never filled: of a replica that became a real one."""


class Memory:
    """What the replicas of one configuration did in all replications so far.

    Parameters
    ----------
    protocol : Protocol
        PBFT; where it has other replicas or rules, or weights differ, nothing is remembered.
    config : PbftConfig
        Of all replicas, not durable.
    n : int
        How many replicas there are.
    """

    def __init__(self, protocol: Protocol, config: PbftConfig, n: int) -> None:
        self._given = protocol, config, n
        self._made = self._became_real = 0
        usual = protocol.replica is PbftReplica and config.rules == Rules()
        self._pays = usual and config.one_each and not config.durable
        self._steps = 0
        self._states: dict[Hashable, Steps] = {}
        self._contents: dict[Hashable, tuple[object, dict[int, Broadcast]]] = {}
        self._held: list[object] = []  # objects that are looked up by their `id` must live on
        self.told: dict[int, Told] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a copy is made from: it remembers nothing, for its objects have other identities."""
        return Memory, self._given

    def replica(self, node: int, config: PbftConfig, keyring: Keyring) -> Replica:
        """Return a new replica of a node; the configuration is that of all."""
        protocol, _, n = self._given
        self._made += 1
        if not self._pays or self._made <= FIRST * n:
            return protocol.replica(node, config, keyring)
        if self._made % (JUDGED_EVERY * n) == 0:
            self._pays = 2 * self._became_real <= JUDGED_EVERY * n
            self._became_real = 0
        return RememberingReplica(node, keyring, self, self._states.setdefault((node == FIRST_PRIMARY, None), {}))

    def real(self, node: int, keyring: Keyring, inputs: Sequence[Input]) -> PbftReplica:
        """Return a replica that has taken these inputs."""
        self._became_real += 1
        replica = PbftReplica(node, self._given[1], keyring)
        for event in inputs:
            replica.step(0.0, event)
        return replica

    def learn(self, steps: Steps, key: Hashable, event: Input, effects: Sequence[Any], state: State) -> Step | None:
        """Remember a step that a real replica took, and return it; None where that cannot be."""
        found = summary(state)
        if found is None or self._steps >= MOST_STEPS:
            return None
        said: list[Said] = []
        named: list[Named] = []
        for place, effect in enumerate(effects):
            kind = effect.__class__
            if kind in NAMES_VOTERS:
                counted, make = NAMES_VOTERS[kind]
                slot = state.slots[effect.seq]
                if effect.voters != tuple(slot.prepares if counted == PREPARES else slot.commits):
                    return None
                named.append(Named(place, make, effect.view, effect.seq, effect.digest, counted))
            elif kind is Send or (kind is Broadcast and effect.message.__class__ not in COUNTED):
                return None
            elif kind is Broadcast:
                message = effect.message
                said.append(Said(place, self._tell(effect), message, COUNTED[message.__class__]))
        to = self._states.setdefault((state.is_primary, found), {})
        steps[key] = step = Step(to, tuple(effects), (tuple(said), tuple(named)) if said or named else None)
        self._held.append(event)
        self._steps += 1
        return step

    def say(self, said: Said, node: int) -> Broadcast:
        """Return the vote of a node that has not cast it before."""
        vote = said.message
        make = normal_case.new_prepare if said.counted == PREPARES else normal_case.new_commit
        effect = Broadcast(make(vote.view, vote.seq, vote.digest, node))
        self._tell(effect)
        return effect

    def _tell(self, effect: Broadcast) -> dict[int, Broadcast]:
        """Let a message be known when it arrives; return who says the same."""
        message: Any = effect.message
        content = (message.__class__, message.view, message.seq, message.digest)
        known, by = self._contents.setdefault(content, (object(), {}))
        by.setdefault(message.replica, effect)
        if message.__class__ is not Prepare or message.replica != FIRST_PRIMARY:  # §4.2: its prepare does not count
            self.told[id(message)] = Told(known, message.replica, COUNTED[message.__class__])
            self._held.append(message)
        return by


class RememberingReplica:
    """A replica that does what others did in its state, and becomes a real one where that is not known.

    Parameters
    ----------
    replica : int
        Its number.
    keyring : Keyring
        Signs in its name.
    memory : Memory
        What others did.
    start : dict
        What they did first.
    """

    __slots__ = ("_heard", "_inputs", "_keyring", "_memory", "_real", "_steps", "_told", "id")

    def __init__(self, replica: int, keyring: Keyring, memory: Memory, start: Steps) -> None:
        self.id = replica
        self._keyring = keyring
        self._memory = memory
        self._told = memory.told
        self._steps = start
        self._inputs: list[Input] = []
        self._heard: tuple[dict[int, None], ...] = ({}, {}, {})
        self._real: PbftReplica | None = None

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input and return effects and events, in the order in which they must be carried out."""
        if event.__class__ is not Deliver:
            return self._take(now, event, key_of(event))
        message: Any = event
        told = self._told.get(id(message.message))
        if told is None:
            return self._take(now, event, None)
        content, signer, counted = told
        heard = self._heard[counted]
        if signer != message.sender or signer in heard:
            return self._take(now, event, None)
        heard[signer] = None
        known = self._steps.get(content)
        if known is None:
            return self._take(now, event, content)
        inputs = self._inputs
        inputs.append(event)
        self._steps, effects, own = known
        return effects if own is None else self._with_own(effects, *own)

    def _take(self, now: float, event: Input, key: Hashable) -> Sequence[object]:
        """Take any input; the key is what is looked up, None where nothing can be."""
        if self._real is not None:
            return self._real.step(now, event)
        steps = self._steps
        known = steps.get(key)
        if known is not None:
            self._inputs.append(event)
            self._steps, effects, own = known
            return effects if own is None else self._with_own(effects, *own)
        memory = self._memory
        real = memory.real(self.id, self._keyring, self._inputs)
        done = real.step(now, event)
        step = None if key is None else memory.learn(steps, key, event, done, real._state)
        if step is None:
            self._remain(real)
        else:
            self._inputs.append(event)
            self._steps = step.to
            for each in step.own[0] if step.own else ():
                self._heard[each.counted][self.id] = None
        return done

    def _with_own(
        self, effects: tuple[object, ...], said: tuple[Said, ...], named: tuple[Named, ...]
    ) -> Sequence[object]:
        """Cast own votes, and return the effects with them and with the names of those who voted."""
        node, done = self.id, list(effects)
        for each in said:
            done[each.place] = effect = each.by.get(node) or self._memory.say(each, node)
            vote: Any = effect.message
            self._keyring.sign(vote)
            self._heard[each.counted][node] = None
        for place, make, view, seq, digest, counted in named:
            done[place] = make(view, seq, digest, tuple(self._heard[counted]))
        return done

    def _remain(self, real: PbftReplica) -> PbftReplica:
        """From here on this is a real replica."""
        self._real, self._told = real, NOTHING_TOLD
        return real

    @property
    def progress(self) -> tuple[int, ...]:
        """See `bft.core.replica.Replica`."""
        real = self._real or self._remain(self._memory.real(self.id, self._keyring, self._inputs))
        return real.progress


def key_of(event: Input) -> Hashable:
    """Return what an input that is no message says; None where no step with it is remembered."""
    match event:
        case ClientRequest():
            return id(event.request)
        case VerdictReady():
            return event.view, event.seq, event.digest, id(event.verdict)
        case ProposalReady():
            return event.view, id(event.request), event.answer, event.wording, event.confidence
    return None


PLAIN = (
    "active", "awaited", "failures", "high", "last_executed", "low", "moved", "next_seq", "over", "primary",
    "status_timer_runs", "status_wait_s", "view", "view_timer_runs",
)  # fmt: skip
"""Parts of a state that are compared as they are."""
LISTED, UNORDERED = ("answered", "clients", "drops", "pending"), ("asked", "ordering")
EMPTY = (
    "checkpoints", "early", "effects", "future", "new_view", "own_view_change", "replies", "snapshots", "stable_proof",
    "stops", "unexecuted", "unordered", "unsaved", "view_changes",
)  # fmt: skip
"""Parts in which there is nothing as long as there was no incident."""
plain, listed, unordered, empty = (attrgetter(*names) for names in (PLAIN, LISTED, UNORDERED, EMPTY))


def summary(state: State) -> Hashable | None:
    """Return everything of a state that steps without incident depend on; None where there was one."""
    if any(empty(state)):
        return None
    slots = [_slot(slot) for slot in state.slots.values()]
    if None in slots:
        return None
    return (
        plain(state),
        tuple([tuple(each.items() if isinstance(each, dict) else each) for each in listed(state)]),
        tuple([frozenset(each) for each in unordered(state)]),
        tuple(slots),
        tuple([(seq, one.preprepare.digest) for seq, one in state.certificates.items()]),
        tuple([(seq, one.proposal.digest) for seq, one in state.decisions.items()]),
        state.machine.digest(),
    )


def _slot(slot: Slot) -> Hashable | None:
    """Return a slot, its voters counted while that matters; None where votes are for more than one value."""
    values = {vote.digest for votes in (slot.prepares, slot.commits) for vote in votes.values()}
    if slot.digest is not None:
        values.add(slot.digest)
    if len(values) > 1:
        return None
    prepares = None if slot.prepared else (len(slot.prepares), slot.prepare_weight)
    commits = None if slot.committed else (len(slot.commits), slot.commit_weight)
    return slot.view, slot.seq, slot.digest, *values, slot.prepare_sent, prepares, commits
