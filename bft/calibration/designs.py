"""Designs of panels out of recorded answers: so many samples of each of several models.

A table holds the samples of a model as `NAME #1`, `NAME #2`, …: that is how surveys, live panels and imports call them.
A design `NAME*4` stands for any four of them. Samples of a model are exchangeable, so whatever is said of a design is
averaged over the ways of choosing them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from math import comb, prod

from bft.errors import TableError, bad_value
from bft.randomness import Randomness

MOST_PANELS = 210
"""Ways of choosing samples that are looked at; where there are more, so many are drawn."""

_SAMPLE = re.compile(r"(?P<model>.+) #(?P<number>[1-9][0-9]*)", re.ASCII | re.DOTALL)


def model_of(name: str) -> str:
    """Return the model of which a column is a sample; another column is its own model.

    Examples
    --------
    >>> model_of("gpt-x #2"), model_of("gpt-x")
    ('gpt-x', 'gpt-x')
    """
    found = _SAMPLE.fullmatch(name)
    return name if found is None else found["model"]


def samples_of(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of each model, in their order."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(model_of(name), []).append(name)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How many samples of each model there are in a panel.

    Attributes
    ----------
    counts : mapping of str to int
        From models to numbers of nodes, each at least 1.
    columns : mapping of str to tuple of str
        The columns of the table that are samples of them, at least so many.
    """

    counts: Mapping[str, int]
    columns: Mapping[str, tuple[str, ...]]

    @property
    def n(self) -> int:
        """Number of nodes."""
        return sum(self.counts.values())

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of which panels are made."""
        return tuple(name for model in self.counts for name in self.columns[model])

    @property
    def ways(self) -> int:
        """How many panels there are."""
        return prod(comb(len(self.columns[model]), count) for model, count in self.counts.items())

    def panels(self, randomness: Randomness) -> list[tuple[int, ...]]:
        """Return panels as places among `names`: all there are, or 210 drawn at random."""
        starts, groups = 0, []
        for model, count in self.counts.items():
            places = range(starts, starts + len(self.columns[model]))
            groups.append((places, count))
            starts += len(places)
        if self.ways <= MOST_PANELS:
            every = product(*(combinations(places, count) for places, count in groups))
            return [tuple(place for chosen in panel for place in chosen) for panel in every]
        generator = randomness.generator("validators.forecast.panels")
        drawn: dict[tuple[int, ...], None] = {}
        while len(drawn) < MOST_PANELS:
            chosen = [sorted(generator.choice(places, count, replace=False).tolist()) for places, count in groups]
            drawn[tuple(place for each in chosen for place in each)] = None
        return list(drawn)


def design_of(words: Sequence[str], models: Sequence[str]) -> Design:
    """Return the design that words such as "gpt-x*4", "llama-y" describe.

    Parameters
    ----------
    words : sequence of str
        A model, or a column, with the number of its samples; 1 where none is given.
    models : sequence of str
        The columns of the table.

    Raises
    ------
    TableError
        If a model is unknown or named twice, or has fewer samples than asked for.
    """
    samples = samples_of(models)
    counts: dict[str, int] = {}
    columns: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, number = _read(word, models)
        there = (name,) if name in models else tuple(samples.get(name, ()))
        if not there:
            listed = ", ".join(islice(samples, 8)) + (" …" if len(samples) > 8 else "")
            raise TableError(bad_value("models", name, f"is no model of the table: it has {listed}"))
        if name in counts or any(name in each for each in columns.values()):
            raise TableError(bad_value("models", name, "named twice: say how many of its samples, as in A*2"))
        if not 1 <= number <= len(there):
            allowed = f"must be between 1 and {len(there)}, the samples of {name!r} in the table"
            raise TableError(bad_value("models", word, allowed))
        counts[name], columns[name] = number, there
    if not counts:
        raise TableError(bad_value("models", [], "must name a model"))
    return Design(counts=counts, columns=columns)


def _read(word: str, models: Sequence[str]) -> tuple[str, int]:
    name, star, number = word.strip().rpartition("*")
    if word in models or not star:
        return word.strip(), 1
    if not (number.strip().isdecimal() and len(number) < 6):
        raise TableError(bad_value("models", word, "must be a model, or NAME*NUMBER"))
    return name.strip(), int(number)
