"""What sets of honest models decide where they judge each other's answers: the rule `judge`.

Everybody accepts its own answer, a right one of somebody else with probability a and a wrong one with probability b,
one verdict apart from the other. So of h honest members R + Bin(h − R, a) accept a right answer that R of them gave,
and s + Bin(h − s, b) a wrong one that s gave. Colluders accept the most popular wrong answer alone, which they give.
The most accepted answer wins if a quorum accepts it; a tie at the top decides nothing. Who is silent judges as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np

from bft.designing.fault_cases import Ints
from bft.designing.honest_sets import HonestSets
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats

_BASE = 13  # sizes of classes, and how many there are of each, are below it


@dataclass(frozen=True, slots=True)
class Judges:
    """How often a member accepts an answer that is not its own.

    Attributes
    ----------
    accept_right, accept_wrong : float
        A right one, and a wrong one.
    """

    accept_right: float
    accept_wrong: float

    def __post_init__(self) -> None:
        for name in ("accept_right", "accept_wrong"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
                raise ScenarioError(bad_value(name.replace("_", "-"), value, "must be between 0 and 1"))


class JudgedSets:
    """The states of all sets of honest models, as far as judges see a difference.

    Parameters
    ----------
    honest : HonestSets
        Of these models.
    judges : Judges
        How they judge.
    """

    def __init__(self, honest: HonestSets, judges: Judges) -> None:
        self.honest, self.judges = honest, judges
        numbers: dict[int, int] = {}
        self._index = np.zeros((len(honest.needed), honest.questions), dtype=np.int32)
        for row, members in zip(self._index, honest.needed.tolist(), strict=True):
            keys, places = np.unique(_keys(honest, members), return_inverse=True)
            row[:] = np.array([numbers.setdefault(key, len(numbers)) for key in keys.tolist()])[places]
        self._kinds = [_read(key) for key in numbers]
        self._known: dict[int, tuple[Floats, Floats]] = {}

    def histogram(self, share: Floats) -> Floats:
        """Return the share of the distinct questions in each state, shape (needed sets, states)."""
        found = np.zeros((len(self._index), len(self._kinds)))
        for row, index in zip(found, self._index, strict=True):
            row += np.bincount(index, weights=share, minlength=len(row))
        return found

    def decided(self, quorum: int, colluders: int) -> tuple[Floats, Floats]:
        """Return the probability that each state is decided right, and wrong, shape (states,) each."""
        if colluders not in self._known:
            a, b = self.judges.accept_right, self.judges.accept_wrong
            each = [chances(*kind, colluders, a, b) for kind in self._kinds]
            width = self.honest.models + colluders + 1
            right, wrong = (np.zeros((len(each), width)) for _ in range(2))
            for row, (one, other) in enumerate(each):
                right[row, : len(one)], wrong[row, : len(other)] = one, other
            self._known[colluders] = right, wrong
        right, wrong = self._known[colluders]
        return right[:, quorum:].sum(axis=1), wrong[:, quorum:].sum(axis=1)


class JudgedTable:
    """How much weight the questions have that each set of honest models decides, by quorum and colluders."""

    def __init__(self, sets: JudgedSets, share: Floats) -> None:
        self._sets, self._histogram = sets, sets.histogram(share)

    def decided(self, quorum: int, colluders: int) -> tuple[Floats, Floats]:
        """Return the shares decided right and wrong, shape (sets,) each."""
        found = []
        for chance in self._sets.decided(quorum, colluders):
            each = np.zeros(self._sets.honest.sets)
            each[self._sets.honest.needed] = self._histogram @ chance
            found.append(each)
        return found[0], found[1]


@lru_cache(maxsize=1 << 16)
def chances(
    honest: int, right: int, wrong: tuple[int, ...], colluders: int, accept_right: float, accept_wrong: float
) -> tuple[Floats, Floats]:
    """Return the probabilities that the right answer wins with k voices, and that a wrong one does, for each k.

    Parameters
    ----------
    honest : int
        Honest members.
    right : int
        How many of them gave the right answer.
    wrong : tuple of int
        How many gave each wrong answer, the most popular one first.
    colluders : int
        Members that give and accept the most popular wrong answer, or one that nobody else gives.
    accept_right, accept_wrong : float
        Probability that a member accepts such an answer of another.
    """
    width = honest + colluders + 1
    heard = [] if not right else [_voices(honest, right, 0, accept_right, width)]
    lied = wrong if wrong else (0,) * (colluders > 0)
    heard += [
        _voices(honest, size, colluders if place == 0 else 0, accept_wrong, width) for place, size in enumerate(lied)
    ]
    below = [np.concatenate([[0.0], np.cumsum(each)[:-1]]) for each in heard]
    ahead = [
        each * np.prod([other for k, other in enumerate(below) if k != place], axis=0)
        for place, each in enumerate(heard)
    ]
    first = 1 if right else 0
    none = np.zeros(width)
    return (ahead[0] if right else none), (np.sum(ahead[first:], axis=0) if len(ahead) > first else none)


def _voices(honest: int, own: int, colluders: int, accept: float, width: int) -> Floats:
    """Return the distribution of how many accept an answer."""
    found, others = np.zeros(width), honest - own
    for more in range(others + 1):
        found[own + colluders + more] = comb(others, more) * accept**more * (1.0 - accept) ** (others - more)
    return found


def _keys(honest: HonestSets, members: int) -> Ints:
    """Return what judges see of each question as one number: the set's size, the right answers, the others' sizes."""
    found = honest.right_of(members) + _BASE * members.bit_count()
    for places, size in honest.wrong_of(members):
        found[places] += np.where(size > 0, _BASE ** (size + 1), 0)
    return found


def _read(key: int) -> tuple[int, int, tuple[int, ...]]:
    """Return the honest members, the right ones and the sizes of the wrong answers, the largest first."""
    key, right = divmod(key, _BASE)
    key, honest = divmod(key, _BASE)
    wrong: list[int] = []
    size = 1
    while key:
        key, count = divmod(key, _BASE)
        wrong += [size] * count
        size += 1
    return honest, right, tuple(reversed(wrong))
