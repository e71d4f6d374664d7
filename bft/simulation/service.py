"""The LLM service in the simulation: endpoints with workers, queue, rate limit, latency, errors and outages.

    service = LlmService([Endpoint(name="big", workers=8, time=Exponential(mean_s=1.5), provider="acme")], seed=7)
    driver = service.driver()
    clock.process(driver.run(pipeline.ask("Is 7 prime?")))

Many nodes ask one service: they share its queue, and its outages are their common cause of failure. Endpoints of one
provider go down together. A caller that gives up is not noticed by the endpoint unless it says so; the work is then
done for nobody, which is what makes retry storms last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal, Protocol

import simpy

from bft.errors import ScenarioError, bad_value
from bft.randomness import Randomness, Tape
from bft.resilience.effects import Observer, unobserved
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result
from bft.resilience.limits import RateLimit, TokenBucket
from bft.resilience.simpy_driver import SimpyDriver
from bft.simulation.environment import Alarm, Clock
from bft.simulation.lifecycles import Lifetime
from bft.simulation.service_station import Job, Station

_SMALLEST = 2.0**-54
_quantile = NormalDist().inv_cdf
_DEPTH = 16


class ServiceTime(Protocol):
    """How long a worker needs for a call."""

    def at(self, uniform: float) -> float:
        """Return the time that a uniform in [0, 1) stands for, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """Memoryless, with a positive mean."""

    mean_s: float

    def __post_init__(self) -> None:
        _positive("exponential.mean_s", self.mean_s)

    def at(self, uniform: float) -> float:
        """Return the time that a uniform stands for."""
        return -self.mean_s * math.log1p(-uniform)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Always the same positive time."""

    time_s: float

    def __post_init__(self) -> None:
        _positive("constant.time_s", self.time_s)

    def at(self, uniform: float) -> float:
        """Return the time."""
        return self.time_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """The usual shape of an LLM's latency.

    Attributes
    ----------
    median_s, log_sd : float
        Positive.
    """

    median_s: float
    log_sd: float

    def __post_init__(self) -> None:
        _positive("lognormal.median_s", self.median_s)
        _positive("lognormal.log_sd", self.log_sd)

    def at(self, uniform: float) -> float:
        """Return the time that a uniform stands for."""
        return self.median_s * math.exp(self.log_sd * _quantile(max(uniform, _SMALLEST)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdowns:
    """Workers that fail by themselves, busy or idle, and are repaired."""

    up: Lifetime
    down: Lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """A window of time in which an endpoint is not itself.

    Attributes
    ----------
    start_s, end_s : float
        Start included, end not; 0 ≤ start < end < infinity.
    kind : {"refuse", "hang", "slow"}
        Answers 503 at once and loses what it was doing; accepts calls and says nothing until the end; takes `factor`
        times as long for calls that it begins.
    factor : float
        Positive; of "slow" only.
    """

    start_s: float
    end_s: float
    kind: Literal["refuse", "hang", "slow"] = "refuse"
    factor: float = 4.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.start_s < self.end_s < math.inf:
            allowed = f"must be finite and after disturbance.start_s, {self.start_s}, which is 0 or more"
            raise ScenarioError(bad_value("disturbance.end_s", self.end_s, allowed))
        if self.kind not in ("refuse", "hang", "slow"):
            raise ScenarioError(bad_value("disturbance.kind", self.kind, "must be 'refuse', 'hang' or 'slow'"))
        _positive("disturbance.factor", self.factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One model behind one address.

    Attributes
    ----------
    name : str
        The model's name, as queries use it.
    workers : int
        Calls served at a time, 1 or more.
    time : ServiceTime
        How long each takes.
    queue : int or None
        Calls that may wait; None: any number. What finds the queue full is answered 503.
    rate_limit : RateLimit or None
        What exceeds it is answered 429 with Retry-After.
    p_error : float
        Share of calls answered 500 after the time they took.
    breakdowns : Breakdowns or None
        Of each worker by itself.
    disturbances : tuple of Disturbance
        Not overlapping.
    provider : str
        Endpoints with one provider share its outages.
    notices_cancel : bool
        Whether a call that is given up frees its worker.
    """

    name: str
    workers: int = 1
    time: ServiceTime
    queue: int | None = None
    rate_limit: RateLimit | None = None
    p_error: float = 0.0
    breakdowns: Breakdowns | None = None
    disturbances: tuple[Disturbance, ...] = ()
    provider: str = ""
    notices_cancel: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            raise ScenarioError(bad_value("endpoint.name", self.name, "must not be empty"))
        if not 0.0 <= self.p_error <= 1.0:
            raise ScenarioError(bad_value("endpoint.p_error", self.p_error, "must be between 0 and 1"))
        ordered = sorted(self.disturbances, key=lambda each: each.start_s)
        for earlier, later in zip(ordered, ordered[1:], strict=False):
            if later.start_s < earlier.end_s:
                allowed = f"must not be before {earlier.end_s}, when the one before it ends"
                raise ScenarioError(bad_value("endpoint.disturbances.start_s", later.start_s, allowed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who runs endpoints: random outages that refuse all calls to all of them."""

    name: str
    up: Lifetime
    down: Lifetime


def says_yes(query: Query) -> str:
    """Answer every query with the same word: the text of a service whose answers do not matter."""
    return "yes"


class LlmService:
    """All endpoints of a run.

    Parameters
    ----------
    endpoints : sequence of Endpoint
        With different names.
    seed, replication : int
        Address of the randomness.
    providers : sequence of Provider
        With different names; providers of endpoints that are not among them have no outages.
    answer : callable
        What a model says to a query.
    clock : Clock, optional
        To run beside other things on one clock.

    Attributes
    ----------
    jobs : dict
        Jobs of each endpoint, in order of arrival, for `service_measures`; kept only with `keep_jobs`.
    counts : dict
        How often each endpoint answered, and with which failure it did not: a configured fault must be seen to fire.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        seed: int,
        replication: int = 0,
        providers: Sequence[Provider] = (),
        answer: Callable[[Query], str] = says_yes,
        clock: Clock | None = None,
        keep_jobs: bool = False,
    ) -> None:
        _distinct("endpoints", [each.name for each in endpoints])
        _distinct("providers", [each.name for each in providers])
        self.clock = Clock() if clock is None else clock
        self._answer = answer
        randomness = Randomness(seed)
        self._policies = Tape(randomness, "service.policies", 1, _DEPTH, replication)
        self._outages = Tape(randomness, "service.providers", max(1, len(providers)), _DEPTH, replication)
        self._running = {
            each.name: RunningEndpoint(self.clock, each, number, randomness, replication, keep_jobs)
            for number, each in enumerate(endpoints)
        }
        for number, provider in enumerate(providers):
            self._live(number, provider)

    @property
    def jobs(self) -> dict[str, list[Job]]:
        """Jobs of each endpoint."""
        return {name: running.jobs for name, running in self._running.items()}

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Results of each endpoint."""
        return {name: running.counts for name, running in self._running.items()}

    def station(self, name: str) -> Station:
        """Return the workers and the queue of an endpoint."""
        return self._running[name].station

    def driver(self, observe: Observer = unobserved) -> SimpyDriver:
        """Return a driver whose calls go to this service."""
        return SimpyDriver(env=self.clock, call=self.call, uniform=lambda: self._policies.draw(0), observe=observe)

    def call(self, query: Query) -> Generator[simpy.Event, Any, Result]:
        """Send a query to its model."""
        running = self._running.get(query.model)
        if running is None:
            known = ", ".join(self._running)
            raise ScenarioError(bad_value("query.model", query.model, f"must be one of {known}"))
        result = yield from running.call()
        running.count(result)
        return result if isinstance(result, Failure) else Answer(text=self._answer(query))

    def _live(self, number: int, provider: Provider) -> None:
        """Let a provider go down and up for ever."""
        mine = [each for each in self._running.values() if each.rules.provider == provider.name]

        def down(_: Any) -> None:
            for endpoint in mine:
                endpoint.close()
            Alarm(self.clock, self.clock.now + provider.down.at(self._outages.draw(number)), up)

        def up(_: Any) -> None:
            for endpoint in mine:
                endpoint.open()
            plan()

        def plan() -> None:
            Alarm(self.clock, self.clock.now + provider.up.at(self._outages.draw(number)), down)

        plan()


class RunningEndpoint:
    """The state of one endpoint."""

    def __init__(
        self, clock: Clock, rules: Endpoint, number: int, randomness: Randomness, replication: int, keep_jobs: bool
    ) -> None:
        self.clock, self.rules = clock, rules
        self.station = Station(clock, workers=rules.workers, queue=rules.queue)
        self.jobs: list[Job] = []
        self.counts: dict[str, int] = {}
        self._keep_jobs = keep_jobs
        self._bucket = None if rules.rate_limit is None else TokenBucket(rules.rate_limit)
        # Times and errors have tapes of their own, so that turning errors on changes no time.
        self._times = Tape(randomness, f"service.times.{number}", 1, _DEPTH, replication)
        self._errors = Tape(randomness, f"service.errors.{number}", 1, _DEPTH, replication)
        self._breakdowns = Tape(randomness, f"service.breakdowns.{number}", rules.workers, _DEPTH, replication)
        self._closed = 0
        for each in rules.disturbances:
            if each.kind == "refuse":
                Alarm(clock, each.start_s, lambda _: self.close())
                Alarm(clock, each.end_s, lambda _: self.open())
        if rules.breakdowns is not None:
            for worker in range(rules.workers):
                self._plan_failure(worker, rules.breakdowns)

    def close(self) -> None:
        """Refuse calls from now on, and lose those under way."""
        self._closed += 1
        self.station.clear()

    def open(self) -> None:
        """End one reason to be closed."""
        self._closed -= 1

    def count(self, result: Result) -> None:
        """Count a result by reason."""
        reason = result.reason if isinstance(result, Failure) else "answered"
        self.counts[reason] = self.counts.get(reason, 0) + 1

    def call(self) -> Generator[simpy.Event, Any, Result]:
        """Serve one call."""
        now_s = self.clock.now
        if self._closed:
            return Failure(kind=FailureKind.STATUS, status=503)
        if self._bucket is not None and self._bucket.reserve(now_s) is None:
            wait_s = self._bucket.wait_s(now_s)
            return Failure(kind=FailureKind.STATUS, status=429, retry_after_s=wait_s)
        disturbance = self._disturbance(now_s)
        if disturbance is not None and disturbance.kind == "hang":
            yield self.clock.timeout(disturbance.end_s - now_s)
            return Failure(kind=FailureKind.CONNECTION, detail="the endpoint hung")
        factor = 1.0 if disturbance is None or disturbance.kind == "refuse" else disturbance.factor
        job = self.station.submit(factor * self.rules.time.at(self._times.draw(0)))
        if job is None:
            return Failure(kind=FailureKind.STATUS, status=503)
        if self._keep_jobs:
            self.jobs.append(job)
        try:
            done = yield job
        except simpy.Interrupt:
            if self.rules.notices_cancel:
                self.station.withdraw(job)
            raise
        if not done:
            return Failure(kind=FailureKind.CONNECTION, detail="the endpoint went down")
        if self.rules.p_error > 0.0 and self._errors.draw(0) < self.rules.p_error:
            return Failure(kind=FailureKind.STATUS, status=500)
        return Answer(text="")

    def _disturbance(self, now_s: float) -> Disturbance | None:
        for each in self.rules.disturbances:
            if each.start_s <= now_s < each.end_s:
                return each
        return None

    def _plan_failure(self, worker: int, rules: Breakdowns) -> None:
        def fail(_: Any) -> None:
            self.station.fail(worker)
            Alarm(self.clock, self.clock.now + rules.down.at(self._breakdowns.draw(worker)), repair)

        def repair(_: Any) -> None:
            self.station.repair(worker)
            self._plan_failure(worker, rules)

        Alarm(self.clock, self.clock.now + rules.up.at(self._breakdowns.draw(worker)), fail)


def _distinct(field: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names) or (field == "endpoints" and not names):
        raise ScenarioError(bad_value(f"service.{field}", list(names), "must have different names, endpoints at least one"))


def _positive(field: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        raise ScenarioError(bad_value(field, value, "must be positive and finite"))
