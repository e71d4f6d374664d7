"""What a PBFT replica reports of itself. `voters` are the distinct replicas whose votes made a certificate."""

from __future__ import annotations

from bft.core.lean import lean


@lean
class PrePrepareAccepted:
    """The proposal of (view, seq) was accepted into the log; `carried` when a new view carried it over."""

    view: int
    seq: int
    digest: str
    carried: bool


@lean
class Prepared:
    """The prepared predicate became true; `voters` prepared, the primary not among them."""

    view: int
    seq: int
    digest: str
    voters: tuple[int, ...]


@lean
class Committed:
    """The committed-local predicate became true; `voters` committed."""

    view: int
    seq: int
    digest: str
    voters: tuple[int, ...]


@lean
class CheckpointStable:
    """The low watermark moved to `seq`, proved by `voters`."""

    seq: int
    digest: str
    voters: tuple[int, ...]


@lean
class ViewChangeStarted:
    """The replica left its view for `view` and waits for its new-view."""

    view: int


@lean
class ViewEntered:
    """A valid new-view for `view` was accepted or made; `entries` and `nulls` count what it carries over."""

    view: int
    entries: int
    nulls: int
    voters: tuple[int, ...]
