"""Breadth-first search over all that can happen to one slot, reduced without loss.

A state of the system is the state of every honest replica, the messages before each of them, and what the Byzantine
replicas have learnt. Nothing is lost and nothing is in time: a message may be delivered at any time after it was
sent, or never, and a view timer may fire whenever it runs. Crashes are delays without end; as often as the
configuration says, a replica may come back from one, with what it had persisted and everything ever sent before it.

Why the reductions lose nothing
-------------------------------
*Dead messages.* A message that changes nothing at a replica is taken out of its way: delivering it is the same as
never delivering it. In PBFT it stays dead, since views only grow and a slot keeps its first pre-prepare and first
votes (a test looks at every step explored).

*Moves.* A step that sends and executes nothing is seen by nobody else. It commutes with every step of every other
replica, so it can be put off until just before the same replica's next visible step: invisible steps and the visible
one form a move. An invisible step that may as well come *after* a visible one (the same messages and executions, the
same state in the end) is put off further, so a move with such a step in it need not be explored. Each putting-off
carries one delivery past at least one visible step and none back, and a run has finitely many of them, so it ends:
every run has the same messages and executions, in the same order, as one made of explored moves.

A crash costs a replica its invisible steps as far as they were not persisted; as their messages come again, it may as
well take them after its return.

*Short moves.* A visible step that cannot be split is one vote that completes a threshold, a timer, or the first
message of a view. The first needs at most quorum − 1 votes before it (its own among the quorum, or a timer that they
start), the others a new-view and a request: `ExplorerConfig.longest_prelude`. Longer moves are not looked for; a test
looks for them.

*Symmetry.* Replicas that lead none of the views explored are interchangeable; a state counts once for all their
permutations.

*Fingerprints.* States and messages that the protocol cannot tell apart count as one
(`bft.protocols.pbft.fingerprint`).
"""

from __future__ import annotations

from itertools import permutations

from bft.checking.exploration import ANSWERS, Exploration, Step, Trusting, no_collection
from bft.checking.pbft.explorer.alphabet import RESTART, Alphabet, bits
from bft.checking.pbft.explorer.cells import Cells
from bft.checking.pbft.explorer.config import ExplorerConfig
from bft.checking.pbft.explorer.liar import Liar
from bft.checking.pbft.explorer.machines import Machines, Move, Taken
from bft.checking.pbft.explorer.watch import Watch
from bft.checking.pbft.shared_verifier import Judges
from bft.core.inputs import ClientRequest, Deliver
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.protocols.pbft import PbftConfig, PbftReplica

System = tuple[tuple[int, ...], int, int, int]
"""A cell for every honest replica, the mask of what the liars have heard, the number of restarts, and, where restarts
are explored, the mask of all that was ever sent."""


def explore(config: ExplorerConfig) -> Exploration:
    """Explore all that can happen, breadth first, until an invariant breaks, a bound is met or nothing is left.

    Parameters
    ----------
    config : ExplorerConfig
        The system and the bounds.

    Returns
    -------
    Exploration
        Counts, whether the search is complete, and a shortest counterexample if there is one.
    """
    with no_collection():
        return _Search(config).run()


class _Search:
    def __init__(self, config: ExplorerConfig) -> None:
        self.config = config
        self.request = Request(client="client", timestamp=1, operation="question")
        proposals = tuple(Proposal(request=self.request, answer=answer) for answer in ANSWERS)
        self.alphabet = Alphabet({proposal.digest: proposal.answer or "" for proposal in proposals})
        self.keyring = Trusting()
        self.judges = Judges()
        self.machines = Machines(config, self.alphabet, self._born)
        self.watch = Watch(
            config.watched, self.machines, (NULL_PROPOSAL.digest, *(proposal.digest for proposal in proposals))
        )
        self.liar = Liar(config, self.alphabet, proposals)
        self.honest = config.honest
        self.renamings = renamings(config)
        self.orders = [
            tuple(self.honest.index(names.index(replica)) for replica in self.honest) for names in self.renamings
        ]
        self.cells = Cells(self.machines, self.alphabet, list(self.renamings))
        self.parents: list[tuple[int, int, int, Move] | None] = [None]
        self.learnt: dict[tuple[int, int], tuple[int, int]] = {}
        self.transitions = self.decided = self.stalled = 0

    def run(self) -> Exploration:
        """Search level by level."""
        first = self._first()
        seen = {self._canonical(first)}
        level, depth = [(first, 0)], 0
        while level:
            following: list[tuple[System, int]] = []
            for system, index in level:
                ended = True
                for place, cell in enumerate(system[0]):
                    moves = self.cells.moves(cell)
                    ended = ended and not moves
                    for move in (*moves, *self._restart(system, cell)) if self.config.restarts else moves:
                        self.transitions += 1
                        after = self._after(system, place, move)
                        taken = move.taken
                        broken = self._broken(after, place, taken) if taken.executed or taken.proved else None
                        if broken is not None:
                            self.parents.append((index, place, cell, move))
                            return self._result(len(seen), depth + 1, None, broken)
                        key = self._canonical(after)
                        if key not in seen:
                            if len(seen) == self.config.max_states:
                                return self._result(len(seen), depth + 1, f"max_states = {len(seen)}", None)
                            seen.add(key)
                            following.append((after, len(self.parents)))
                            self.parents.append((index, place, cell, move))
                if ended:
                    self._end(system)
            if following and depth + 1 == self.config.max_depth:
                return self._result(len(seen), depth + 1, f"max_depth = {self.config.max_depth}", None)
            depth += bool(following)
            level = following
        return self._result(len(seen), depth, None, None)

    def _born(self, replica: int) -> PbftReplica:
        """Return a fresh replica. All have the same judge: each proof is judged once in the whole search."""
        config = PbftConfig(
            system=self.config.system(), views=self.config.views, retransmit_s=None, rules=self.config.rules
        )
        born = PbftReplica(replica, config, self.keyring)
        self.judges.share(born)
        return born

    def _first(self) -> System:
        mask = 1 << self.alphabet.number(ClientRequest(self.request)) | self.liar.says(0)
        states = [self.machines.add(self._born(replica)) for replica in self.honest]
        cells = tuple(self.cells.number(state, mask) for state in states)
        return cells, 0, 0, mask if self.config.restarts else 0

    def _restart(self, system: System, cell: int) -> tuple[Move, ...]:
        """Return a crash of a replica and its return, if it may still crash and that changes anything."""
        back = self.machines.restart(self.cells.state(cell)) if system[2] < self.config.restarts else None
        return () if back is None else (back,)

    def _after(self, system: System, place: int, move: Move) -> System:
        """Carry out a move: its messages come before all others, and the liars learn from them."""
        cells, heard, restarts, ever = system
        heard, new = self._learn(heard, move.sent)
        everywhere = move.sent | new
        hears = self.cells.hears
        after = [hears(cell, everywhere) for cell in cells] if everywhere else list(cells)
        if not self.config.restarts:
            after[place] = self.cells.moved(cells[place], move, new)
            return tuple(after), heard, 0, 0
        ever |= everywhere
        if move.inputs[0] == RESTART:
            restarts += 1
            after[place] = self.cells.restarted(move, ever & ~self.alphabet.sent_by(self.honest[place], ever))
        else:
            after[place] = self.cells.moved(cells[place], move, new)
        return tuple(after), heard, restarts, ever

    def _broken(self, system: System, place: int, taken: Taken) -> str | None:
        """Return the invariant that a move broke."""
        return self.watch.broken([self.cells.state(cell) for cell in system[0]], place, taken)

    def _learn(self, heard: int, sent: int) -> tuple[int, int]:
        """Return what the liars have heard after messages were sent, and what they can say only since then."""
        learnt = self.learnt.get((heard, sent))
        if learnt is None:
            now = heard
            for number in bits(sent):
                event = self.alphabet.event(number)
                if isinstance(event, Deliver) and self.liar.hears(event.message):
                    now |= 1 << number
            learnt = self.learnt[heard, sent] = (now, self.liar.says(now) & ~self.liar.says(heard))
        return learnt

    def _end(self, system: System) -> None:
        if all(self.machines.executed[self.cells.state(cell)] for cell in system[0]):
            self.decided += 1
        else:
            self.stalled += 1

    def _canonical(self, system: System) -> System:
        """Return the least of the renamed twins of a state."""
        least = system
        cells, heard, restarts, ever = system
        renamed, rename = self.cells.renamed, self.alphabet.rename
        for place in range(1, len(self.renamings)):
            twin = tuple([renamed(place, cells[source]) for source in self.orders[place]])
            if twin <= least[0]:
                names = self.renamings[place]
                heard_there = rename(names, heard) if heard else 0
                ever_there = rename(names, ever) if ever else 0
                least = min(least, (twin, heard_there, restarts, ever_there))
        return least

    def _result(self, states: int, depth: int, bound: str | None, broken: str | None) -> Exploration:
        return Exploration(
            states=states,
            transitions=self.transitions,
            replica_states=len(self.machines),
            messages=len(self.alphabet) - 1,
            depth=depth,
            bound=bound,
            decided=self.decided,
            stalled=self.stalled,
            invariant=broken,
            counterexample=() if broken is None else tuple(self._path(len(self.parents) - 1)),
        )

    def _path(self, index: int) -> list[Step]:
        """Return the single steps that lead to a state."""
        moves = []
        entry = self.parents[index]
        while entry is not None:
            moves.append(entry)
            entry = self.parents[entry[0]]
        return [step for _, place, cell, move in reversed(moves) for step in self._steps(place, cell, move)]

    def _steps(self, place: int, cell: int, move: Move) -> list[Step]:
        steps = []
        taken_one_by_one = self.machines.steps(self.cells.state(cell), move.inputs)
        for number, taken in zip(move.inputs, taken_one_by_one, strict=True):
            sent = []
            for message in taken.sent:
                event = self.alphabet.event(message)
                assert isinstance(event, Deliver)
                sent.append(f"sends {self.alphabet.message(event.message)}")
            did = (*sent, *(f"executes {self.alphabet.name(digest)}" for _, digest in taken.executed))
            steps.append(Step(replica=self.honest[place], heard=self.alphabet.describe(number), did=did))
        return steps


def renamings(config: ExplorerConfig) -> list[tuple[int, ...]]:
    """Return the permutations of replicas that change nothing, the identity first."""
    names = tuple(range(config.n))
    if not config.symmetry:
        return [names]
    leaders = {view % config.n for view in range(config.views)}
    alike = [replica for replica in config.honest if replica not in leaders]
    return [
        tuple(dict(zip(alike, order, strict=True)).get(name, name) for name in names) for order in permutations(alike)
    ]
