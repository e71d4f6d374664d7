"""After how many failures in a row should a circuit breaker open?

A low threshold refuses calls that would have been answered; a high one sends many calls into an endpoint that is down.
Breaker of 60 s, one probe, Poisson calls at 1/s that take no time.

Expected: with an ordinary error rate of 5 % the threshold 5 of the source documents opens once in 3.4 million calls and
refuses nothing to speak of, while 1 or 2 refuse 75 % or 13 % of all calls. When half of the calls fail, 5 refuses 65 %.
In a total outage what is wasted is the threshold itself, then one probe a minute: 5 costs five seconds.

Run time: about 7 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import Any

from bft.durations import Constant
from bft.experiments.tables import align
from bft.llm_service.service import LlmService
from bft.operations.intervals import Estimate, ratio_estimate
from bft.plotting.operations import Point
from bft.plotting.operations import breaker_thresholds as figure
from bft.plotting.style import save
from bft.randomness import Randomness
from bft.resilience.breaker import Breaker, CircuitBreaker, breaking
from bft.resilience.effects import call
from bft.resilience.endpoints import Endpoint
from bft.resilience.exchange import Failure, FailureKind, Query
from bft.theory.reliability import BreakerLaw, breaker_law

THRESHOLDS = (1, 2, 3, 5, 8)  # failures in a row
ERROR_RATES = (0.05, 0.2, 0.5)
OPEN_S = 60.0
CALLS_PER_S = 1.0
CALLS = 5_000  # of each cell, per replication
REPLICATIONS = 10
CONFIDENCE = 0.95
LEAST_CYCLES = 10  # below, a cell shows the law alone
SEED = 3
OUT = Path("out/breaker_thresholds")


def main(replications: int = REPLICATIONS, out: Path = OUT) -> dict[tuple[float, int], tuple[Estimate, BreakerLaw]]:
    """Run, print the table, write the figure; return the share refused and the law of each cell."""
    found = {}
    for p_error in ERROR_RATES:
        for threshold in THRESHOLDS:
            law = breaker_law(p_failure=p_error, failures=threshold, open_s=OPEN_S, calls_per_s=CALLS_PER_S)
            found[p_error, threshold] = (refused_share(p_error, threshold, CALLS * replications), law)
    print(table(found))
    out.mkdir(parents=True, exist_ok=True)
    series = {
        f"{p_error:.0%} of the calls fail": [_point(threshold, *found[p_error, threshold]) for threshold in THRESHOLDS]
        for p_error in ERROR_RATES
    }
    save(figure(series), out, "breaker_thresholds")
    return found


def refused_share(p_error: float, threshold: int, calls: int) -> Estimate:
    """Share of calls refused, over cycles from closing to closing."""
    service = LlmService([Endpoint(name="m", time=Constant(time_s=1e-9), p_error=p_error)], seed=SEED)
    handler = breaking(CircuitBreaker(Breaker(failures=threshold, open_s=OPEN_S)), call)
    driver, refused, answered = service.driver(), list[bool](), list[bool]()
    gaps_s = Randomness(SEED).generator("breaker_thresholds").exponential(1.0 / CALLS_PER_S, calls).tolist()

    def caller() -> Generator[Any, Any, None]:
        for gap_s in gaps_s:
            yield service.clock.timeout(gap_s)
            result = yield from driver.run(handler(Query(model="m", prompt="p")))
            refused.append(isinstance(result, Failure) and result.kind is FailureKind.BREAKER_OPEN)
            answered.append(not isinstance(result, Failure))

    service.clock.process(caller())
    service.clock.run()
    starts = [k for k in range(2, calls) if refused[k - 2] and not refused[k - 1] and answered[k - 1]]
    spans = list(pairwise(starts))
    return ratio_estimate(
        [float(sum(refused[i:j])) for i, j in spans], [float(j - i) for i, j in spans], confidence=CONFIDENCE
    )


def table(found: dict[tuple[float, int], tuple[Estimate, BreakerLaw]]) -> str:
    """Return the cells as a table: measured and exact share refused, exact calls before it opens."""
    header = ["error rate", "failures", "calls before it opens", "refused, exact", "refused, measured", "cycles"]
    body = []
    for (p_error, threshold), (refused, law) in found.items():
        known = refused.n >= LEAST_CYCLES
        measured = f"{refused.value:.4f} ({refused.low:.4f}–{refused.high:.4f})" if known else "too few cycles"
        body.append(
            [
                f"{p_error:g}",
                str(threshold),
                f"{law.calls_before_opening:.1f}",
                f"{law.rejected:.6f}",
                measured,
                str(refused.n),
            ]
        )
    return align([header, *body])


def _point(threshold: int, refused: Estimate, law: BreakerLaw) -> Point:
    if refused.n < LEAST_CYCLES:
        return Point(threshold, float("nan"), float("nan"), float("nan"), law.rejected)
    return Point(threshold, refused.value, max(0.0, refused.low), min(1.0, refused.high), law.rejected)


if __name__ == "__main__":
    main()
