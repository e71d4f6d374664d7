"""One replica with the messages before it, as one number: a state of the system is a short tuple of these.

Everything that the search does to a replica many times over is done once here and then looked up.
"""

from __future__ import annotations

from bft.checking.pbft.explorer.alphabet import Alphabet, Names
from bft.checking.pbft.explorer.machines import Machines, Move


class Cells:
    """Numbers for pairs of a replica's state and the mask of what may still reach it."""

    def __init__(self, machines: Machines, alphabet: Alphabet, renamings: list[Names]) -> None:
        self._machines = machines
        self._alphabet = alphabet
        self._renamings = renamings
        self._numbers: dict[tuple[int, int], int] = {}
        self._contents: list[tuple[int, int]] = []
        self._moves: dict[int, tuple[Move, ...]] = {}
        self._heard: dict[tuple[int, int], int] = {}
        self._moved: dict[tuple[int, int, int, int], int] = {}
        self._renamed: list[dict[int, int]] = [{} for _ in renamings]

    def number(self, state: int, mask: int) -> int:
        """Return the number of a state and a mask, without what is dead in that state."""
        return self._number(state, self._machines.alive(state, mask))

    def state(self, cell: int) -> int:
        """Return the replica's state."""
        return self._contents[cell][0]

    def moves(self, cell: int) -> tuple[Move, ...]:
        """Return what the replica can do."""
        moves = self._moves.get(cell)
        if moves is None:
            moves = self._moves[cell] = self._machines.moves(*self._contents[cell])
        return moves

    def hears(self, cell: int, messages: int) -> int:
        """Return the cell with more messages before the replica."""
        after = self._heard.get((cell, messages))
        if after is None:
            state, mask = self._contents[cell]
            after = self._heard[cell, messages] = self.number(state, mask | messages)
        return after

    def moved(self, cell: int, move: Move, messages: int) -> int:
        """Return the cell after a move of its replica that brings up more messages."""
        taken = move.taken
        key = (cell, move.used, taken.state, taken.own)
        after = self._moved.get(key)
        if after is None:
            mask = (self._contents[cell][1] | taken.own) & ~move.used
            after = self._moved[key] = self.number(taken.state, mask)
        return self.hears(after, messages) if messages else after

    def restarted(self, move: Move, messages: int) -> int:
        """Return the cell of a replica that came back, with all that it may be sent again before it."""
        return self.number(move.taken.state, messages | move.taken.own)

    def renamed(self, place: int, cell: int) -> int:
        """Return the cell under the renaming at a place in the list."""
        known = self._renamed[place]
        after = known.get(cell)
        if after is None:
            state, mask = self._contents[cell]
            names = self._renamings[place]
            after = known[cell] = self._number(self._machines.rename(names, state), self._alphabet.rename(names, mask))
        return after

    def _number(self, state: int, mask: int) -> int:
        number = self._numbers.get((state, mask))
        if number is None:
            number = self._numbers[state, mask] = len(self._contents)
            self._contents.append((state, mask))
        return number
