"""One endpoint while it runs: its workers, limits, errors and disturbances, and the calls under way at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bft.clock import Alarm, Clock
from bft.core.lean import maker
from bft.llm_service.queue_measures import QueueMeter
from bft.llm_service.station import Job, Station
from bft.randomness import Randomness, Tape
from bft.resilience.endpoints import Breakdowns, Disturbance, Endpoint
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result
from bft.resilience.limits import TokenBucket

_DEPTH = 16
new_answer = maker(Answer)


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
        self.clock: Any = clock
        self.rules = rules
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

    def hangs_until_s(self) -> float | None:
        """Return when the endpoint answers again; None if it does now."""
        now_s = self.clock._now
        hangs = (each for each in self.rules.disturbances if each.kind == "hang")
        return next((each.end_s for each in hangs if each.start_s <= now_s < each.end_s), None)

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

    __slots__ = ("_done", "_endpoint", "_job", "_over", "_query", "_says")

    def __init__(
        self, endpoint: RunningEndpoint, query: Query, says: Callable[[Query], str], done: Callable[[Result], None]
    ) -> None:
        self._endpoint = endpoint
        self._query = query
        self._says = says
        self._done = done
        self._job: Job | None = None
        self._over = False

    def start(self) -> None:
        """Knock at the endpoint's door."""
        endpoint = self._endpoint
        if endpoint.closed:
            return self._end(Failure(kind=FailureKind.STATUS, status=503))
        if endpoint.bucket is None:
            return self._enter(None)
        now_s: float = endpoint.clock._now
        wait_s = endpoint.bucket.reserve(now_s)
        if wait_s is None:
            return self._end(Failure(kind=FailureKind.STATUS, status=429, retry_after_s=endpoint.bucket.wait_s(now_s)))
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
        rules = endpoint.rules
        if rules.disturbances:
            hangs_until_s = endpoint.hangs_until_s()
            if hangs_until_s is not None:
                Alarm(endpoint.clock, hangs_until_s, self._hung)
                return None
        self._job = job = endpoint.station.submit(rules.time.at(endpoint.times.draw(0)), self._served)
        if job is None:
            return self._end(Failure(kind=FailureKind.STATUS, status=503))
        if endpoint.keep_jobs:
            endpoint.jobs.append(job)
        return None

    def _hung(self, _: Any) -> None:
        self._end(Failure(kind=FailureKind.CONNECTION, detail="the endpoint hung"))

    def _served(self, done: bool) -> None:
        if self._over:
            return
        endpoint = self._endpoint
        p_error = endpoint.rules.p_error
        if not done:
            self._end(Failure(kind=FailureKind.CONNECTION, detail="the endpoint went down"))
        elif p_error > 0.0 and endpoint.errors.draw(0) < p_error:
            self._end(Failure(kind=FailureKind.STATUS, status=500))
        else:
            self._over = True
            endpoint.count("answered")
            self._done(new_answer(text=self._says(self._query)))

    def _end(self, failure: Failure) -> None:
        if not self._over:
            self._over = True
            self._endpoint.count(failure.reason)
            self._done(failure)
