"""The results of successive replications, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bft.randomness import Floats
from bft.record.outcome import Outcome
from bft.vectorised.streams import Ints

OUTCOMES: tuple[Outcome, ...] = tuple(Outcome)
CODE = {outcome: number for number, outcome in enumerate(OUTCOMES)}
NEEDS_EVENTS = -1
"""Code of a replication that only the event engine can decide."""

OutcomeCodes: TypeAlias = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The results of successive replications; every array has shape (replications,).

    Attributes
    ----------
    replication : ndarray of int
        Which ones.
    code : ndarray of int8
        Index into `OUTCOMES`, or `NEEDS_EVENTS` where the event engine has to be asked; nothing else is known there.
    decided_at_s, first_decided_at_s, last_decided_at_s : ndarray of float
        As in the metrics of a run; nan for never, and everywhere without timing.
    views : ndarray of int
        Views used up to the decision; 0 where nothing was decided.
    messages_sent : ndarray of int
        As in the metrics of a run; -1 where it was not counted: without timing, and with other than one view.
    """

    replication: Ints
    code: OutcomeCodes
    decided_at_s: Floats
    first_decided_at_s: Floats
    last_decided_at_s: Floats
    views: Ints
    messages_sent: Ints

    def __len__(self) -> int:
        return len(self.replication)

    @property
    def needs_events(self) -> Ints:
        """The replications that only the event engine can decide."""
        return np.asarray(self.replication[self.code == NEEDS_EVENTS])

    def outcome(self, place: int) -> Outcome | None:
        """Return the outcome at a place of the batch; None where the event engine has to be asked."""
        code = int(self.code[place])
        return None if code == NEEDS_EVENTS else OUTCOMES[code]

    def count(self, outcome: Outcome) -> int:
        """Return how many replications ended so."""
        return int((self.code == CODE[outcome]).sum())


def joined(parts: Sequence[Batch]) -> Batch:
    """Return one batch of several that follow each other."""
    return Batch(**{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Batch)})
