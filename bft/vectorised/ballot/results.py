"""What becomes of ballots, as a batch: outcomes from who decided what, and the times of decisions."""

from __future__ import annotations

from math import inf, nan

import numpy as np

from bft.core.quorum import QuorumSystem
from bft.randomness import Floats
from bft.record.outcome import Outcome
from bft.vectorised.ballot.counting import NOBODY
from bft.vectorised.ballot.decisions import Decisions
from bft.vectorised.ballot.voters import Voters
from bft.vectorised.batch import CODE, NEEDS_EVENTS, Batch, OutcomeCodes
from bft.vectorised.streams import Flags, Ints
from bft.vectorised.timing import NOT_COUNTED


def leading(found: Decisions, voters: Voters) -> Ints:
    """Return an answer that somebody who counts has decided, by its number; `NOBODY` where none has."""
    return np.asarray(np.where((found.decided_s < inf) & voters.counts, found.answer, NOBODY).max(axis=1))


def timed(replications: range, found: Decisions, voters: Voters, system: QuorumSystem, right: Flags) -> Batch:
    """Return outcomes and times; `right` says where the leading answer is right."""
    decided, counts = found.decided_s < inf, voters.counts
    counted, number = counts.sum(axis=1), (decided & counts).sum(axis=1)
    code = np.where(right, CODE[Outcome.AGREED_CORRECT], CODE[Outcome.AGREED_WRONG])
    code = np.where(number < counted, CODE[Outcome.PARTIAL], code)
    code = np.where(number == 0, CODE[Outcome.STALLED], code)
    # All that are not Byzantine are watched, so that also a slow node's decision may show a split.
    watched = decided & ~(voters.twice | voters.withholds)
    highest = np.where(watched, found.answer, NOBODY).max(axis=1)
    lowest = np.where(watched, found.answer, highest[:, None]).min(axis=1)
    code = np.where(highest > lowest, CODE[Outcome.SPLIT], code)
    code = np.where(found.unsure, NEEDS_EVENTS, code).astype(np.int8)
    known = code != NEEDS_EVENTS
    times_s = np.sort(np.where(counts, found.decided_s, inf), axis=1)
    enough = counted if system.weighted else np.minimum(counted, system.n - system.tolerated)

    def at(place: Ints) -> Floats:
        """Return the time of the decision at a place in order, where there is one."""
        there = known & (place >= 0) & (place < number)
        return np.where(there, times_s[np.arange(len(place)), np.clip(place, 0, system.n - 1)], nan)

    return _batch(replications, code, known & (number > 0), at(enough - 1), at(np.zeros_like(number)), at(counted - 1))


def untimed(replications: range, agreed: Flags, voters: Voters, right: Flags) -> Batch:
    """Return outcomes alone, where all that count decide the same, or nobody."""
    agreed = agreed & np.logical_or.reduce(voters.counts.T)
    code = np.where(right, CODE[Outcome.AGREED_CORRECT], CODE[Outcome.AGREED_WRONG])
    never_s = np.full(len(code), nan)
    code = np.where(agreed, code, CODE[Outcome.STALLED]).astype(np.int8)
    return _batch(replications, code, agreed, never_s, never_s, never_s)


def _batch(
    replications: range, code: OutcomeCodes, decided: Flags, enough_s: Floats, first_s: Floats, last_s: Floats
) -> Batch:
    return Batch(
        replication=np.arange(replications.start, replications.stop),
        code=code,
        decided_at_s=enough_s,
        first_decided_at_s=first_s,
        last_decided_at_s=last_s,
        views=decided.astype(np.intp),  # a ballot has one
        messages_sent=np.full(len(code), NOT_COUNTED),
    )
