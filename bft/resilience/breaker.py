"""Circuit breaker: stops asking an endpoint that keeps failing, and finds out, carefully, when it is back.

    closed ──── `failures` in a row ────▶ open
    open ──── after `open_s` ────▶ half-open
    half-open ──── `successes` probes answered ────▶ closed
    half-open ──── one probe failed ────▶ open

Half-open lets at most `probes` calls through at a time; a probe that does not come back within `probe_timeout_s`
loses its place, so a lost call cannot keep the breaker half-open for ever. Each change of state starts a new
generation, and the result of a call admitted in an older one is ignored: it tells of an endpoint that was. A
cancelled call is neither success nor failure, nor is a failure that says nothing about the endpoint (permanent, or
refused before it got there); one that was cut off because the asker's time was up, with the endpoint at work, has
failed. The first drawings of this machine are M. Nygard's (Release It!, 2007); generations and
limited probes are as in Sony's gobreaker.

The breaker counts calls when it stands around the retries, and attempts when it stands inside them; `pipeline` puts
it where `counts` says.

Notes: `opened` (the last failure's reason), `half-opened`, `closed`, `rejected`, `ignored` (a result that came too
late).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from bft.core.refusal import require, require_positive, require_whole
from bft.resilience.classification import treatment
from bft.resilience.effects import NOW, Handler, Note, Program
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When to stop asking, and how to start again.

    Attributes
    ----------
    failures : int
        Failures in a row that open it; 1 or more.
    open_s : float
        How long it stays open.
    probes : int
        Calls let through at a time while half-open; 1 or more.
    successes : int
        Answered probes that close it; 1 or more.
    probe_timeout_s : float
        How long a probe keeps its place; positive and finite.
    counts : {"calls", "attempts"}
        What a failure is: a call whose retries all failed, or one attempt.
    """

    failures: int = 5
    open_s: float = 60.0
    probes: int = 1
    successes: int = 1
    probe_timeout_s: float = 180.0
    counts: Literal["calls", "attempts"] = "calls"

    def __post_init__(self) -> None:
        require_whole("breaker.failures", self.failures, at_least=1)
        require_positive("breaker.open_s", self.open_s)
        require_whole("breaker.probes", self.probes, at_least=1)
        require_whole("breaker.successes", self.successes, at_least=1)
        require_positive("breaker.probe_timeout_s", self.probe_timeout_s)
        require(self.counts in ("calls", "attempts"), "breaker.counts", self.counts, "must be 'calls' or 'attempts'")


class State(Enum):
    """The three states of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Ticket:
    """Admits one call; its result counts only in the generation that issued it."""

    __slots__ = ("generation",)

    def __init__(self, generation: int) -> None:
        self.generation = generation


class CircuitBreaker:
    """The state machine; time comes in as an argument and never goes back.

    Attributes
    ----------
    state : State
        As of the last call of a method: an open breaker becomes half-open when it is next asked.
    generation : int
        Number of changes of state so far.
    """

    def __init__(self, rules: Breaker) -> None:
        self.rules = rules
        self.state = State.CLOSED
        self.generation = 0
        self._failures = 0
        self._successes = 0
        self._opened_s = 0.0
        self._probes: dict[Ticket, float] = {}

    def admit(self, now_s: float) -> Ticket | None:
        """Return a ticket for a call, or None: do not ask the endpoint."""
        if self.state is State.OPEN and self.wait_s(now_s) <= 0.0:
            self._become(State.HALF_OPEN)
        if self.state is State.OPEN:
            return None
        ticket = Ticket(self.generation)
        if self.state is State.HALF_OPEN:
            self._expire(now_s)
            if len(self._probes) >= self.rules.probes:
                return None
            self._probes[ticket] = now_s + self.rules.probe_timeout_s
        return ticket

    def settle(self, ticket: Ticket, success: bool, now_s: float) -> bool:
        """Take in the result of an admitted call; False if it came too late to count."""
        if success and self.state is State.CLOSED and ticket.generation == self.generation:  # nearly always
            self._failures = 0
            return True
        self._expire(now_s)
        if ticket.generation != self.generation:
            return False
        if self.state is State.CLOSED:
            self._failures = 0 if success else self._failures + 1
            if self._failures >= self.rules.failures:
                self._open(now_s)
            return True
        if self._probes.pop(ticket, None) is None:
            return False
        if not success:
            self._open(now_s)
        else:
            self._successes += 1
            if self._successes >= self.rules.successes:
                self._become(State.CLOSED)
        return True

    def abandon(self, ticket: Ticket) -> None:
        """Forget an admitted call that has no result to count; a probe gives its place back."""
        self._probes.pop(ticket, None)

    def wait_s(self, now_s: float) -> float:
        """Return how long an open breaker will still refuse every call; 0 in the other states."""
        return max(0.0, self._opened_s + self.rules.open_s - now_s) if self.state is State.OPEN else 0.0

    def _expire(self, now_s: float) -> None:
        for ticket in [ticket for ticket, until_s in self._probes.items() if until_s < now_s]:
            del self._probes[ticket]

    def _open(self, now_s: float) -> None:
        self._become(State.OPEN)
        self._opened_s = now_s

    def _become(self, state: State) -> None:
        self.state = state
        self.generation += 1
        self._failures = self._successes = 0
        self._probes.clear()


def breaking(breaker: CircuitBreaker, inner: Handler, *, level: str = "") -> Handler:
    """Wrap a handler in a breaker."""

    def handle(query: Query) -> Program[Result]:
        course = query.course
        if course is not None and course.begun is not None:
            ticket: Ticket = course.begun.ticket
        else:
            now_s: float = yield NOW
            was_open = breaker.state is State.OPEN
            admitted = breaker.admit(now_s)
            if was_open and breaker.state is State.HALF_OPEN:
                yield Note(policy="breaker", action="half-opened", level=level)
            if admitted is None:
                yield Note(policy="breaker", action="rejected", level=level)
                return Failure(kind=FailureKind.BREAKER_OPEN, retry_after_s=breaker.wait_s(now_s), attempts=0)
            ticket = admitted
        try:
            result = yield from inner(query)
        except BaseException:  # cancelled, or a programming error: it says nothing of the endpoint
            cut_off_s = None if course is None else course.cut_off_s
            if cut_off_s is None:
                breaker.abandon(ticket)
            else:
                breaker.settle(ticket, False, cut_off_s)
            raise
        if isinstance(result, Failure) and not treatment(result).counts:
            breaker.abandon(ticket)
            return result
        yield from _settle(breaker, ticket, result, level)
        return result

    return handle


def _settle(breaker: CircuitBreaker, ticket: Ticket, result: Result, level: str) -> Program[None]:
    """Count a result, and tell what became of the breaker."""
    now_s: float = yield NOW
    generation = breaker.generation
    if not breaker.settle(ticket, isinstance(result, Answer), now_s):
        yield Note(policy="breaker", action="ignored", level=level)
    elif breaker.generation != generation and isinstance(result, Failure):
        yield Note(policy="breaker", action="opened", level=level, reason=result.reason)
    elif breaker.generation != generation:
        yield Note(policy="breaker", action="closed", level=level)
