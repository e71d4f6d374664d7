"""The pipeline: one validated description of all policies, and their composition.

    cache → fallback ─┬─ level 0: breaker → retry → hedge → bulkhead → rate limit → chaos → call
                      ├─ level 1: the same, with policies of its own
                      ├─ an answer from the cache, of any permitted age
                      └─ a default answer

A breaker that counts attempts stands inside the retries instead of around them. Each policy's state belongs to one
pipeline; a validator has one pipeline. Which clock it runs on is left to the drivers.

Notes: `answered` (the level, the source), `fell back` (besides, if the primary did not answer), `failed` (the
reason), `aborted` (the steady state is broken, chaos stops).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bft.core.refusal import require
from bft.resilience.breaker import Breaker, CircuitBreaker, breaking
from bft.resilience.cache import Cache, Caching, DictCache, caching, recalling
from bft.resilience.chaos import Chaos, Injector, injecting
from bft.resilience.effects import Handler, Note, Program, call
from bft.resilience.exchange import Answer, Course, Parameter, Query, Result, Source
from bft.resilience.fallback import TRANSFORMS, Step, Transform, descending, saying
from bft.resilience.first_attempt import FirstAttempt
from bft.resilience.hedge import Hedge, hedging
from bft.resilience.limits import Bulkhead, Compartment, RateLimit, TokenBucket, confining, leaving, pacing
from bft.resilience.retry import Retry, RetryBudget, attempt_s, retrying
from bft.resilience.steady_state import SteadyState, Trial

CACHED = "cached"
DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One model and the policies around it.

    Attributes
    ----------
    name : str
        For provenance and counters; different for each level.
    model : str
        Names the endpoint.
    transform : str
        What is done to the prompt, a name in the pipeline's transforms.
    retry, breaker, hedge, bulkhead, rate_limit, chaos
        None: without. A level without `retry` makes one attempt, of any length.
    """

    name: str
    model: str
    transform: str = "unchanged"
    retry: Retry | None = field(default_factory=Retry)
    breaker: Breaker | None = None
    hedge: Hedge | None = None
    bulkhead: Bulkhead | None = None
    rate_limit: RateLimit | None = None
    chaos: Chaos | None = None

    def __post_init__(self) -> None:
        allowed = f"must not be empty, {CACHED!r} or {DEFAULT!r}"
        require(self.name not in ("", CACHED, DEFAULT), "level.name", self.name, allowed)
        require(self.model != "", "level.model", self.model, "must not be empty")
        longest_s = attempt_s(self.retry)
        self._check_patience(longest_s)
        if self.breaker is not None:
            self._check_breaker(self.breaker, longest_s)

    def _check_patience(self, attempt_s: float) -> None:
        """An attempt must leave time for what happens inside it."""
        below = f"must be below the time of an attempt, {attempt_s} s"
        if self.hedge is not None:
            delay_s = self.hedge.delay_s
            require(delay_s < attempt_s, "hedge.delay_s", delay_s, f"{below}, or no hedge is ever sent")
        if self.rate_limit is not None and not math.isinf(attempt_s):
            wait_s = self.rate_limit.max_wait_s
            require(wait_s < attempt_s, "rate_limit.max_wait_s", wait_s, f"{below}, or tokens go to calls that gave up")
        if self.chaos is not None and self.chaos.hangs:
            allowed = "must be finite, for chaos lets calls hang"
            require(not math.isinf(attempt_s), "retry.attempt_timeout_s", attempt_s, allowed)

    def _check_breaker(self, breaker: Breaker, attempt_s: float) -> None:
        """A probe needs the time that a call may take: else its answer never counts and the breaker never closes."""
        longest_s = attempt_s
        if breaker.counts == "calls" and self.retry is not None:
            longest_s = self.retry.deadline_s
        timeout_s = breaker.probe_timeout_s
        allowed = f"must be above the longest time of what it counts, {longest_s} s, or it may never close"
        require(timeout_s > longest_s, "breaker.probe_timeout_s", timeout_s, allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resilience:
    """All policies of a pipeline.

    Attributes
    ----------
    levels : tuple of Level
        From the primary down; at least one.
    caching : Caching or None
        With a cache, a fresh answer stands before the levels and a stale one after them.
    default_answer : str or None
        The last resort. It keeps the caller alive; no rate counts it as success.
    steady_state : SteadyState or None
        What must hold of the pipeline's answers; when it is broken beyond doubt, chaos stops.
    """

    levels: tuple[Level, ...]
    caching: Caching | None = None
    default_answer: str | None = None
    steady_state: SteadyState | None = None

    def __post_init__(self) -> None:
        require(len(self.levels) > 0, "resilience.levels", self.levels, "must have at least one level")
        names = [level.name for level in self.levels]
        require(len(set(names)) == len(names), "resilience.levels", names, "must have different names")


class Pipeline:
    """The policies of one validator, with their state.

    Parameters
    ----------
    rules : Resilience
    cache : Cache, optional
        Where answers are kept; a dict of its own by default. Only with `rules.caching`.
    transforms : mapping
        What the levels' `transform` can name.

    Attributes
    ----------
    breakers, budgets, compartments, buckets, injectors : dict
        State by level's name, for those levels that have such a policy.
    trial : Trial or None
        Counts for `rules.steady_state`.
    first : FirstAttempt or None
        Makes the first attempt of a call for drivers that start the program only where it fails; None where every call
        needs the program.
    """

    def __init__(
        self, rules: Resilience, *, cache: Cache | None = None, transforms: Mapping[str, Transform] = TRANSFORMS
    ) -> None:
        require(cache is None or rules.caching is not None, "resilience.caching", None, "must be given with a cache")
        for level in rules.levels:
            known = level.transform in transforms
            require(known, "level.transform", level.transform, f"must be one of {sorted(transforms)}")
        self.rules = rules
        self.budgets = {at.name: RetryBudget(at.retry.budget) for at in rules.levels if at.retry and at.retry.budget}
        self.breakers = {at.name: CircuitBreaker(at.breaker) for at in rules.levels if at.breaker}
        self.compartments = {at.name: Compartment(at.bulkhead) for at in rules.levels if at.bulkhead}
        self.buckets = {at.name: TokenBucket(at.rate_limit) for at in rules.levels if at.rate_limit}
        self.injectors = {at.name: Injector(at.chaos) for at in rules.levels if at.chaos}
        self.trial = None if rules.steady_state is None else Trial(rules.steady_state)
        self._handler = self._compose(cache, transforms)
        self.first = self._first_attempt()

    def ask(
        self, prompt: str, parameters: tuple[tuple[str, Parameter], ...] = (), course: Course | None = None
    ) -> Program[Result]:
        """Ask the panel of levels; a program for a driver to run. What befalls the query is written into its course."""
        model, course = self.rules.levels[0].model, course or Course()
        result = yield from self._handler(Query(model=model, prompt=prompt, parameters=parameters, course=course))
        if isinstance(result, Answer):
            origin = result.provenance
            yield Note(policy="pipeline", action="answered", level=origin.level, reason=origin.source.value)
            if origin.rank > 0:
                yield Note(policy="pipeline", action="fell back", level=origin.level)
        else:
            yield Note(policy="pipeline", action="failed", reason=result.reason)
        yield from self._judge(isinstance(result, Answer) and result.provenance.source is not Source.DEFAULT)
        return result

    def _first_attempt(self) -> FirstAttempt | None:
        rules, at = self.rules, self.rules.levels[0]
        if rules.caching or rules.steady_state or at.hedge or at.bulkhead or at.rate_limit or at.chaos:
            return None
        if at.transform != "unchanged" or (at.breaker and at.breaker.counts != "calls"):
            return None
        breaker, budget = self.breakers.get(at.name), self.budgets.get(at.name)
        return FirstAttempt(at.name, at.model, retry=at.retry, breaker=breaker, budget=budget)

    def _judge(self, served: bool) -> Program[None]:
        """Count the call for the steady state; stop the chaos if that is evidently broken."""
        if self.trial is not None and self.trial.record(served):
            for injector in self.injectors.values():
                injector.stop()
            yield Note(policy="pipeline", action="aborted")

    def _compose(self, cache: Cache | None, transforms: Mapping[str, Transform]) -> Handler:
        rules = self.rules
        steps = [
            Step(name=at.name, handler=self._level(at), model=at.model, transform=transforms[at.transform])
            for at in rules.levels
        ]
        kept = DictCache() if cache is None else cache
        if rules.caching is not None:
            steps.append(Step(name=CACHED, handler=recalling(rules.caching, kept)))
        if rules.default_answer is not None:
            steps.append(Step(name=DEFAULT, handler=saying(rules.default_answer)))
        handler = descending(steps)
        return handler if rules.caching is None else caching(rules.caching, kept, handler)

    def _level(self, at: Level) -> Handler:
        """Build one level from the inside out."""
        handler: Handler = call
        budget = self.budgets.get(at.name)
        if at.chaos:
            handler = injecting(self.injectors[at.name], handler, level=at.name)
        if at.rate_limit or at.bulkhead:
            handler = leaving(handler)
        if at.rate_limit:
            handler = pacing(self.buckets[at.name], handler, level=at.name)
        if at.bulkhead:
            handler = confining(self.compartments[at.name], handler, level=at.name)
        if at.hedge:
            handler = hedging(at.hedge, handler, level=at.name, budget=budget)
        if at.breaker and at.breaker.counts == "attempts":
            handler = breaking(self.breakers[at.name], handler, level=at.name)
        if at.retry:
            handler = retrying(at.retry, handler, level=at.name, budget=budget)
        if at.breaker and at.breaker.counts == "calls":
            handler = breaking(self.breakers[at.name], handler, level=at.name)
        return handler
