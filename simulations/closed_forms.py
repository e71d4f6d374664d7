"""Does the simulation agree with every closed form of queues, policies, detectors and repairable nodes?

Expected: every exact value lies inside its 99.9 % interval. There are 31 of them, so a right simulation has one outside
for about one seed in thirty. What a run cannot show is said: fewer than thirty independent cycles give no interval.

Run time: about three minutes on one core; `main(replications=1)` takes about eight seconds and has wide intervals.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bft.durations import Constant, Exponential, Lifetime, Lognormal
from bft.experiments.tables import align
from bft.llm_service.load import CallRecord, open_loop
from bft.llm_service.queue_measures import QueueMeasures, measure
from bft.llm_service.service import LlmService
from bft.operations.estimates import NodeRecord, reliability
from bft.operations.heartbeat import PhiAccrual
from bft.operations.intervals import Estimate, mean_estimate, ratio_estimate, share_estimate
from bft.operations.outages import DrawnRepair
from bft.operations.windows import Threshold, Window
from bft.randomness import Randomness
from bft.resilience.breaker import Breaker, CircuitBreaker, breaking
from bft.resilience.cache import Caching, DictCache, caching
from bft.resilience.effects import Handler, call
from bft.resilience.endpoints import Breakdowns, Endpoint
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result, Source
from bft.resilience.fallback import Step, descending
from bft.resilience.limits import RateLimit, TokenBucket, pacing
from bft.resilience.retry import Retry, retrying
from bft.simulation.lifecycles import Lifecycles
from bft.theory import queues
from bft.theory import reliability as laws

SEED = 20240811
CONFIDENCE = 0.999
REPLICATIONS = 20  # each adds to every sample; cycles and calls are pooled
JOBS = 20_000  # of each queue, per replication
CALLS = 20_000  # through policies, per replication
NODE_FAILURES = 5_000  # of each set of nodes, per replication
LEAST_CYCLES = 30  # below, the central limit theorem is no excuse

QUERY = Query(model="m", prompt="p")
INSTANT = Constant(time_s=1e-9)
BREAKDOWNS = Breakdowns(up=Lifetime(mean_s=100.0), down=Lifetime(mean_s=10.0))  # α .01, β .1
ONE = Exponential(mean_s=1.0)


class Row(NamedTuple):
    """One line of the table."""

    case: str
    quantity: str
    measured: Estimate
    exact: float

    @property
    def verdict(self) -> str:
        """Inside, outside, or too few cycles to say."""
        if not (math.isfinite(self.measured.low) and math.isfinite(self.measured.high)):
            return "too few cycles"
        return "inside" if self.measured.holds(self.exact) else "OUTSIDE"


def main(replications: int = REPLICATIONS) -> list[Row]:
    """Measure everything, print the table, and return its rows."""
    rows = [row for case in CASES for row in case(replications)]
    print(table(rows))
    outside = [row for row in rows if row.verdict == "OUTSIDE"]
    print(f"\n{len(rows)} exact values, {len(outside)} outside their {CONFIDENCE:.1%} intervals; seed {SEED}")
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return the rows as an aligned table."""
    header = ["case", "quantity", "measured", "low", "high", "exact", "n", ""]
    body = [
        [
            row.case,
            row.quantity,
            *(f"{value:.7g}" for value in row.measured[:3]),
            f"{row.exact:.9g}",
            str(row.measured.n),
            row.verdict,
        ]
        for row in rows
    ]
    return align([header, *body])


def cycles(tops: Sequence[float], bottoms: Sequence[float]) -> Estimate:
    """Ratio over independent cycles, without an interval where they are too few."""
    found = ratio_estimate(tops, bottoms, confidence=CONFIDENCE)
    return found if found.n >= LEAST_CYCLES else found._replace(low=-math.inf, high=math.inf)


def queue(endpoint: Endpoint, rate_per_s: float, replications: int) -> QueueMeasures:
    """Measure a queue under Poisson arrivals."""
    service = LlmService([endpoint], seed=SEED, keep_jobs=True)
    until_s = JOBS * replications / rate_per_s
    open_loop(service.clock, lambda: service.call(QUERY), rate_per_s=rate_per_s, until_s=until_s, seed=SEED)
    service.clock.run(until=1.1 * until_s)
    return measure(service.jobs["m"], confidence=CONFIDENCE)


def plain_queues(replications: int) -> Iterable[Row]:
    """M/M/1, M/M/3, M/G/1."""
    one = queue(Endpoint(name="m", time=ONE), 0.8, replications)
    law = queues.mm1(arrival_per_s=0.8, service_per_s=1.0)
    yield Row("M/M/1, λ .8", "Wq (s)", one.wait_s, law.wait_s)
    yield Row("M/M/1, λ .8", "L", one.in_system, law.in_system)
    three = queue(Endpoint(name="m", workers=3, time=ONE), 2.4, replications)
    law = queues.mmc(arrival_per_s=2.4, service_per_s=1.0, servers=3)
    p_wait = queues.erlang_c(arrival_per_s=2.4, service_per_s=1.0, servers=3)
    yield Row("M/M/3, λ 2.4", "P(wait)", three.delayed, p_wait)
    yield Row("M/M/3, λ 2.4", "Wq (s)", three.wait_s, law.wait_s)
    general = queue(Endpoint(name="m", time=Lognormal(median_s=1.5, log_sd=0.5)), 0.4, replications)
    mean_s, second_s2 = queues.lognormal_moments(log_mean=math.log(1.5), log_sd=0.5)
    law = queues.mg1(arrival_per_s=0.4, service_mean_s=mean_s, service_second_moment_s2=second_s2)
    yield Row("M/G/1 lognormal, λ .4", "Wq (s)", general.wait_s, law.wait_s)


def queues_with_breakdowns(replications: int) -> Iterable[Row]:
    """Servers that fail, busy or idle."""
    one = queue(Endpoint(name="m", time=ONE, breakdowns=BREAKDOWNS), 0.5, replications)
    rates = {"service_per_s": 1.0, "failure_per_s": 0.01, "repair_per_s": 0.1}
    law = queues.mm1_breakdowns(arrival_per_s=0.5, **rates)
    case = "M/M/1 breakdowns, λ .5"
    up = lives(1, 100.0, 10.0, 1, replications)
    yield Row(case, "A", up.availability, laws.availability(mtbf_s=100.0, mttr_s=10.0))
    yield Row(case, "L", one.in_system, law.in_system)
    yield Row(case, "W (s)", one.response_s, law.response_s)
    three = queue(Endpoint(name="m", workers=3, time=ONE, breakdowns=BREAKDOWNS), 2.0, replications)
    law = queues.mmc_breakdowns(arrival_per_s=2.0, servers=3, **rates)
    yield Row("M/M/3 breakdowns, λ 2", "L", three.in_system, law.in_system)
    yield Row("M/M/3 breakdowns, λ 2", "Wq (s)", three.wait_s, law.wait_s)


def one_by_one(
    service: LlmService, handler: Handler, *, rate_per_s: float, calls: int, stream: str
) -> list[CallRecord]:
    """Poisson calls, each after the last one has ended."""
    driver, seen = service.driver(), list[CallRecord]()
    gaps_s = Randomness(SEED).generator(f"closed_forms.{stream}").exponential(1.0 / rate_per_s, calls).tolist()

    def caller() -> Generator[Any, Any, None]:
        for gap_s in gaps_s:
            yield service.clock.timeout(gap_s)
            start_s = service.clock.now
            result = yield from driver.run(handler(QUERY))
            seen.append(CallRecord(start_s=start_s, end_s=service.clock.now, result=result))

    service.clock.process(caller())
    service.clock.run()
    return seen


def failing(**p_error: float) -> LlmService:
    """Endpoints that answer at once, or fail at once with a probability."""
    return LlmService([Endpoint(name=name, time=INSTANT, p_error=p) for name, p in p_error.items()], seed=SEED)


def success(seen: Sequence[CallRecord]) -> Estimate:
    """Share of calls that were answered."""
    return share_estimate(sum(call.answered for call in seen), len(seen), confidence=CONFIDENCE)


def mean(values: Sequence[float]) -> Estimate:
    """Mean of independent values."""
    return mean_estimate(values, confidence=CONFIDENCE)


def retries(replications: int) -> Iterable[Row]:
    """Retry and fallback."""
    for p, attempts in ((0.2, 3), (0.3, 5)):
        handler = retrying(Retry(attempts=attempts, first_delay_s=1.0, budget=None), call)
        law = laws.retry_law(p_failure=p, attempts=attempts, first_delay_s=1.0)
        seen = one_by_one(failing(m=p), handler, rate_per_s=1.0, calls=CALLS * replications, stream=f"retry.{attempts}")
        case = f"retry, p {p:g}, {attempts} attempts"
        yield Row(case, "success", success(seen), law.success)
        yield Row(case, "attempts", mean([float(each.result.attempts) for each in seen]), law.attempts)
        yield Row(case, "wait (s)", mean([each.latency_s for each in seen]), law.wait_s)
    law = laws.levels_law([(0.3, 3), (0.1, 3)])
    retry = retrying(Retry(attempts=3, first_delay_s=0.01, budget=None), call)
    handler = descending([Step(name=model, model=model, handler=retry) for model in ("big", "small")])
    seen = one_by_one(failing(big=0.3, small=0.1), handler, rate_per_s=1.0, calls=CALLS * replications, stream="levels")
    yield Row("two levels, .3³ · .1³", "success", success(seen), law.success)
    yield Row("two levels, .3³ · .1³", "attempts", mean([float(each.result.attempts) for each in seen]), law.attempts)


def breaker(replications: int) -> Iterable[Row]:
    """The breaker: a cycle begins with the call after the probe that closed it."""
    law = laws.breaker_law(p_failure=0.5, failures=5, open_s=60.0, calls_per_s=1.0)
    handler = breaking(CircuitBreaker(Breaker(failures=5, open_s=60.0)), call)
    seen = one_by_one(failing(m=0.5), handler, rate_per_s=1.0, calls=3 * CALLS * replications, stream="breaker")
    refused = [_refused(each.result) for each in seen]
    starts = [k for k in range(2, len(seen)) if refused[k - 2] and not refused[k - 1] and seen[k - 1].answered]
    spans = list(pairwise(starts))
    until_open = [float(refused.index(True, begin) - begin) for begin, _ in spans]
    case = "breaker, p .5, K 5, R 60 s"
    yield Row(case, "calls to open", cycles(until_open, [1.0] * len(spans)), law.calls_before_opening)
    rejected = cycles([float(sum(refused[i:j])) for i, j in spans], [float(j - i) for i, j in spans])
    yield Row(case, "rejected", rejected, law.rejected)


def _refused(result: Result) -> bool:
    return isinstance(result, Failure) and result.kind is FailureKind.BREAKER_OPEN


def limiter_and_cache(replications: int) -> Iterable[Row]:
    """The token bucket is a queue with constant service; the cache's cycles end with each miss."""
    limited = pacing(TokenBucket(RateLimit(rate_per_s=10.0, max_wait_s=math.inf)), call)
    service, until_s = failing(m=0.0), JOBS * replications / 9.0
    driver = service.driver()
    seen = open_loop(service.clock, lambda: driver.run(limited(QUERY)), rate_per_s=9.0, until_s=until_s, seed=SEED)
    service.clock.run()
    waits_s = [each.latency_s for each in seen]
    spans = list(pairwise(k for k, wait_s in enumerate(waits_s) if wait_s < 1e-6))
    sums = [math.fsum(waits_s[i:j]) for i, j in spans]
    exact_s = queues.md1(arrival_per_s=9.0, service_per_s=10.0).wait_s
    yield Row("M/D/1 limiter, 10/s, λ 9", "Wq (s)", cycles(sums, [float(j - i) for i, j in spans]), exact_s)

    rate_per_s, ttl_s = 1.0 / 600.0, 3600.0
    handler = caching(Caching(ttl_s=ttl_s), DictCache(), descending([Step(name="primary", handler=call)]))
    seen = one_by_one(failing(m=0.0), handler, rate_per_s=rate_per_s, calls=CALLS * replications, stream="cache")
    hits = [isinstance(each.result, Answer) and each.result.provenance.source is Source.CACHE for each in seen]
    spans = list(pairwise(k for k, hit in enumerate(hits) if not hit))
    shares = cycles([float(j - i - 1) for i, j in spans], [float(j - i) for i, j in spans])
    yield Row(
        "TTL cache, 1/600 s, 3600 s", "hit ratio", shares, laws.ttl_hit_ratio(calls_per_s=rate_per_s, ttl_s=ttl_s)
    )


class Lives(NamedTuple):
    """Availability, and mean stretch up, of a set of nodes."""

    availability: Estimate
    up_s: Estimate


def lives(n: int, mtbf_s: float, mttr_s: float, k: int, replications: int) -> Lives:
    """Measure k of n, in cycles that begin when the system comes up."""
    end_s = NODE_FAILURES * replications * (mtbf_s + mttr_s)
    nodes = Lifecycles(
        n=n, up=Lifetime(mean_s=mtbf_s), repair=DrawnRepair(down=Lifetime(mean_s=mttr_s)), seed=SEED, k=k
    )
    record: NodeRecord = nodes.run(end_s).system
    ups, downs = record.ups_s[1:], record.downs_s[1:]
    wholes = [up + down for up, down in zip(ups, downs, strict=False)]
    return Lives(cycles(ups[: len(wholes)], wholes), cycles(ups, [1.0] * len(ups)))


def nodes_up(replications: int) -> Iterable[Row]:
    """Repairable nodes."""
    record = Lifecycles(n=10, up=Lifetime(mean_s=99.0), repair=DrawnRepair(down=Lifetime(mean_s=1.0)), seed=SEED).run(
        100.0 * NODE_FAILURES * replications / 10
    )
    single = reliability(record.nodes, end_s=record.end_s, confidence=CONFIDENCE)
    yield Row("MTBF 99, MTTR 1", "A", single.availability, laws.availability(mtbf_s=99.0, mttr_s=1.0))
    for k, n in ((3, 4), (5, 7), (7, 10)):
        found = lives(n, 99.0, 1.0, k, replications)
        yield Row(f"{k} of {n} at .99", "A", found.availability, laws.k_of_n(k=k, n=n, p_up=0.99))
    found = lives(4, 500.0, 5.0, 3, replications)
    p_up = laws.availability(mtbf_s=500.0, mttr_s=5.0)
    yield Row("3 of 4, MTBF 500, MTTR 5", "A", found.availability, laws.k_of_n(k=3, n=4, p_up=p_up))
    exact_s = laws.mean_up_time_s(k=3, n=4, mtbf_s=500.0, mttr_s=5.0)
    yield Row("3 of 4, MTBF 500, MTTR 5", "mean up time (s)", found.up_s, exact_s)


def detectors_and_windows(replications: int) -> Iterable[Row]:
    """φ accrual on normal beats, in blocks of five windows; windows of calls without a call in common."""
    window, threshold = 100, 3.0
    source = Randomness(SEED).generator("closed_forms.beats")
    detector = PhiAccrual(threshold=threshold, window=window, minimum=window).detector()
    at_s, blocks = 0.0, []
    for block in range(-1, 40 * replications):
        late = 0
        for interval_s in source.normal(1.0, 0.1, 5 * window).tolist():
            at_s += interval_s
            late += at_s > detector.suspects_from_s
            detector.beat(at_s)
        if block >= 0:  # the first block fills the window
            blocks.append(late / (5 * window))
    exact = laws.phi_false_alarm(window=window, threshold=threshold)
    yield Row("φ accrual, W 100, Φ 3", "false alarms per beat", mean(blocks), exact)

    errors: list[list[float]] = (
        (Randomness(SEED).generator("closed_forms.windows").random((500 * replications, 100)) < 0.05)
        .astype(np.float64)
        .tolist()
    )
    for limit in (0.10, 0.05):
        threshold_ = Threshold(above=limit, clear_at=0.0)
        exceeded = 0
        for values in errors:
            held = Window()
            for value in values:
                held.add(value)
            exceeded += threshold_.crossed(held.mean, before=False)
        share = share_estimate(exceeded, len(errors), confidence=CONFIDENCE)
        exact = laws.window_exceeds(window=100, p_error=0.05, threshold=limit)
        yield Row("window 100, error 5 %", f"P(> {limit:.0%})", share, exact)


CASES: tuple[Callable[[int], Iterable[Row]], ...] = (
    plain_queues,
    queues_with_breakdowns,
    limiter_and_cache,
    retries,
    breaker,
    nodes_up,
    detectors_and_windows,
)

if __name__ == "__main__":
    main()
