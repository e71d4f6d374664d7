"""What a replica of a ballot reports of itself. `voters` are those whose votes were counted."""

from __future__ import annotations

from bft.core.lean import lean


@lean
class BallotDecided:
    """A voting rule decided; `proved` if no missing vote could change that, else the missing had run out of time."""

    answer: str
    voters: tuple[int, ...]
    proved: bool


@lean
class BallotUndecided:
    """A voting rule can decide nothing any more (`proved`), or could not when time was up."""

    voters: tuple[int, ...]
    proved: bool


@lean
class CallsSaved:
    """So many calls to the validator were under way when their answers were needed no more."""

    calls: int
