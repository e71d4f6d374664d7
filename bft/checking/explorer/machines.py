"""Replicas as tables: every step of a deterministic machine is taken once, then looked up.

A replica's state is named by its fingerprint. `moves` gathers deliveries into moves, which is where the search gets
small; why that loses nothing stands in `search`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from bft.checking.explorer.alphabet import TIMER, Alphabet, Names, bits
from bft.checking.explorer.config import ANSWERS, ExplorerConfig
from bft.core.effects import Broadcast, Execute, RequestProposal, RequestVerdict
from bft.core.inputs import Deliver, Input, ProposalReady, VerdictReady
from bft.core.verdict import Verdict
from bft.protocols.pbft import PbftReplica


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
    """

    state: int
    sent: tuple[int, ...]
    executed: tuple[tuple[int, str], ...]
    own: int

    @property
    def visible(self) -> bool:
        """Whether anyone else can notice."""
        return bool(self.sent or self.executed)


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


class Machines:
    """The table of all replica states met.

    Parameters
    ----------
    config : ExplorerConfig
        What is explored.
    alphabet : Alphabet
        Numbers of inputs.
    """

    def __init__(self, config: ExplorerConfig, alphabet: Alphabet) -> None:
        self._config = config
        self._alphabet = alphabet
        self._longest = config.longest_prelude()
        self._names: dict[Hashable, int] = {}
        self._replicas: dict[int, PbftReplica] = {}
        self._table: dict[int, dict[int, Taken | None]] = {}
        self._known: dict[int, int] = {}
        self._dead: dict[int, int] = {}
        self.executed: dict[int, tuple[tuple[int, str], ...]] = {}

    def __len__(self) -> int:
        return len(self._replicas)

    def add(self, replica: PbftReplica, executed: tuple[tuple[int, str], ...] = ()) -> int:
        """Return the number of a replica's state; the first replica met in it stands for all."""
        state = self._number(replica.fingerprint())
        if state not in self._replicas:
            self._replicas[state] = replica
            self._table[state] = {}
            self._known[state] = self._dead[state] = 0
            self.executed[state] = executed
        return state

    def rename(self, names: Names, state: int) -> int:
        """Return the number of the same state with the replicas renamed."""
        return self._number(self._replicas[state].fingerprint(names))

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
        sent: list[int] = []
        executed: list[tuple[int, str]] = []
        own = 0
        soon: list[Input] = [self._alphabet.event(number)]
        while soon:
            for effect in twin.step(0.0, soon.pop(0)):
                if isinstance(effect, Broadcast):
                    sent.append(self._alphabet.number(Deliver(twin.id, effect.message)))
                elif isinstance(effect, Execute):
                    executed.append((effect.seq, effect.digest))
                elif isinstance(effect, RequestProposal):
                    answer = ANSWERS[effect.view % len(ANSWERS)]
                    soon.append(ProposalReady(effect.view, effect.request, answer))
                elif isinstance(effect, RequestVerdict):
                    verdict = VerdictReady(effect.view, effect.seq, effect.digest, Verdict.ACCEPT)
                    if self._config.verdicts == "accept":
                        soon.append(verdict)
                    else:
                        own |= 1 << self._alphabet.number(verdict)
        after = self.add(twin, (*self.executed[state], *executed))
        if after == state and not sent and not executed and not own:
            return None
        return Taken(after, tuple(sent), tuple(executed), own)

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
