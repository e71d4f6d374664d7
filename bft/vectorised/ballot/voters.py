"""What the faulty of a ballot are, in many replications: who says nothing, who lies, who is late, who stops when."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf
from typing import Any

import numpy as np

from bft.adversary.crash import Crash, Slow
from bft.adversary.equivocate import Equivocate
from bft.adversary.inject import Inject
from bft.adversary.lie import HIGHEST_CONFIDENCE, Collude, Lie, stated
from bft.adversary.node import Behaviour
from bft.adversary.settings import Faults
from bft.adversary.silence import Withhold
from bft.randomness import Floats
from bft.vectorised.population import Population, behaviour_numbers
from bft.vectorised.streams import Flags, Ints, Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Voters:
    """The nodes of many replications; every array has shape (replications, n)."""

    faulty: Flags
    """Drawn faulty, whatever the behaviour."""
    speaks: Flags
    """Follows the protocol and tells others what it does; until it stops, where it does."""
    counts: Flags
    """Its replica is honest, so its decision counts."""
    lies: Flags
    colludes: Flags
    injects: Flags
    """Its validator lies; it colludes, those that inject among them; it writes instructions into its text."""
    withholds: Flags
    """Follows everything and says nothing."""
    twice: Flags
    """Votes for two answers, each towards a group of its own, and does nothing else."""
    gone_s: Floats | None = None
    """When it stops; infinity for never. None where nobody stops after the start."""
    late_s: Floats | None = None
    """How late all that it says leaves. None where nobody is late."""
    confidence: Floats | None = None
    """What liars say of themselves. None where there are none."""

    def part(self, chosen: Ints) -> Voters:
        """Return some of the replications."""
        arrays: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        chosen_only: dict[str, Any] = {name: None if array is None else array[chosen] for name, array in arrays.items()}
        return Voters(**chosen_only)

    def population(self) -> Population:
        """Return the same for those who look at validators alone."""
        return Population(
            faulty=self.faulty,
            alive=self.speaks,
            votes=self.speaks,
            leads=self.speaks,
            counts=self.counts,
            lies=self.lies,
            colludes=self.colludes,
        )


def voters_of(faults: Faults, n: int, faulty: Flags, streams: Streams, replications: range) -> Voters:
    """Return what becomes of the nodes of some replications, given who is faulty."""
    behaviours, nobody = faults.behaviour, np.zeros_like(faulty)
    number: Ints | None = None
    if len(behaviours) > 1 and faulty.any():
        number = behaviour_numbers(faults, n, faulty, streams, replications)

    def these(places: list[int]) -> Flags:
        if len(places) == len(behaviours):
            return faulty
        return nobody if not places or number is None else np.isin(number, places)

    def by_behaviour(values: list[float], otherwise: float) -> Floats:
        if number is None:
            return np.where(faulty, values[0], otherwise)
        return np.where(faulty, np.array([*values, otherwise])[number], otherwise)

    def those(*kinds: type[Behaviour]) -> Flags:
        return these([place for place, each in enumerate(behaviours) if isinstance(each, kinds)])

    def value_of(kinds: tuple[type[Behaviour], ...], name: str, otherwise: float) -> Floats | None:
        values = [float(getattr(one, name)) if isinstance(one, kinds) else otherwise for one in behaviours]
        return None if all(value == otherwise for value in values) else by_behaviour(values, otherwise)

    lies, colludes, injects = those(Lie), those(Collude, Inject), those(Inject)
    down = these([place for place, each in enumerate(behaviours) if isinstance(each, Crash) and each.at_s == 0])
    withholds, twice = those(Withhold), those(Equivocate)
    liars = lies | colludes
    confidence = None
    if liars.any():
        confidence = by_behaviour([stated(getattr(one, "confidence", None)) for one in behaviours], HIGHEST_CONFIDENCE)
    return Voters(
        faulty=faulty,
        speaks=~(down | withholds | twice),
        counts=~faulty | liars,
        lies=lies,
        colludes=colludes,
        injects=injects,
        withholds=withholds,
        twice=twice,
        gone_s=_later(value_of((Crash,), "at_s", inf)),
        late_s=value_of((Slow,), "delay_s", 0.0),
        confidence=confidence,
    )


def _later(gone_s: Floats | None) -> Floats | None:
    """Return when nodes stop after the start; those that stop at the start never speak anyway."""
    if gone_s is None:
        return None
    gone_s[gone_s == 0.0] = inf
    return gone_s if np.isfinite(gone_s).any() else None
