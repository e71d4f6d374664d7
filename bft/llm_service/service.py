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

from bft.clock import Alarm, Clock
from bft.errors import ScenarioError, bad_value
from bft.llm_service.clock_driver import ClockDriver, GiveUp
from bft.llm_service.endpoint import EndpointCall, RunningEndpoint
from bft.llm_service.queue_measures import QueueMeter
from bft.llm_service.station import Job, Station
from bft.randomness import Randomness, Tape
from bft.resilience.effects import Observer, unobserved
from bft.resilience.endpoints import Endpoint, Provider
from bft.resilience.exchange import Query, Result
from bft.resilience.simpy_driver import SimpyDriver

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
        Whether to keep every job for `queue_measures`, or to measure the queues in passing, in bounded memory.

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
        call = EndpointCall(running, query, self._answer, done)
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


def _fire(event: simpy.Event, result: Result) -> None:
    event.succeed(result)


def _distinct(field: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names) or (field == "endpoints" and not names):
        raise ScenarioError(
            bad_value(f"service.{field}", list(names), "must have different names, endpoints at least one")
        )
