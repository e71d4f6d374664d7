"""Which members of a panel are faulty: cases that each must be withstood, and sets with probabilities inside a case.

`liars` members collude: which ones is not known, so that each set of so many is a case. Every other member is faulty
with probability δ, which is a distribution within the case; several δ are further cases. Faulty members crash, and give
no answer, or collude: they give the wrong answer that most honest members give, or some wrong answer where none is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bft.arguments import check_share, check_whole
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats

Ints: TypeAlias = NDArray[np.intp]
Behaviour: TypeAlias = Literal["crash", "collude"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultModel:
    """What a panel must withstand.

    Attributes
    ----------
    liars : int
        How many members collude, whichever they are.
    deltas : tuple of float
        Probabilities that any other member is faulty; each must be withstood.
    behaviour : {"crash", "collude"}
        What those others do.
    """

    liars: int = 0
    deltas: tuple[float, ...] = (0.0,)
    behaviour: Behaviour = "collude"

    def __post_init__(self) -> None:
        check_whole("liars", self.liars, ScenarioError, least=0)
        if not self.deltas:
            raise ScenarioError("delta: must name at least one probability")
        for delta in self.deltas:
            if not 0.0 <= delta < 1.0:
                raise ScenarioError(bad_value("delta", delta, "must be at least 0 and below 1"))
        if self.behaviour not in ("crash", "collude"):
            allowed = "must be crash or collude: what recorded answers have an exact law for"
            raise ScenarioError(bad_value("behaviour", self.behaviour, allowed))

    @property
    def none(self) -> bool:
        """Whether nobody is ever faulty."""
        return self.liars == 0 and max(self.deltas) == 0.0

    def cases(self, n: int) -> FaultCases:
        """Return the cases of a panel of n members."""
        return _cases(self, n)


@dataclass(frozen=True, kw_only=True, eq=False)
class FaultCases:
    """The sets of faulty members that can occur, and how likely they are in each case; bit i of a set is member i."""

    n: int
    """Members."""
    faulty: Ints
    """Sets of faulty members; shape (sets,)."""
    colluding: Ints
    """Those of them that collude, as a set; the others crashed. Shape (sets,)."""
    chance: Floats
    """Probability of each set in each case; shape (cases, sets)."""
    liars: tuple[tuple[int, ...], ...]
    """The members that lie in each case."""
    deltas: tuple[float, ...]
    """δ of each case."""

    @cached_property
    def colluders(self) -> Ints:
        """How many collude in each set."""
        return np.bitwise_count(self.colluding).astype(np.intp)


@lru_cache(maxsize=256)
def _cases(model: FaultModel, n: int) -> FaultCases:
    lying = list(combinations(range(n), min(model.liars, n)))
    sets: dict[tuple[int, int], int] = {}
    entries: list[tuple[int, int, float]] = []
    for place, liars in enumerate(lying):
        base = sum(1 << node for node in liars)
        others = [node for node in range(n) if node not in liars]
        for number, delta in enumerate(model.deltas):
            for size in range(len(others) + 1 if delta > 0.0 else 1):
                share = delta**size * (1.0 - delta) ** (len(others) - size)
                for more in combinations(others, size):
                    extra = sum(1 << node for node in more)
                    colluding = base | extra if model.behaviour == "collude" else base
                    key = sets.setdefault((base | extra, colluding), len(sets))
                    entries.append((place * len(model.deltas) + number, key, share))
    chance = np.zeros((len(lying) * len(model.deltas), len(sets)))
    for case, key, share in entries:
        chance[case, key] += share
    return FaultCases(
        n=n,
        faulty=np.array([faulty for faulty, _ in sets], dtype=np.intp),
        colluding=np.array([colluding for _, colluding in sets], dtype=np.intp),
        chance=chance,
        liars=tuple(liars for liars in lying for _ in model.deltas),
        deltas=tuple(delta for _ in lying for delta in model.deltas),
    )


def spread(local: Ints, panels: NDArray[np.intp]) -> Ints:
    """Turn sets of members of panels into sets of models: shape (panels, sets).

    Parameters
    ----------
    local : ndarray of shape (sets,)
        Sets of members; bit i is member i.
    panels : ndarray of shape (panels, n)
        The model of each member.
    """
    bits = (local[:, np.newaxis] >> np.arange(panels.shape[1])) & 1
    return np.asarray((1 << panels.astype(np.intp)) @ bits.T)


def panels_of(models: int, size: int) -> Ints:
    """Return all panels of a size among so many models, shape (panels, size)."""
    return np.array(list(combinations(range(models), size)), dtype=np.intp).reshape(-1, size)


def worst(correct: Floats, wrong: Floats, axis: int = -1) -> tuple[Floats, Floats]:
    """Return the fewest right and the most wrong decisions over the cases."""
    return correct.min(axis=axis), wrong.max(axis=axis)


def deltas_of(given: object) -> tuple[float, ...]:
    """Return δ as a tuple."""
    if given is None:
        return (0.0,)
    listed = isinstance(given, Sequence | np.ndarray) and not isinstance(given, str | bytes)
    several: Sequence[Any] = given if listed else (given,)  # type: ignore[assignment]
    for each in several:
        check_share("delta", each, ScenarioError)
    return tuple(map(float, several))
