"""Replicas as tables: every step of a deterministic machine is taken once, then looked up.

A replica's state is named by its fingerprint. `moves` gathers deliveries into moves, which is where the search gets
small; why that loses nothing stands in `search`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from bft.checking.exploration import ANSWERS
from bft.checking.pbft.explorer.alphabet import RESTART, TIMER, Alphabet, Names, bits
from bft.checking.pbft.explorer.config import ExplorerConfig
from bft.core.disk import Disk
from bft.core.effects import Broadcast, Execute, Persist, RequestProposal, RequestVerdict
from bft.core.inputs import Deliver, Input, ProposalReady, Restart, VerdictReady
from bft.core.verdict import Verdict
from bft.protocols.pbft import PbftReplica
from bft.protocols.pbft.events import Committed, Prepared
from bft.protocols.pbft.messages import Status


class Taken(NamedTuple):
    """One step of a replica.

    Attributes
    ----------
    state : int
        The state afterwards.
    sent : tuple of int
        Numbers of the messages broadcast, in order.
    executed : tuple of (int, str)
        Sequence number and digest of what took effect, in order.
    own : int
        Mask of inputs that only this replica will get: verdicts.
    visible : bool
        Whether anyone else can notice: something was sent or executed.
    proved : tuple of (str, int, int, str)
        What became prepared or committed: "prepared" or "committed", number, view and digest.
    """

    state: int
    sent: tuple[int, ...]
    executed: tuple[tuple[int, str], ...]
    own: int
    visible: bool
    proved: tuple[tuple[str, int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Inputs taken in one go, and what comes of them together.

    Attributes
    ----------
    inputs : tuple of int
        Numbers of the inputs, in order; only the last one is visible.
    used, sent : int
        Masks of the messages delivered and sent.
    taken : Taken
        What comes of them together.
    """

    inputs: tuple[int, ...]
    used: int
    taken: Taken
    sent: int


"""What a replica has persisted."""


@dataclass(slots=True)
class Done:
    """What comes of an input, in the making of a `Taken`."""

    sent: list[int] = field(default_factory=list)
    executed: list[tuple[int, str]] = field(default_factory=list)
    own: int = 0
    proved: list[tuple[str, int, int, str]] = field(default_factory=list)

    def taken(self, after: int) -> Taken:
        """Return the step that ends in a state."""
        visible = bool(self.sent or self.executed)
        return Taken(after, tuple(self.sent), tuple(self.executed), self.own, visible, tuple(self.proved))


class Machines:
    """The table of all replica states met.

    Attributes
    ----------
    executed, prepared : dict
        For each state what was executed on the way there, as (number, digest), and the certificates held in it, as
        number to (view, digest).
    """

    def __init__(self, config: ExplorerConfig, alphabet: Alphabet, born: Callable[[int], PbftReplica]) -> None:
        self._config = config
        self._alphabet = alphabet
        self._born = born
        self._longest = config.longest_prelude()
        self._names: dict[Hashable, int] = {}
        self._replicas: dict[int, PbftReplica] = {}
        self._table: dict[int, dict[int, Taken | None]] = {}
        self._known: dict[int, int] = {}
        self._dead: dict[int, int] = {}
        self._stored: dict[int, Disk] = {}
        self._back: dict[int, tuple[PbftReplica, Disk, Done]] = {}
        self._restarts: dict[int, Move | None] = {}
        self.executed: dict[int, tuple[tuple[int, str], ...]] = {}
        self.prepared: dict[int, dict[int, tuple[int, str]]] = {}

    def __len__(self) -> int:
        return len(self._replicas)

    def add(self, replica: PbftReplica, executed: tuple[tuple[int, str], ...] = (), stored: Disk | None = None) -> int:
        """Return the number of a replica's state; the first replica met in it stands for all."""
        print_ = replica.fingerprint()
        if not self._config.restarts:
            return self._keep(self._number(print_), replica, executed)
        stored = Disk() if stored is None else stored
        back = self._come_back(replica.id, stored)
        state = self._number((print_, back[0].fingerprint()))
        self._back.setdefault(state, back)
        self._stored.setdefault(state, stored)
        return self._keep(state, replica, executed)

    def _keep(self, state: int, replica: PbftReplica, executed: tuple[tuple[int, str], ...]) -> int:
        if state not in self._replicas:
            self._replicas[state] = replica
            self._table[state] = {}
            self._known[state] = self._dead[state] = 0
            self.executed[state] = executed
            self.prepared[state] = {
                seq: (proof.preprepare.view, proof.preprepare.digest) for seq, proof in replica.certificates.items()
            }
        return state

    def rename(self, names: Names, state: int) -> int:
        """Return the number of the same state with the replicas renamed."""
        print_ = self._replicas[state].fingerprint(names)
        if not self._config.restarts:
            return self._number(print_)
        return self._number((print_, self._back[state][0].fingerprint(names)))

    def restart(self, state: int) -> Move | None:
        """Return what a crash and the return from it do in a state; None if nothing."""
        if state not in self._restarts:
            replica, stored, done = self._back[state]
            after = self.add(replica.clone(), self.executed[state], stored)
            taken = done.taken(after)
            nothing = after == state and not done.sent and not done.own
            sent = sum(1 << message for message in set(done.sent))
            self._restarts[state] = None if nothing else Move((RESTART,), 0, taken, sent)
        return self._restarts[state]

    def _come_back(self, replica: int, stored: Disk) -> tuple[PbftReplica, Disk, Done]:
        """Return a replica made from what was persisted, what is persisted then, and what it did on its return."""
        back, kept = self._born(replica), Disk(stored)
        return back, kept, self._follow(back, Restart(dict(stored)), kept)

    def take(self, state: int, number: int) -> Taken | None:
        """Return the step on an input; None if it changes nothing, or is a timer that does not run."""
        steps = self._table[state]
        if number not in steps:
            steps[number] = self._take(state, number)
        return steps[number]

    def alive(self, state: int, mask: int) -> int:
        """Return the messages that still change something in this state."""
        unknown = mask & ~self._known[state]
        if unknown:
            self._known[state] |= unknown
            for number in bits(unknown):
                if self.take(state, number) is None:
                    self._dead[state] |= 1 << number
        return mask & ~self._dead[state]

    def moves(self, state: int, mask: int) -> tuple[Move, ...]:
        """Return the moves of a replica with these messages before it."""
        return tuple(self._gather(state, mask))

    def steps(self, state: int, inputs: tuple[int, ...]) -> list[Taken]:
        """Return the single steps of a move."""
        out = []
        for number in inputs:
            if number == RESTART:
                back = self.restart(state)
                taken = None if back is None else back.taken
            else:
                taken = self.take(state, number)
            assert taken is not None
            out.append(taken)
            state = taken.state
        return out

    def _number(self, print_: Hashable) -> int:
        return self._names.setdefault(print_, len(self._names))

    def _take(self, state: int, number: int) -> Taken | None:
        replica = self._replicas[state]
        if number == TIMER and not (replica.waiting and replica.view + 1 < self._config.views):
            return None
        twin = replica.clone()
        stored = Disk(self._stored[state]) if self._config.restarts else None
        done = self._follow(twin, self._alphabet.event(number), stored)
        after = self.add(twin, (*self.executed[state], *done.executed), stored)
        if after != state:  # what is dead stays dead, so it need not be tried again
            self._known[after] |= self._dead[state]
            self._dead[after] |= self._dead[state]
        if after == state and not done.sent and not done.executed and not done.own:
            return None
        return done.taken(after)

    def _follow(self, twin: PbftReplica, first: Input, stored: Disk | None) -> Done:
        """Let a replica take an input, and what its validator answers at once."""
        done = Done()
        soon: list[Input] = [first]
        while soon:
            for effect in twin.step(0.0, soon.pop(0)):
                if isinstance(effect, Broadcast):
                    if not isinstance(effect.message, Status):  # nothing is lost, so nothing need be asked for
                        done.sent.append(self._alphabet.number(Deliver(twin.id, effect.message)))
                elif isinstance(effect, Execute):
                    done.executed.append((effect.seq, effect.digest))
                elif isinstance(effect, Prepared | Committed):
                    kind = "prepared" if isinstance(effect, Prepared) else "committed"
                    done.proved.append((kind, effect.seq, effect.view, effect.digest))
                elif isinstance(effect, RequestProposal):
                    answer = ANSWERS[effect.view % len(ANSWERS)]
                    soon.append(ProposalReady(effect.view, effect.request, answer))
                elif isinstance(effect, RequestVerdict):
                    verdict = VerdictReady(effect.view, effect.seq, effect.digest, Verdict.ACCEPT)
                    if self._config.verdicts == "accept":
                        soon.append(verdict)
                    else:
                        done.own |= 1 << self._alphabet.number(verdict)
                elif stored is not None and isinstance(effect, Persist):
                    stored.persist(effect)
        return done

    def _gather(self, start: int, mask: int) -> list[Move]:
        """Search the invisible steps from a state for those that lead to a visible one."""
        found: dict[Hashable, Move] = {}
        seen = {(start, 0)}
        waiting: list[tuple[int, tuple[int, ...], int, int]] = [(start, (), 0, 0)]
        while waiting:
            state, path, used, own = waiting.pop()
            for number in (TIMER, *bits(self.alive(state, (mask | own) & ~used))):
                taken = self.take(state, number)
                if taken is None:
                    continue
                now_used = used | (1 << number if number != TIMER else 0)
                now_own = own | taken.own
                if not taken.visible and self._config.reduce:
                    if len(path) < self._longest and (taken.state, now_used) not in seen:
                        seen.add((taken.state, now_used))
                        waiting.append((taken.state, (*path, number), now_used, now_own))
                elif not self._splits(start, path, number, taken, now_own):
                    whole = taken._replace(own=now_own)
                    sent = sum(1 << message for message in set(whole.sent))
                    found.setdefault((now_used, whole), Move((*path, number), now_used, whole, sent))
        return list(found.values())

    def _splits(self, start: int, path: tuple[int, ...], last: int, taken: Taken, own: int) -> bool:
        """Return whether one of the inputs may as well come after the first visible step."""
        return any(
            self._later(start, (*path[:place], *path[place + 1 :], last), path[place], taken, own)
            for place in range(len(path))
        )

    def _later(self, state: int, before: tuple[int, ...], late: int, taken: Taken, own: int) -> bool:
        """Return whether the inputs `before` are visible, and `late` after them leads to the same."""
        sent: tuple[int, ...] = ()
        executed: tuple[tuple[int, str], ...] = ()
        got = 0
        for place, number in enumerate((*before, late)):
            if place == len(before) and not (sent or executed):
                return False
            step = self.take(state, number)
            if step is None:
                if number == TIMER:
                    return False
                continue
            state, got = step.state, got | step.own
            sent, executed = sent + step.sent, executed + step.executed
        return (state, sent, executed, got) == (taken.state, taken.sent, taken.executed, own)
