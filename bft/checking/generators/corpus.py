"""The corpus: schedules that reached something rare, from which others are made by small changes.

Greybox fuzzers have shown what this is good for; here the words of `coverage` take the place of branches. A corpus
counts, for each number of nodes, how many schedules have reached each word, and keeps those that reached a rare one.
A steered schedule is one of them with some operations left out, doubled, put in from another, or changed a little.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.setting import Setting

RARE = 4
"""What so many schedules have reached, and no more, is rare."""
KEPT = 2
"""Schedules kept for each word."""
WANTED = 24
"""Of the words so many, the rarest, are steered for."""
LONGEST = 260
"""Operations of a steered schedule at most."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A schedule that reached something rare."""

    setting: Setting
    operations: tuple[ops.Operation, ...]


@dataclass(slots=True)
class Seeds:
    """How many schedules reached each word, and some of those that reached it, by number of nodes."""

    counts: dict[int, Counter[str]] = field(default_factory=dict)
    parents: dict[int, dict[str, list[Parent]]] = field(default_factory=dict)

    def keep(self, n: int, word: str, parent: Parent) -> None:
        """Remember a schedule that reached a word; the oldest one goes."""
        held = self.parents.setdefault(n, {}).setdefault(word, [])
        held.append(parent)
        del held[:-KEPT]


class Corpus:
    """What was reached how often, and schedules that reached what is rare.

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
        self._known = Seeds()
        if seeds is not None:
            self.merge(seeds)
        self.found = Seeds()

    def add(self, n: int, setting: Setting, operations: tuple[ops.Operation, ...], words: frozenset[str]) -> bool:
        """Count what a schedule has reached, and keep it if some of that is rare; return whether it is kept.

        Where nothing is retransmitted, liveness is owed to schedules of one kind alone, so those are not changed.
        """
        if not setting.retransmit:
            return False
        counts = self._known.counts.setdefault(n, Counter())
        counts.update(words)
        self.found.counts.setdefault(n, Counter()).update(words)
        rare = sorted(word for word in words if counts[word] <= RARE)
        if rare:
            parent = Parent(setting, operations)
            for word in rare:
                self._known.keep(n, word, parent)
                self.found.keep(n, word, parent)
        return bool(rare)

    def merge(self, seeds: Seeds) -> None:
        """Take over what a block found."""
        for n, counts in seeds.counts.items():
            self._known.counts.setdefault(n, Counter()).update(counts)
        for n, by_word in seeds.parents.items():
            for word, parents in by_word.items():
                for parent in parents:
                    self._known.keep(n, word, parent)

    def rarest(self, n: int) -> list[str]:
        """Return the words that fewest schedules have reached at a number of nodes, the rarest first."""
        counts = self._known.counts.get(n, Counter())
        held = self._known.parents.get(n, {})
        return [word for _, word in nsmallest(WANTED, [(counts[word], word) for word in held])]

    def parents(self, n: int) -> list[Parent]:
        """Return a schedule for each of the rarest words, the one that reached it last."""
        held = self._known.parents.get(n, {})
        return [parent for word in self.rarest(n) for parent in held[word]]

    def sample(self) -> Seeds:
        """Return what a block needs to steer: all counts, and the schedules of the rarest words."""
        held = self._known.parents
        chosen = {n: {word: list(held[n][word]) for word in self.rarest(n)} for n in held}
        return Seeds({n: Counter(counts) for n, counts in self._known.counts.items()}, chosen)


def steered(draws: Draws, parents: list[Parent]) -> Parent:
    """Return a schedule near one of the parents, which are given the rarest first."""
    many = len(parents)
    first = parents[min(draws.below(many), draws.below(many))]
    other = parents[draws.below(many)]
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
