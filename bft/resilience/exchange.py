"""What is asked of a language model, and what comes back: an answer that says where it is from, or a typed failure.

A failed call never turns into a plausible answer. What a failure means for retries, levels and breakers is left to
`classification`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from bft.core.lean import lean
from bft.core.refusal import require

Parameter: TypeAlias = str | int | float | bool | None


@dataclass(slots=True)
class Begun:
    """A first attempt that was made before the program of its call was started; see `first_attempt`."""

    ticket: Any
    """The breaker's."""
    start_s: float
    """When the call began."""
    result: Result | None = None
    """What came of the attempt; None: its time was up."""


@dataclass(slots=True, kw_only=True)
class Course:
    """What happened to a query on its way, for those who must not blame an endpoint for it."""

    waited: bool = False
    """The attempt under way, or the last one, waited in a queue of our own."""
    sent: bool = False
    """It has left that queue."""
    cut_off_s: float | None = None
    """When whoever asked ran out of time while an endpoint was at work, by the clock of the policies."""
    begun: Begun | None = None
    """The first attempt, if it has been made, until its result is taken."""

    def taken(self) -> Result | None:
        """Take the result of the first attempt, which has been made."""
        begun, self.begun = self.begun, None
        assert begun is not None, "taken once"
        return begun.result


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to one model.

    Attributes
    ----------
    model : str
        Names the endpoint. A fallback level puts its own model here.
    prompt : str
        The text sent.
    parameters : tuple of (name, value)
        Sampling parameters, each name once; kept in order of names, so that equal queries are equal.
    course : Course or None
        Written on by the policies; not part of what is asked.
    """

    model: str
    prompt: str
    parameters: tuple[tuple[str, Parameter], ...] = ()
    course: Course | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.parameters == ():
            return
        names = [name for name, _ in self.parameters]
        require(len(set(names)) == len(names), "query.parameters", self.parameters, "must name each parameter once")
        object.__setattr__(self, "parameters", tuple(sorted(self.parameters, key=lambda pair: pair[0])))


class Source(Enum):
    """Where a text was taken from."""

    MODEL = "model"
    CACHE = "cache"
    STALE_CACHE = "stale cache"
    DEFAULT = "default"


@lean(kw_only=True)
class Provenance:
    """How an answer came about; it travels with the text.

    Attributes
    ----------
    source : Source
        What produced the text.
    level : str
        Name of the fallback level that answered.
    rank : int
        Its place, 0 for the primary.
    model : str
        The model that wrote the text, also when it came from the cache.
    transformed : bool
        The prompt was changed before it was sent.
    age_s : float
        Seconds since the model wrote the text; 0 unless cached.
    reasons : tuple of str
        Why each earlier level did not answer.
    """

    source: Source = Source.MODEL
    level: str = ""
    rank: int = 0
    model: str = ""
    transformed: bool = False
    age_s: float = 0.0
    reasons: tuple[str, ...] = ()

    @property
    def first_class(self) -> bool:
        """The primary model was asked just now, in the words of the query: a vote without further rules."""
        return self.source is Source.MODEL and self.rank == 0 and not self.transformed


@lean(kw_only=True)
class Answer:
    """A text and where it is from.

    Attributes
    ----------
    text : str
        What the model said.
    attempts : int
        Attempts made for this query, those of failed levels included; what an own policy refused was none.
    readable : bool
        Whether whoever asked could make something of the text; what nobody can read is not kept.
    """

    text: str
    attempts: int = 1
    provenance: Provenance = Provenance()
    readable: bool = True


class FailureKind(Enum):
    """What went wrong, in terms that need no provider's library."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    STATUS = "status"
    """The endpoint answered with an HTTP status that is an error."""
    EMPTY = "empty"
    """The endpoint answered with nothing that can be used."""
    UNKNOWN = "unknown"
    """An exception that says none of the above."""
    BREAKER_OPEN = "breaker open"
    SHED = "shed"
    """The bulkhead's queue was full, or the call's time ran out in a queue of our own."""
    RATE_LIMITED = "rate limited"
    """The own token bucket would have made the call wait too long."""
    NOT_CACHED = "not cached"
    UNREADABLE = "unparseable"
    """The endpoint answered, and nobody can read what it said: not a failure of the call, and no vote."""
    CUT_OFF = "deadline"
    """The time of the whole question was up."""
    CANCELLED = "cancelled"
    """The call was no longer needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that brought no answer.

    Attributes
    ----------
    kind : FailureKind
        What went wrong.
    status : int or None
        HTTP status; given exactly when the kind is `STATUS`.
    retry_after_s : float or None
        How long the endpoint asked to be left alone, 0 or more.
    detail : str
        For people; no rule reads it.
    attempts : int
        Attempts made, as in `Answer`.
    """

    kind: FailureKind
    status: int | None = None
    retry_after_s: float | None = None
    detail: str = ""
    attempts: int = 1

    def __post_init__(self) -> None:
        holds = (self.status is not None) == (self.kind is FailureKind.STATUS)
        require(holds, "failure.status", self.status, "must be given exactly when the kind is STATUS")
        holds = self.retry_after_s is None or self.retry_after_s >= 0.0
        require(holds, "failure.retry_after_s", self.retry_after_s, "must be 0 or more")

    @property
    def reason(self) -> str:
        """One word or two for counters: `timeout`, `status 429`."""
        return self.kind.value if self.status is None else f"status {self.status}"


Result: TypeAlias = Answer | Failure
