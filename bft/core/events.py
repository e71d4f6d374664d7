"""What replicas report of themselves: typed events for traces and invariant monitors.

An event asks nothing of the host. `voters` are the distinct replicas whose votes made a certificate.
"""

from __future__ import annotations

from dataclasses import dataclass

from bft.core.lean import lean
from bft.core.verdict import Verdict


@lean
@dataclass(frozen=True, slots=True)
class PrePrepareAccepted:
    """The proposal of (view, seq) was accepted into the log; `carried` when a new view carried it over."""

    view: int
    seq: int
    digest: str
    carried: bool


@lean
@dataclass(frozen=True, slots=True)
class Judgement:
    """The validator's verdict on the accepted proposal arrived in time."""

    view: int
    seq: int
    verdict: Verdict


@lean
@dataclass(frozen=True, slots=True)
class ProposalMissing:
    """The primary's validator had no answer; the view will time out."""

    view: int


@lean
@dataclass(frozen=True, slots=True)
class Prepared:
    """The prepared predicate became true; `voters` prepared, the primary not among them."""

    view: int
    seq: int
    digest: str
    voters: tuple[int, ...]


@lean
@dataclass(frozen=True, slots=True)
class Committed:
    """The committed-local predicate became true; `voters` committed."""

    view: int
    seq: int
    digest: str
    voters: tuple[int, ...]


@lean
@dataclass(frozen=True, slots=True)
class CheckpointStable:
    """The low watermark moved to `seq`, proved by `voters`."""

    seq: int
    digest: str
    voters: tuple[int, ...]


@lean
@dataclass(frozen=True, slots=True)
class ViewChangeStarted:
    """The replica left its view for `view` and waits for its new-view."""

    view: int


@lean
@dataclass(frozen=True, slots=True)
class ViewEntered:
    """A valid new-view for `view` was accepted or made; `entries` and `nulls` count what it carries over."""

    view: int
    entries: int
    nulls: int
    voters: tuple[int, ...]


@lean
@dataclass(frozen=True, slots=True)
class ViewsExhausted:
    """The last view allowed has failed; the replica waits, and starts no further one."""

    view: int


@lean
@dataclass(frozen=True, slots=True)
class StateTransferred:
    """A proved snapshot replaced the state up to `seq`; `state_digest` is the state machine's afterwards."""

    seq: int
    state_digest: str


@lean
@dataclass(frozen=True, slots=True)
class Restarted:
    """The replica came back from what it had persisted."""

    view: int
    last_executed: int


@lean
@dataclass(frozen=True, slots=True)
class BallotDecided:
    """A voting rule decided; `proved` if no missing vote could change that, else the missing had run out of time."""

    answer: str
    voters: tuple[int, ...]
    proved: bool


@lean
@dataclass(frozen=True, slots=True)
class BallotUndecided:
    """A voting rule can decide nothing any more (`proved`), or could not when time was up."""

    voters: tuple[int, ...]
    proved: bool


@lean
@dataclass(frozen=True, slots=True)
class CallsSaved:
    """So many calls to the validator were under way when their answers were needed no more."""

    calls: int


@lean
@dataclass(frozen=True, slots=True)
class Equivocation:
    """Evidence: `culprit` signed two conflicting messages."""

    culprit: int
    first: object
    second: object
