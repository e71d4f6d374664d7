"""What a Tendermint replica reports of itself. `view` is the round, `seq` the height, as `Execute` has them."""

from __future__ import annotations

from bft.core.lean import lean


@lean
class ProposalHeard:
    """A proposal of (h, r) from its proposer was filed; `valid_round` is that of line 28, or -1."""

    view: int
    seq: int
    digest: str
    valid_round: int


@lean
class PolkaFollowed:
    """Line 36: a polka, by these voters, made a value the valid value; `locked` if the replica precommits it too."""

    view: int
    seq: int
    digest: str
    locked: bool
    voters: tuple[int, ...]


@lean
class Decided:
    """Line 49: these voters precommitted the value in round `view` of height `seq`."""

    view: int
    seq: int
    digest: str
    voters: tuple[int, ...]


@lean
class RoundStarted:
    """A round after the first of height `seq` has started (line 11); `skipped` by line 55, else by its timeout."""

    view: int
    seq: int
    skipped: bool
