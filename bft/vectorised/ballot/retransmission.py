"""Whether an answer to a question could tell a node of a ballot anything sooner than it hears it anyway.

In a network that loses nothing every vote and every proof arrives by itself. So asking makes a difference only if
somebody holds one, when it is asked, that reaches the one who asks later than the question travelled. Replications in
which that could be are marked, and left to the event engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from bft.randomness import Floats
from bft.vectorised.ballot.decisions import Decisions
from bft.vectorised.ballot.patience import Patience
from bft.vectorised.ballot.voters import Voters
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.streams import Flags, Ints

PAIRS = 1 << 16  # questions times votes that are looked at together


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What everybody says once."""

    said_s: Floats
    """When; infinity for never. Shape (replications, n)."""
    heard_s: Floats
    """When it is heard; shape (sender, replications, recipient)."""
    until_s: Floats
    """From when on hearing it changes nothing at a node; shape (replications, n)."""


def answered_sooner(
    patience: Patience,
    broadcasts: Broadcasts,
    which: Ints,
    voters: Voters,
    rounds: Sequence[Round],
    found: Decisions,
    *,
    indifferent: Flags,
    slowest_s: float,
) -> Flags:
    """Return the replications in which an answer may change something, shape (replications,).

    Parameters
    ----------
    patience : Patience
        When nodes ask.
    broadcasts, which, voters
        Of the replications.
    rounds : sequence of Round
        What has been said.
    found : Decisions
        What is decided if no answer changes anything.
    indifferent : ndarray of bool, shape (replications,)
        Where nothing can be decided whoever hears what.
    slowest_s : float
        No message takes longer.
    """
    unsure = np.zeros(len(which), dtype=np.bool_)
    late_s = voters.late_s
    delay_s = slowest_s + (0.0 if late_s is None else float(late_s.max()))
    proves_s = np.where(found.proved & voters.speaks, found.decided_s, inf)
    first_proof_s = proves_s.min(axis=1)[:, None]
    first_held_s = [each.heard_s.min(axis=2).T for each in rounds]
    for number, at_s in enumerate(patience.asks_s):
        waits = voters.speaks & (found.decided_s > at_s) & ~(indifferent | unsure)[:, None]
        if voters.gone_s is not None:
            waits &= voters.gone_s > at_s
        if not waits.any():
            break
        by_s = at_s + delay_s
        some = (first_proof_s <= by_s) & (found.decided_s > first_proof_s)
        for each, held_s in zip(rounds, first_held_s, strict=True):
            outstanding = (each.heard_s > at_s) & (held_s <= by_s).T[:, :, None]
            some |= outstanding.any(axis=0) & (each.until_s > at_s)
        ballot, node = np.nonzero(waits & some)
        step = max(1, PAIRS // waits.shape[1] ** 2)
        for start in range(0, len(ballot), step):
            asking, by = ballot[start : start + step], node[start : start + step]
            row = number + sum((each.said_s[asking, by] <= at_s).astype(np.intp) for each in rounds)
            arrives_s = broadcasts.law.sample(broadcasts.uniforms(which[asking], by, np.asarray(row)))
            arrives_s += at_s if late_s is None else (at_s + late_s[asking, by])[:, None]
            answered_s = arrives_s if late_s is None else arrives_s + late_s[asking]  # and then it travels
            answers = voters.speaks[asking] & (found.decided_s[asking, by][:, None] > answered_s)
            answers[np.arange(len(by)), by] = False
            if voters.gone_s is not None:
                answers &= arrives_s < voters.gone_s[asking]
            sooner = answers & (proves_s[asking] <= arrives_s)
            for each in rounds:
                useful = answers & (each.until_s[asking, by][:, None] > answered_s)
                held = each.heard_s[:, asking] <= arrives_s
                lacked = each.heard_s[:, asking, by][:, :, None] > answered_s
                sooner |= useful & (held & lacked).any(axis=0)
            unsure[asking[sooner.any(axis=1)]] = True
    return unsure
