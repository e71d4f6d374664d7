"""Chaos: a seeded injector of faults, in front of the call, where a pipeline meets them as it would real ones.

Each call made within the window is hit with probability `rate`, by one of the faults drawn by weight. What fired is
noted, so that a run can prove that its faults happened. Whether the service stood up to it is left to `steady_state`.

Notes: `fired` (the fault's reason: timeout, status 429, …, or `delay`; its latency).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bft.core.refusal import require, require_not_negative, require_positive, require_share
from bft.resilience.effects import NOW, UNIFORM, Handler, Note, Program, Signal, Sleep, Wait
from bft.resilience.exchange import Failure, FailureKind, Query, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that can happen to a call.

    Attributes
    ----------
    failure : Failure or None
        How the call fails, without reaching the endpoint; None: it goes through, late.
    latency_s : float
        Time lost first; infinity: the call hangs until somebody cancels it.
    weight : float
        Share among the faults of an injector, relative to the others.
    """

    failure: Failure | None = None
    latency_s: float = 0.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        require_not_negative("fault.latency_s", self.latency_s, finite=False)
        require_positive("fault.weight", self.weight)
        some = self.failure is not None or self.latency_s > 0.0
        require(some, "fault.latency_s", self.latency_s, "must be positive, for there is no failure either")

    @property
    def reason(self) -> str:
        """One word or two for counters."""
        return "delay" if self.failure is None else self.failure.reason


RATE_LIMITED = Fault(failure=Failure(kind=FailureKind.STATUS, status=429))
OVERLOADED = Fault(failure=Failure(kind=FailureKind.STATUS, status=529))
DISCONNECTED = Fault(failure=Failure(kind=FailureKind.CONNECTION))
HANGING = Fault(failure=Failure(kind=FailureKind.TIMEOUT), latency_s=math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """Which faults hit, how often, and when.

    Attributes
    ----------
    rate : float
        Probability that a call within the window is hit, above 0 and at most 1.
    faults : tuple of Fault
        At least one.
    start_s, end_s : float
        The window, start included, end not; by the driver's clock.
    """

    rate: float
    faults: tuple[Fault, ...] = (RATE_LIMITED, DISCONNECTED)
    start_s: float = 0.0
    end_s: float = math.inf

    def __post_init__(self) -> None:
        require_share("chaos.rate", self.rate)
        require(self.rate > 0.0, "chaos.rate", self.rate, "must be above 0: what never fires proves nothing")
        require(len(self.faults) > 0, "chaos.faults", self.faults, "must name at least one fault")
        require_not_negative("chaos.start_s", self.start_s)
        require(self.end_s > self.start_s, "chaos.end_s", self.end_s, f"must be after chaos.start_s, {self.start_s}")

    @property
    def hangs(self) -> bool:
        """Whether a fault never ends by itself."""
        return any(math.isinf(fault.latency_s) for fault in self.faults)

    def pick(self, uniform: float) -> Fault:
        """Return the fault that a number in [0, 1) stands for, by weight."""
        left = uniform * sum(fault.weight for fault in self.faults)
        for fault in self.faults:
            left -= fault.weight
            if left < 0.0:
                return fault
        return self.faults[-1]


class Injector:
    """The state of one injector: what fired, and whether it was told to stop.

    Attributes
    ----------
    fired : dict of str to int
        How often each fault hit, by reason.
    """

    def __init__(self, rules: Chaos) -> None:
        self.rules = rules
        self.fired = {fault.reason: 0 for fault in rules.faults}
        self._stopped = False

    def stop(self) -> None:
        """Inject nothing more."""
        self._stopped = True

    def aims_at(self, now_s: float) -> bool:
        """Whether a call made now may be hit."""
        return not self._stopped and self.rules.start_s <= now_s < self.rules.end_s


def injecting(injector: Injector, inner: Handler, *, level: str = "") -> Handler:
    """Wrap a handler in an injector of faults."""
    rules = injector.rules

    def handle(query: Query) -> Program[Result]:
        now_s: float = yield NOW
        if not injector.aims_at(now_s) or (yield UNIFORM) >= rules.rate:
            return (yield from inner(query))
        fault = rules.pick((yield UNIFORM))
        injector.fired[fault.reason] += 1
        yield Note(policy="chaos", action="fired", level=level, reason=fault.reason, delay_s=fault.latency_s)
        if math.isinf(fault.latency_s):
            yield Wait(Signal())
        if fault.latency_s > 0.0:
            yield Sleep(fault.latency_s)
        return (yield from inner(query)) if fault.failure is None else fault.failure

    return handle
