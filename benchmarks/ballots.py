"""How many times faster does the vectorised engine run ballots than the event engine? Replications per CPU-second.

Every voting rule, with fallible validators that err together, a tenth of the nodes crashed or colluding. Both engines
take the same random streams; each row first compares some outcomes and times. The engines take turns on one core, so
that other work on the machine meets both, and the best of several turns counts.

    python benchmarks/ballots.py            # n = 7 and 15, about a minute
    python benchmarks/ballots.py 4 31
"""

from __future__ import annotations

import sys
from math import isnan
from time import process_time

import bft
from bft.vectorised import NEEDS_EVENTS, VectorisedSimulator

SIZES = (7, 15)
RULES = ("quorum", "plurality", "stake", "log_odds", "confidence", "judge")
BEHAVIOURS = ("crash", "collude")
TURNS = 4
COMPARED = 10
DELIVERIES = 6_000  # of a turn of the event engine
TIMED_PAIRS, UNTIMED_NODES = 1 << 19, 1 << 19  # of a turn of the vectorised engine


def scenario(n: int, rule: str, behaviour: str) -> bft.Scenario:
    """Return a ballot of n validators that err together."""
    errors = {"kind": "correlated", "r": 0.5, "tau": 0.3, "k_alpha": 4.7}
    validators = {"kind": "statistical", "accuracy": 0.7, "options": 9, "errors": errors}
    if rule == "confidence":
        validators["confidence"] = {}
    if rule == "judge":
        validators["check"] = {"kind": "judge"}
    return bft.Scenario(
        n=n,
        protocol="ballot",
        rule=rule,
        stakes=tuple(1 + node % 3 for node in range(n)) if rule == "stake" else None,
        validators=validators,
        faults={"delta": 0.1, "behaviour": behaviour},
    )


def measured(each: bft.Scenario) -> tuple[float, float, float]:
    """Return replications per CPU-second of the event engine, and of the vectorised one with times and without."""
    events = bft.Simulator(each, seed=1)
    timed, alone = VectorisedSimulator(each, seed=1), VectorisedSimulator(each, seed=1, timing=False)
    for replication in range(COMPARED):
        run, batch = events.run(replication), timed.run(range(replication, replication + 1))
        time_s = float(batch.decided_at_s[0])
        if batch.code[0] != NEEDS_EVENTS:
            assert batch.outcome(0) is run.outcome is alone.run(batch_range(replication)).outcome(0)
            assert (None if isnan(time_s) else time_s) == run.metrics.decided_at_s
    many, most = TIMED_PAIRS // each.n**2, UNTIMED_NODES // each.n
    alone.run(range(most))  # tables that are worth it for so many are made once
    timed.run(range(many))
    best_s = [float("inf")] * 3
    for turn in range(TURNS):
        runs = max(5, DELIVERIES // (2 * each.n**2))
        started_s = process_time()
        for replication in range(turn * runs, (turn + 1) * runs):
            events.run(replication)
        middle_s = process_time()
        timed.run(range(turn * many, (turn + 1) * many))
        later_s = process_time()
        alone.run(range(turn * most, (turn + 1) * most))
        spent_s = ((middle_s - started_s) / runs, (later_s - middle_s) / many, (process_time() - later_s) / most)
        best_s = [min(pair) for pair in zip(best_s, spent_s, strict=True)]
    return 1.0 / best_s[0], 1.0 / best_s[1], 1.0 / best_s[2]


def batch_range(replication: int) -> range:
    """Return the range of one replication."""
    return range(replication, replication + 1)


def main() -> None:
    """Print the table."""
    print("   n rule        behaviour    events   with times  times    outcomes  times")
    for n in tuple(int(text) for text in sys.argv[1:]) or SIZES:
        for rule in RULES:
            for behaviour in BEHAVIOURS:
                slow, timed, alone = measured(scenario(n, rule, behaviour))
                rates = f"{slow:>9,.0f} {timed:>12,.0f} {timed / slow:>6,.0f} {alone:>11,.0f} {alone / slow:>6,.0f}"
                print(f"{n:>4} {rule:<11} {behaviour:<9} {rates}", flush=True)


if __name__ == "__main__":
    main()
