"""Scenarios side by side on common random numbers: how they end, how precise what they agree on is, what they cost.

Replication r of every scenario uses the same seed, so that they meet the same questions, answers, faults and latencies
wherever they draw the same things. Sweeps count outcomes over many values of a field; here few scenarios that may
differ in anything are measured in all respects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bft.errors import SweepError, bad_value
from bft.experiments.intervals import LEVEL, Estimate, estimate
from bft.experiments.laws import law_of
from bft.experiments.results import exact_share
from bft.experiments.shares import SHARES
from bft.experiments.tables import align
from bft.operations.intervals import mean_estimate
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.simulation.run import Run
from bft.simulation.simulate import Simulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the runs of one scenario came to."""

    label: str
    """What the scenario is called."""
    scenario: Scenario
    """What was run."""
    runs: int
    """How often."""
    shares: Mapping[str, Estimate]
    """Probability of each outcome, by its name in `bft.experiments.shares.SHARES`."""
    exact: Mapping[str, float]
    """The same by the exact law, where one exists."""
    precision: Estimate
    """P(right | agreed), among runs that agreed; its value is nan where none did."""
    calls: Estimate
    saved: Estimate
    messages: Estimate
    latency_s: Estimate
    """Means: calls to validators in a run, share of a run's calls that was unanswered when it mattered no more, copies
    of messages sent until nothing could change any more, and seconds until the decision in those runs that came to
    one."""
    faults: Mapping[str, int]
    """What the faulty nodes did, added up over all runs."""
    level: float
    """Level of the intervals."""


def compare(
    scenarios: Mapping[str, Scenario], *, replications: int = 400, seed: int = 0, level: float = LEVEL
) -> tuple[Compared, ...]:
    """Run scenarios side by side.

    Parameters
    ----------
    scenarios : mapping of str to Scenario
        What to compare, by what to call it.
    replications : int
        Runs of each, 1 or more.
    seed : int
        Shared by all.
    level : float
        Confidence level of the intervals.
    """
    if replications < 1:
        raise SweepError(bad_value("replications", replications, "must be at least 1"))
    found = []
    for label, scenario in scenarios.items():
        simulator = Simulator(scenario, seed)
        runs = [_measures(simulator.run(replication)) for replication in range(replications)]
        found.append(_compared(label, scenario, runs, level))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Measures:
    """What is kept of a run."""

    outcome: Outcome
    calls: int
    saved: int
    messages: int
    decided_at_s: float | None
    faults: Mapping[str, int]


def _measures(run: Run) -> _Measures:
    done: Counter[str] = Counter()
    for told in run.faults.values():
        done.update({what: times for what, times in told.items() if what != "behaviour"})
    metrics = run.metrics
    calls, saved = metrics.calls, metrics.calls_saved
    return _Measures(run.outcome, calls, saved, metrics.messages_sent, metrics.decided_at_s, done)


def _compared(label: str, scenario: Scenario, runs: Sequence[_Measures], level: float) -> Compared:
    counts = Counter(run.outcome for run in runs)
    law = law_of(scenario)
    exact = {name: exact_share(law, [name]) for name in SHARES}
    right, wrong = counts[Outcome.AGREED_CORRECT], counts[Outcome.AGREED_WRONG]
    asked = [run for run in runs if run.calls]
    return Compared(
        label=label,
        scenario=scenario,
        runs=len(runs),
        shares={
            name: estimate(sum(counts[each] for each in outcomes), len(runs), level)
            for name, outcomes in SHARES.items()
        },
        exact={name: value for name, value in exact.items() if value is not None},
        precision=estimate(right, right + wrong, level),
        calls=_mean([run.calls for run in runs], level),
        saved=_mean([run.saved / run.calls for run in asked], level),
        messages=_mean([run.messages for run in runs], level),
        latency_s=_mean([run.decided_at_s for run in runs if run.decided_at_s is not None], level),
        faults=dict(sum((Counter(run.faults) for run in runs), Counter())),
        level=level,
    )


def _mean(values: Sequence[float], level: float) -> Estimate:
    found = mean_estimate(values, confidence=level)
    return Estimate(found.value, found.low, found.high)


SHOWN = ("agree", "correct", "wrong", "stalled", "split")
EXACT = ("correct", "wrong", "stalled")


def comparison_table(found: Sequence[Compared]) -> str:
    """Return an aligned table: shares and precision with their intervals, exact laws where there are, costs.

    What occurred in no run of any scenario, and by no law can, has no column, and is named below.
    """
    exact = [name for name in EXACT if any(each.exact.get(name) for each in found)]
    seen = [name for name in SHOWN if name in exact or any(each.shares[name].value for each in found)]
    saved = any(each.saved.value > 0 for each in found)
    header = ["", *seen, *(f"exact {name}" for name in exact), "precision", "calls"]
    header += [*(["saved"] if saved else []), "messages", "latency s"]
    lines = []
    for each in found:
        line = [each.label, *(_share(each.shares[name]) for name in seen)]
        line += [_number(each.exact.get(name)) for name in exact]
        line += [_share(each.precision), _spread(each.calls, 1), *([_share(each.saved)] if saved else [])]
        lines.append([*line, _spread(each.messages, 1), _spread(each.latency_s, 2)])
    widest = max(len(line[0]) for line in lines)
    table = align([[line[0].ljust(widest), *line[1:]] for line in [header, *lines]])
    never = [name for name in SHOWN if name not in seen]
    return f"{table}\nin no run: {', '.join(never)}" if never else table


def faults_seen(found: Sequence[Compared]) -> str:
    """Return what the faults of each scenario did, and name those that never fired."""
    lines = []
    for each in found:
        if not any(probability for probability in _delta(each.scenario)):
            continue
        done = ", ".join(f"{what}: {times}" for what, times in sorted(each.faults.items()))
        lines.append(f"{each.label}: {done or 'no fault ever fired'}")
        lines += [f"{each.label}: {what} NEVER HAPPENED" for what, times in sorted(each.faults.items()) if times == 0]
    return "\n".join(lines)


def _delta(scenario: Scenario) -> tuple[float, ...]:
    faults = scenario.faults
    if faults.nodes is not None:
        return (1.0,) * len(faults.nodes)
    return faults.delta if isinstance(faults.delta, tuple) else (faults.delta,)


def _share(value: Estimate) -> str:
    return "–" if value.value != value.value else f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"


def _spread(value: Estimate, digits: int) -> str:
    if value.value != value.value:
        return "–"
    return f"{value.value:.{digits}f} ± {(value.high - value.low) / 2:.{digits}f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
