"""The event engine as witness of the vectorised one: some replications are run again, and must end alike.

Both engines draw the same random numbers, so the outcome of a replication is the same in both, not only on average. The
tests compare them over many scenarios; a witness compares them over the very replications that a sweep counts. Which
ones are chosen depends on their number alone, so neither on workers nor on where blocks are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bft.arguments import check_number
from bft.errors import SweepError
from bft.record.outcome import Outcome
from bft.vectorised import NEEDS_EVENTS, OUTCOMES, Batch

DIFFERENCE = "engines differ"
"""How the error of a replication begins that ends otherwise in the event engine."""


def period_of(share: float | None) -> int:
    """Return of how many replications one is run again; 0 for none.

    Raises
    ------
    SweepError
        If the share is no number above 0 and at most 1.

    Examples
    --------
    >>> period_of(None), period_of(0.005), period_of(1)
    (0, 200, 1)
    """
    if share is None:
        return 0
    check_number("witness", share, SweepError, above=0.0, most=1.0)
    return max(1, round(1.0 / share))


def chosen(batch: Batch, period: int) -> list[int]:
    """Return the places in a batch of the replications that are run again: those that the batch itself decided."""
    if not period:
        return []
    numbers, codes = batch.replication.tolist(), batch.code.tolist()
    return [
        place
        for place, (number, code) in enumerate(zip(numbers, codes, strict=True))
        if number % period == 0 and code != NEEDS_EVENTS
    ]


def differences(batch: Batch, places: list[int], run: Callable[[int], Outcome]) -> Iterator[tuple[int, str]]:
    """Yield the place of each replication that ends otherwise event by event, and what is wrong.

    Parameters
    ----------
    batch : Batch
        What the vectorised engine found.
    places : list of int
        Which replications of it are run again.
    run : callable
        From the number of a replication to its outcome in the event engine.
    """
    for place in places:
        told, found = OUTCOMES[int(batch.code[place])], run(int(batch.replication[place]))
        if told is not found:
            yield place, f"{DIFFERENCE}: vectorised {told.value}, event by event {found.value}"
