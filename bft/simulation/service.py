"""The LLM service in the simulation: endpoints with workers, queue, rate limit, latency, errors and outages.

    service = LlmService([Endpoint(name="big", workers=8, time=Exponential(mean_s=1.5), provider="acme")], seed=7)
    driver = service.driver()
    clock.process(driver.run(pipeline.ask("Is 7 prime?")))

Many nodes ask one service: they share its queue, and its outages are their common cause of failure. Endpoints of one
provider go down together. A caller that gives up is not noticed by the endpoint unless it says so; the work is then
done for nobody, which is what makes retry storms last.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import simpy

from bft.errors import ScenarioError, bad_value
from bft.randomness import Randomness, Tape
from bft.resilience.effects import Observer, unobserved
from bft.resilience.endpoints import Breakdowns, Disturbance, Endpoint, Provider
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result
from bft.resilience.limits import TokenBucket
from bft.resilience.simpy_driver import SimpyDriver
from bft.simulation.environment import Alarm, Clock
from bft.simulation.service_driver import ClockDriver, GiveUp
from bft.simulation.service_measures import QueueMeter
from bft.simulation.service_station import Job, Station

_DEPTH = 16


def says_yes(_: Query) -> str:
    """Answer every query with the same word: the text of a service whose answers do not matter."""
    return "yes"


class LlmService:
    """All endpoints of a run.

    Parameters
    ----------
    endpoints : sequence of Endpoint
        With different names.
    seed : int or Randomness
        The seed, or its streams where they are shared.
    replication : int
        Address of the randomness.
    providers : sequence of Provider
        With different names; providers of endpoints that are not among them have no outages.
    answer : callable
        What a model says to a query.
    clock : Clock, optional
        To run beside other things on one clock.
    keep_jobs, metered : bool
        Whether to keep every job for `service_measures`, or to measure the queues in passing, in bounded memory.

    Attributes
    ----------
    jobs : dict
        Jobs of each endpoint, in order of arrival; kept only with `keep_jobs`.
    meters : dict
        What measured each endpoint's queue; there only when `metered`.
    counts : dict
        How often each endpoint answered, and with which failure it did not: a configured fault must be seen to fire.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        seed: int | Randomness,
        replication: int = 0,
        providers: Sequence[Provider] = (),
        answer: Callable[[Query], str] = says_yes,
        clock: Clock | None = None,
        keep_jobs: bool = False,
        metered: bool = False,
    ) -> None:
        _distinct("endpoints", [each.name for each in endpoints])
        _distinct("providers", [each.name for each in providers])
        self.clock = Clock() if clock is None else clock
        self._answer = answer
        randomness = seed if isinstance(seed, Randomness) else Randomness(seed)
        self._policies = Tape(randomness, "service.policies", 1, _DEPTH, replication)
        self._outages = Tape(randomness, "service.providers", max(1, len(providers)), _DEPTH, replication)
        self._running = {
            each.name: RunningEndpoint(
                self.clock, each, number, randomness, replication, keep_jobs=keep_jobs, metered=metered
            )
            for number, each in enumerate(endpoints)
        }
        for number, provider in enumerate(providers):
            self._live(number, provider)

    @property
    def jobs(self) -> dict[str, list[Job]]:
        """Jobs of each endpoint."""
        return {name: running.jobs for name, running in self._running.items()}

    @property
    def meters(self) -> dict[str, QueueMeter]:
        """Meter of each endpoint's queue."""
        return {name: running.meter for name, running in self._running.items() if running.meter is not None}

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

    def clock_driver(self, observe: Observer = unobserved) -> ClockDriver:
        """Return a driver without processes, which does the same."""
        return ClockDriver(clock=self.clock, begin=self.begin, uniform=lambda: self._policies.draw(0), observe=observe)

    def begin(self, query: Query, done: Callable[[Result], None]) -> GiveUp:
        """Send a query to its model; tell the result at once or later; return what gives the call up."""
        running = self._running.get(query.model)
        if running is None:
            known = ", ".join(self._running)
            raise ScenarioError(bad_value("query.model", query.model, f"must be one of {known}"))

        def end(result: Result) -> None:
            done(result if isinstance(result, Failure) else Answer(text=self._answer(query)))

        call = EndpointCall(running, end)
        call.start()
        return call.give_up

    def call(self, query: Query) -> Generator[simpy.Event, Any, Result]:
        """Send a query to its model, in a SimPy process."""
        ended = self.clock.event()
        give_up = self.begin(query, lambda result: _fire(ended, result))
        try:
            result: Result = yield ended
        except simpy.Interrupt:
            give_up()
            raise
        return result

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

        if provider.stationary and self._outages.draw(number) >= provider.availability:
            down(None)
        else:
            plan()


class RunningEndpoint:
    """The state of one endpoint."""

    def __init__(
        self,
        clock: Clock,
        rules: Endpoint,
        number: int,
        randomness: Randomness,
        replication: int,
        *,
        keep_jobs: bool,
        metered: bool,
    ) -> None:
        self.clock, self.rules = clock, rules
        self.meter = QueueMeter() if metered else None
        self.station = Station(clock, workers=rules.workers, queue=rules.queue, meter=self.meter)
        self.jobs: list[Job] = []
        self.counts: dict[str, int] = {}
        self.keep_jobs = keep_jobs
        self.bucket = None if rules.rate_limit is None else TokenBucket(rules.rate_limit)
        # Times and errors have tapes of their own, so that turning errors on changes no time.
        self.times = Tape(randomness, f"service.times.{number}", 1, _DEPTH, replication)
        self.errors = Tape(randomness, f"service.errors.{number}", 1, _DEPTH, replication)
        self._breakdowns = Tape(randomness, f"service.breakdowns.{number}", rules.workers, _DEPTH, replication)
        self.closed = 0
        for each in rules.disturbances:
            self._plan_disturbance(each)
        if rules.breakdowns is not None:
            for worker in range(rules.workers):
                self._plan_failure(worker, rules.breakdowns)

    def close(self) -> None:
        """Refuse calls from now on, and lose those under way."""
        self.closed += 1
        self.station.clear()

    def open(self) -> None:
        """End one reason to be closed."""
        self.closed -= 1

    def count(self, reason: str) -> None:
        """Count how a call ended."""
        self.counts[reason] = self.counts.get(reason, 0) + 1

    def _plan_disturbance(self, each: Disturbance) -> None:
        if each.kind == "refuse":
            Alarm(self.clock, each.start_s, lambda _: self.close())
            Alarm(self.clock, each.end_s, lambda _: self.open())
        elif each.kind == "slow":
            Alarm(self.clock, each.start_s, lambda _: self._slow_down(each.factor))
            Alarm(self.clock, each.end_s, lambda _: self._slow_down(1.0))

    def hangs_until_s(self, now_s: float) -> float:
        """Return when the endpoint answers again; now, if it does."""
        if not self.rules.disturbances:
            return now_s
        ends = (
            each.end_s for each in self.rules.disturbances if each.kind == "hang" and each.start_s <= now_s < each.end_s
        )
        return next(ends, now_s)

    def _slow_down(self, factor: float) -> None:
        self.station.factor = factor

    def _plan_failure(self, worker: int, rules: Breakdowns) -> None:
        def fail(_: Any) -> None:
            self.station.fail(worker)
            Alarm(self.clock, self.clock.now + rules.down.at(self._breakdowns.draw(worker)), repair)

        def repair(_: Any) -> None:
            self.station.repair(worker)
            self._plan_failure(worker, rules)

        Alarm(self.clock, self.clock.now + rules.up.at(self._breakdowns.draw(worker)), fail)


class EndpointCall:
    """One call under way at an endpoint: it waits for its turn, perhaps hangs, is served, and ends or is given up."""

    __slots__ = ("_done", "_endpoint", "_job", "_over")

    def __init__(self, endpoint: RunningEndpoint, done: Callable[[Result], None]) -> None:
        self._endpoint = endpoint
        self._done = done
        self._job: Job | None = None
        self._over = False

    def start(self) -> None:
        """Knock at the endpoint's door."""
        endpoint = self._endpoint
        now_s = endpoint.clock.now
        if endpoint.closed:
            return self._end(Failure(kind=FailureKind.STATUS, status=503))
        wait_s: float | None = 0.0
        if endpoint.bucket is not None:
            wait_s = endpoint.bucket.reserve(now_s)
            if wait_s is None:
                return self._end(
                    Failure(kind=FailureKind.STATUS, status=429, retry_after_s=endpoint.bucket.wait_s(now_s))
                )
        if wait_s:
            Alarm(endpoint.clock, now_s + wait_s, self._enter)
        else:
            self._enter(None)
        return None

    def give_up(self) -> None:
        """The caller waits no longer; the endpoint may not notice."""
        if self._over:
            return
        self._over = True
        self._endpoint.count("given up")
        if self._job is not None and self._endpoint.rules.notices_cancel:
            self._endpoint.station.withdraw(self._job)

    def _enter(self, _: Any) -> None:
        """Its turn has come."""
        if self._over:
            return None
        endpoint = self._endpoint
        now_s = endpoint.clock.now
        hangs_until_s = endpoint.hangs_until_s(now_s)
        if hangs_until_s > now_s:
            Alarm(endpoint.clock, hangs_until_s, self._hung)
            return None
        self._job = endpoint.station.submit(endpoint.rules.time.at(endpoint.times.draw(0)), self._served)
        if self._job is None:
            return self._end(Failure(kind=FailureKind.STATUS, status=503))
        if endpoint.keep_jobs:
            endpoint.jobs.append(self._job)
        return None

    def _hung(self, _: Any) -> None:
        self._end(Failure(kind=FailureKind.CONNECTION, detail="the endpoint hung"))

    def _served(self, done: bool) -> None:
        rules = self._endpoint.rules
        if self._over:
            return
        if not done:
            self._end(Failure(kind=FailureKind.CONNECTION, detail="the endpoint went down"))
        elif rules.p_error > 0.0 and self._endpoint.errors.draw(0) < rules.p_error:
            self._end(Failure(kind=FailureKind.STATUS, status=500))
        else:
            self._end(_SERVED)

    def _end(self, result: Result) -> None:
        if not self._over:
            self._over = True
            self._endpoint.count(result.reason if isinstance(result, Failure) else "answered")
            self._done(result)


_SERVED = Answer(text="")


def _fire(event: simpy.Event, result: Result) -> None:
    event.succeed(result)


def _distinct(field: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names) or (field == "endpoints" and not names):
        raise ScenarioError(
            bad_value(f"service.{field}", list(names), "must have different names, endpoints at least one")
        )
