"""The corpus: schedules that reached something new, from which others are made by small changes.

Greybox fuzzers have shown what this is good for; here the words of `coverage` take the place of branches. A corpus
keeps, for each number of nodes, the schedules that brought a new word. A steered schedule is one of them with some
operations left out, doubled, put in from another, or changed a little.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.setting import Setting

KEPT = 64
"""Schedules kept for each number of nodes; beyond, the oldest goes."""
SAMPLE = 6
"""Schedules handed to a block for each number of nodes."""
LONGEST = 260
"""Operations of a steered schedule at most."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A schedule that reached something new."""

    setting: Setting
    operations: tuple[ops.Operation, ...]


@dataclass(slots=True)
class Seeds:
    """What a block is steered by, or what it found: words and schedules, by number of nodes."""

    words: dict[int, set[str]] = field(default_factory=dict)
    parents: dict[int, list[Parent]] = field(default_factory=dict)


class Corpus:
    """The schedules that reached something new, and all that was ever reached, by number of nodes.

    Parameters
    ----------
    seeds : Seeds, optional
        What is known already.

    Attributes
    ----------
    found : Seeds
        What came to it since.
    """

    def __init__(self, seeds: Seeds | None = None) -> None:
        self._words = {} if seeds is None else {n: set(words) for n, words in seeds.words.items()}
        self._parents = {} if seeds is None else {n: list(parents) for n, parents in seeds.parents.items()}
        self.found = Seeds()

    def add(self, n: int, setting: Setting, operations: tuple[ops.Operation, ...], words: frozenset[str]) -> bool:
        """Keep a schedule if it has reached something new at its number of nodes; return whether it has.

        Where nothing is retransmitted, liveness is owed to schedules of one kind alone, so those are not changed.
        """
        known = self._words.setdefault(n, set())
        new = words - known
        if not new or not setting.retransmit:
            return False
        known |= new
        self.found.words.setdefault(n, set()).update(new)
        parent = Parent(setting, operations)
        self._keep(n, parent)
        self.found.parents.setdefault(n, []).append(parent)
        return True

    def merge(self, seeds: Seeds) -> None:
        """Take over what a block found."""
        for n, words in seeds.words.items():
            self._words.setdefault(n, set()).update(words)
        for n, parents in seeds.parents.items():
            for parent in parents:
                self._keep(n, parent)

    def _keep(self, n: int, parent: Parent) -> None:
        parents = self._parents.setdefault(n, [])
        parents.append(parent)
        del parents[:-KEPT]

    def parents(self, n: int) -> list[Parent]:
        """Return what is kept for a number of nodes, the oldest first."""
        return self._parents.get(n, [])

    def sample(self, draws: Draws) -> Seeds:
        """Return all words, and a few of the schedules for each number of nodes: enough for a block."""
        chosen = {}
        for n, parents in self._parents.items():
            places = sorted({max(draws.below(len(parents)), draws.below(len(parents))) for _ in range(SAMPLE)})
            chosen[n] = [parents[place] for place in places]
        return Seeds({n: set(words) for n, words in self._words.items()}, chosen)


def steered(draws: Draws, parents: list[Parent]) -> Parent:
    """Return a schedule near one of the parents; the later ones, which were harder to find, are taken more often."""
    ages = len(parents)
    first = parents[max(draws.below(ages), draws.below(ages))]
    other = parents[draws.below(ages)]
    operations = list(first.operations)
    for _ in range(1 + draws.below(4)):
        _change(draws, operations, other.operations)
    return Parent(first.setting, tuple(operations[:LONGEST]))


def _change(draws: Draws, operations: list[ops.Operation], other: tuple[ops.Operation, ...]) -> None:
    """Change a schedule in one place."""
    size = len(operations)
    at = draws.below(size + 1)
    stretch = 1 + draws.below(draws.pick((1, 4, 16)))
    kind = draws.below(6)
    if kind == 0 and size > 1:
        del operations[at : at + stretch]
    elif kind == 1:
        operations[at:at] = operations[at : at + stretch]
    elif kind == 2:
        start = draws.below(len(other) + 1)
        operations[at:at] = other[start : start + stretch]
    elif kind == 3:
        start = draws.below(len(other) + 1)
        operations[at:] = other[start:]
    elif kind == 4 and size > 1:
        to = draws.below(size)
        operations.insert(to, operations.pop(at % size))
    elif size:
        operations[at % size] = _varied(draws, operations[at % size])


def _varied(draws: Draws, operation: ops.Operation) -> ops.Operation:
    """Return an operation of the same kind with one field changed."""
    fields: list[Any] = list(operation)
    first = isinstance(operation, ops.Heal)  # how many views may fail is a promise
    place = first + draws.below(len(fields) - first)
    fields[place] = _varied_value(draws, fields[place])
    return type(operation)(*fields)


def _varied_value(draws: Draws, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return draws.pick((value + 1, max(0, value - 1), value ^ 1 << draws.below(8), draws.below(97)))
    if isinstance(value, tuple) and value:
        at = draws.below(len(value))
        return (*value[:at], _varied_value(draws, value[at]), *value[at + 1 :])
    return value
