"""Do the engines give the same result, replication by replication? Random scenarios drawn from all supported fields.

Delays, timeouts, patience, judges, stakes and quorums are of every size, also equal to each other, and beyond what is
sensible. Each scenario is run by both engines in a few replications; what the vectorised engine hands back is counted
and not compared. Prints the totals and the first differences; ends with 1 if there is any.

    python benchmarks/equality.py                    # 2,000 scenarios from number 0
    python benchmarks/equality.py 40000 5000         # 5,000 scenarios from number 40,000
    python benchmarks/equality.py 40000 5000 300     # the same, or as many as fit into 300 CPU-seconds
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, isnan
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import bft
from bft.errors import BftError
from bft.record.outcome import Outcome
from bft.vectorised import NEEDS_EVENTS, VectorisedSimulator, supported
from bft.voting import Plurality, Weighted

REPLICATIONS = 4
STARTS = (0, 30, 254, 3000)  # in the middle of a block of draws, across its end, and later
SHOWN = 5
MODELS = tuple(f"model-{number}" for number in range(8))
ANSWERS = ("A", "(A)", "((A))", "B", "C.", "10", "10.0", "9", "(9,000)", "")
LIES = ("crash", "withhold", "silent_primary", "lie", "collude")
OF_BALLOTS = ("crash", "withhold", "lie", "collude", "inject", "slow", "equivocate")
BALLOTS = 0.45  # of the scenarios


@dataclass
class Totals:
    """What a campaign has seen.

    Attributes
    ----------
    scenarios, compared, handed_back, stalled : int
        How many scenarios, and replications of them. Stalled runs take longest and differ least, so that a campaign
        compares only the first such of a scenario; `stalled` counts the others.
    outcomes, views : Counter
        Of the replications that were compared.
    differences : list of str
        One sentence each, with the scenario.
    """

    scenarios: int = 0
    compared: int = 0
    handed_back: int = 0
    stalled: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    views: Counter[int] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def campaign(
    folder: Path, first: int, scenarios: int, *, replications: int = REPLICATIONS, cpu_s: float = float("inf")
) -> Totals:
    """Compare the engines on scenarios `first`, `first + 1`, …; stop early when the CPU time is used up."""
    table, totals, until_s = write_table(folder / "answers.csv"), Totals(), process_time() + cpu_s
    for number in range(first, first + scenarios):
        if process_time() > until_s:
            break
        scenario, timing, start = random_scenario(Random(f"equality {number}"), table)
        totals.scenarios += 1
        chosen = range(start, start + replications)
        compare(scenario, number, chosen, timing=timing, totals=totals, most_stalled=1)
    return totals


def compare(
    scenario: bft.Scenario, seed: int, replications: range, *, timing: bool, totals: Totals, most_stalled: float = inf
) -> None:
    """Run a scenario in both engines, with so many stalled runs at most, and note what differs."""
    batch = VectorisedSimulator(scenario, seed, timing=timing).run(replications)
    events, stalled = bft.Simulator(scenario, seed), 0
    for place, replication in enumerate(replications):
        if batch.code[place] == NEEDS_EVENTS:
            totals.handed_back += 1
            continue
        if batch.outcome(place) is Outcome.STALLED:
            stalled += 1
            if stalled > most_stalled:
                totals.stalled += 1
                continue
        run = events.run(replication)
        totals.compared += 1
        totals.outcomes[run.outcome.value] += 1
        totals.views[run.metrics.views] += 1
        pairs: dict[str, tuple[Any, Any]] = {"outcome": (batch.outcome(place), run.outcome)}
        if timing:
            for name in ("decided_at_s", "first_decided_at_s", "last_decided_at_s"):
                time_s = float(getattr(batch, name)[place])
                pairs[name] = (None if isnan(time_s) else time_s, getattr(run.metrics, name))
        if batch.views[place]:
            pairs["views"] = (int(batch.views[place]), run.metrics.views)
        if batch.messages_sent[place] >= 0:
            pairs["messages_sent"] = (int(batch.messages_sent[place]), run.metrics.messages_sent)
        unequal = [f"{name} {ours} against {theirs}" for name, (ours, theirs) in pairs.items() if ours != theirs]
        if unequal:
            what = "; ".join(unequal)
            totals.differences.append(f"scenario {seed}, replication {replication}: {what}\n{scenario.to_toml()}")


def random_scenario(random: Random, table: Path) -> tuple[bft.Scenario, bool, int]:
    """Return a scenario that the vectorised engine supports, whether with timing, and where to start."""
    while True:
        timing = random.random() < 0.75
        try:
            fields = (ballot if random.random() < BALLOTS else described)(random, table, timing)
            scenario = bft.Scenario(**fields)
        except BftError:  # fields that are each right need not fit together
            continue
        if supported(scenario, timing=timing) is None:
            return scenario, timing, random.choice(STARTS)


def described(random: Random, table: Path, timing: bool) -> dict[str, Any]:
    """Return the fields of a scenario that may be supported."""
    n = random.choice((1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 6, 7, 8, 10))
    timeout_s = random.choice((10.0, 10.0, 5.0, 1.0, 0.3, 60.0))
    fields: dict[str, Any] = {
        "n": n,
        "faults": faults(random, n, timing),
        "validators": validators(random, n, table),
        "network": {"delay": delay(random, timeout_s, timing)},
    }
    fields |= dict(_weights(random, n))
    fields |= dict(_times(random, timeout_s))
    fields["pbft"] = {"view_timeout_s": timeout_s, **dict(_own(random, timeout_s))}
    if timing and random.random() < 0.12:
        fields |= {"views": 1, "retransmission": False}
        fields["network"]["loss"] = random.choice((0.01, 0.1, 0.5, 1.0))
    if random.random() < 0.1:
        fields["requests"] = {"count": 1, "rate_per_s": 2.0}
    return fields


def ballot(random: Random, table: Path, timing: bool) -> dict[str, Any]:
    """Return the fields of a ballot that may be supported."""
    n = random.choice((1, 2, 3, 3, 4, 4, 4, 5, 5, 6, 7, 7, 8, 10))
    timeout_s = random.choice((10.0, 10.0, 5.0, 1.0, 0.3))
    fields: dict[str, Any] = {
        "protocol": "ballot",
        "n": n,
        "faults": voters(random, n, timeout_s, timing),
        "validators": validators(random, n, table),
        "network": {"delay": delay(random, timeout_s, timing)},
        "ballot": {"deadline_s": timeout_s},
    }
    fields |= dict(_weights(random, n))
    if random.random() < 0.35:
        fields["retransmission"] = False
    elif random.random() < 0.6:
        fields["retransmit_s"] = timeout_s * random.choice((0.05, 0.2, 0.5, 0.9, 1.0, 1.5, 3.0))
    if timing and random.random() < 0.15:
        fields |= {"retransmission": False}
        fields["network"]["loss"] = random.choice((0.01, 0.1, 0.5, 1.0))
    if random.random() < 0.1:
        fields["horizon_s"] = timeout_s * random.choice((0.0, 0.03, 0.6, 1.1, 2.5))
    asked = fields["validators"]
    if asked["kind"] != "perfect" and timing and random.random() < 0.2:
        after_s = timeout_s * random.choice((0.001, 0.03, 0.3, 0.9, 2.0))
        asked["timeouts"] = {"share": chances(random, n, 0.0, 0.1, 0.5), "after_s": after_s}
    if asked["kind"] != "perfect" and timing and random.random() < 0.25:
        asked["latency"] = {
            "first_token_median_s": chances(random, n, 0.0, *(timeout_s * share for share in (0.001, 0.03, 0.2, 0.7))),
            "first_token_log_sd": random.choice((0.0, 0.3, 1.2)),
            "tokens_median": random.choice((0.0, 5.0, 20.0)),
            "tokens_per_s": 500.0 / timeout_s,
            "slow_share": random.choice((0.0, 0.3)),
        }
    return fields | dict(_rule(random, n, fields))


def _rule(random: Random, n: int, fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield a rule, and what it asks of the other fields."""
    kind = random.choice(("quorum", "plurality", "stake", "log_odds", "confidence", "judge", "judge", "own", None))
    if kind is None:
        return
    if kind == "own":
        weights = tuple(random.choice((0, 1, 1, 2, 5)) for _ in range(n))
        ties = random.choice(("undecided", "lowest_voter"))
        own = (Weighted(weights=weights, need=random.randint(1, 2 * n), ties=ties), Plurality(ties=ties))
        yield "rule", random.choice(own)
        return
    rule: dict[str, Any] = {"kind": kind}
    asked = fields["validators"]
    if kind not in ("quorum", "judge") and random.random() < 0.5:
        rule["ties"] = "lowest_voter"
    if kind == "stake" and "stakes" not in fields:
        yield "stakes", tuple(random.choice((1, 1, 2, 3, 0.5)) for _ in range(n))
    if kind == "confidence" and asked["kind"] != "perfect":
        asked["confidence"] = {
            "spread": chances(random, n, 0.5, 4.0, 50.0),
            "bias": random.choice((0.0, 0.7)),
            "stretch": random.choice((1.0, 3.0)),
        }
    if kind == "log_odds":
        rule["options"] = random.choice((1, 9))
        if random.random() < 0.4:
            rule["accuracy"] = chances(random, n, 0.2, 0.5, 0.8, 0.95)
        elif asked["kind"] == "recorded":
            asked["kept_for_learning"] = 0.3
        else:
            rule["questions"] = random.choice((3, 50))
    yield "rule", rule


def voters(random: Random, n: int, timeout_s: float, timing: bool) -> dict[str, Any]:
    """Return who is faulty in a ballot, and how."""
    late = [{"kind": "crash", "at_s": timeout_s * share} for share in (0.01, 0.3, 1.5)]
    late += [{"kind": "slow", "delay_s": timeout_s * share} for share in (0.01, 0.3, 1.2)]
    late += [{"kind": kind, "confidence": 0.4} for kind in ("lie", "collude")]
    named: list[Any] = [each for each in OF_BALLOTS if timing or each != "equivocate"] + late
    if not timing:
        named.remove("slow")  # by default half a minute
    found = faults(random, n, timing)
    found.pop("shares", None)
    found["behaviour"] = random.choice(named)
    if random.random() < 0.2:
        found["behaviour"] = random.sample(named, random.randint(2, 3))
        if random.random() < 0.5:
            found["shares"] = tuple(random.choice((0.5, 1.0, 3.0)) for _ in found["behaviour"])
    return found


def _weights(random: Random, n: int) -> Iterator[tuple[str, Any]]:
    """Yield stakes, tolerated faults and quorum, where they are not the usual ones."""
    kind = random.random()
    if kind < 0.2:
        yield "stakes", [random.choice((1, 1, 2, 3, 5, 9, 40)) for _ in range(n)]
    elif kind < 0.4:
        yield "quorum", random.randint(1, n) if random.random() < 0.3 else random.randint(n // 2, n - n // 4) or 1
    if random.random() < 0.25:
        yield "f", random.randint(0, n - 1)


def _times(random: Random, timeout_s: float) -> Iterator[tuple[str, Any]]:
    """Yield views, retransmission and the horizon."""
    if random.random() < 0.35:
        yield "retransmission", False
    elif random.random() < 0.5:
        yield "retransmit_s", timeout_s * random.choice((0.01, 0.05, 0.2, 0.5, 0.9, 1.0, 1.5, 3.0))
    if random.random() < 0.4:
        yield "views", random.choice((1, 2, 3, n_or_more(random), "unlimited"))
    if random.random() < 0.15:
        yield "horizon_s", timeout_s * random.choice((0.0, 0.03, 0.6, 1.1, 2.5, 8.0))


def _own(random: Random, timeout_s: float) -> Iterator[tuple[str, Any]]:
    """Yield PBFT's own timers, checkpoints and window."""
    if random.random() < 0.4:
        yield "timeout_growth", random.choice((1.0, 1.1, 1.5, 3.0, 10.0))
    if random.random() < 0.4:
        yield "timeout_cap_s", timeout_s * random.choice((0.3, 0.54, 1.0, 1.2, 4.0))
    if random.random() < 0.1:
        yield "checkpoint_interval", 1
        yield "window", random.choice((2, 8))


def n_or_more(random: Random) -> int:
    """Return more views than most systems have nodes."""
    return random.choice((4, 5, 9, 20))


def delay(random: Random, timeout_s: float, timing: bool) -> dict[str, Any]:
    """Return a law of delays: mostly far below the timeout, else near it or beyond."""
    scales = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if timing else (0.001, 0.02, 0.1, 0.3)
    scale_s = timeout_s * random.choice(scales)
    match random.choice(("lognormal", "lognormal", "constant", "uniform", "normal", "exponential", "exponential")):
        case "lognormal":
            return {"law": "lognormal", "median_s": scale_s, "log_sd": random.choice((0.0, 0.1, 0.5, 0.9, 1.5, 3.0))}
        case "constant":
            return {"law": "constant", "delay_s": random.choice((scale_s, scale_s, timeout_s / 3, 0.0))}
        case "uniform":
            low_s = scale_s * random.choice((0.0, 0.1, 0.5, 1.0))
            return {"law": "uniform", "low_s": low_s, "high_s": low_s + scale_s * random.choice((0.0, 0.5, 1.0))}
        case "normal":
            mean_s, sd_s = random.choice((scale_s, 0.0)), scale_s * 2 ** random.uniform(-4, 2)
            return {"law": "normal", "mean_s": mean_s, "sd_s": sd_s}
        case _:
            return {"law": "exponential", "mean_s": scale_s}


def chances(random: Random, n: int, *values: float) -> Any:
    """Return one probability for all, or one for each."""
    return random.choice(values) if random.random() < 0.7 else tuple(random.choice(values) for _ in range(n))


def faults(random: Random, n: int, timing: bool) -> dict[str, Any]:
    """Return who is faulty, and how."""
    named: list[Any] = [*LIES, {"kind": "crash", "at_s": 0.0}]
    if not timing:
        named += ["equivocate", "equivocate", {"kind": "equivocate", "rush": True}]
    found: dict[str, Any] = {"behaviour": random.choice(named)}
    if random.random() < 0.15:
        found["behaviour"] = random.sample(LIES, random.randint(2, 4))
        if random.random() < 0.5:
            found["shares"] = tuple(random.choice((0.5, 1.0, 3.0)) for _ in found["behaviour"])
    kind = random.random()
    if kind < 0.15:
        return found | {"nodes": random.sample(range(n), random.randint(0, n))}
    if kind < 0.3:
        return found | {"draw": "fraction", "delta": random.choice((0.0, 0.25, 0.25, 0.34, 0.6, 1.0))}
    return found | {"delta": chances(random, n, 0.0, 0.05, 0.1, 0.2, 0.2, 0.3, 0.6, 0.95)}


def judges(random: Random, n: int) -> dict[str, Any]:
    """Return how answers are checked."""
    if random.random() < 0.5:
        return {"kind": "same_answer", "flip": random.choice((0.0, 0.0, 0.0, 0.3))}
    check: dict[str, Any] = {"kind": "judge"}
    for name in ("accept_given_right", "accept_given_wrong"):
        if random.random() < 0.7:
            check[name] = chances(random, n, 0.0, 0.45, 0.7, 0.9, 0.9, 1.0)
        for own in ("own_right", "own_wrong"):
            if random.random() < 0.2:
                check[f"{name}_{own}"] = chances(random, n, 0.0, 0.3, 0.8, 1.0)
    check["unsure"] = random.choice((0.0, 0.0, 0.0, 0.1, 0.5))
    kind = random.random()
    if kind < 0.15:
        check["flip"] = 0.4
    elif kind < 0.3:
        check["redraw"] = True
    elif kind < 0.5:
        check["correlation"] = (0.05, 0.5, 1.0)[int(15.0 * kind) % 3]
    return check


def validators(random: Random, n: int, table: Path) -> dict[str, Any]:
    """Return perfect validators, or some that err."""
    kind = random.choice(("perfect", "statistical", "statistical", "recorded"))
    if kind == "perfect" or (kind == "recorded" and n > len(MODELS)):
        return {"kind": "perfect"}
    found: dict[str, Any] = {"kind": kind, "check": judges(random, n)}
    if random.random() < 0.1:
        found["confidence"] = {"spread": 2.0, "bias": 0.5}
    if random.random() < 0.1:
        found["injection"] = {"accept": chances(random, n, 0.0, 0.5, 1.0)}
    if kind == "recorded":
        found |= {"file": str(table), "models": random.sample(MODELS, n)}
        found["compare"] = random.choice(("canonical", "canonical", "letters", "numbers", "as_written"))
        found["drop_conflicts"] = random.random() < 0.2
        if random.random() < 0.2:
            found["kept_for_learning"] = 0.3
        return found
    if random.random() < 0.1:
        found["preset"] = "mmlu_pro_strong7"
    if random.random() < 0.9:
        found["accuracy"] = chances(random, n, 0.0, 0.3, 0.6, 0.8, 0.9, 0.9, 1.0)
    if random.random() < 0.5:
        found["options"] = random.choice((1, 2, 3, 12))
    if random.random() < 0.6:
        alike = {"tau": random.choice((0.0, 0.3)), "k_alpha": random.choice((0.5, 2.0))}
        found["errors"] = random.choice(
            (
                {"kind": "independent"},
                {"kind": "beta_binomial", "correlation": random.choice((0.0, 0.3, 0.9)), **alike},
                {
                    "kind": "correlated",
                    "r": random.choice((0.0, 0.5, 1.0)),
                    "flawed": random.choice((0.0, 0.1)),
                    **alike,
                },
            )
        )
    if random.random() < 0.3:
        found |= {"missing": chances(random, n, 0.0, 0.05, 0.2), "missing_correlation": random.choice((0.0, 0.5))}
    if random.random() < 0.15:
        found["clones"] = {
            "models": tuple(random.choice("abc") for _ in range(n)),
            "correlation": random.choice((0.92, 1.0)),
            "same_wrong": random.choice((0.0, 0.8, 1.0)),
        }
    return found


def write_table(file: Path) -> Path:
    """Write a small table of recorded answers, some missing, some the same in other words, some equally popular."""
    random = Random(5)
    lines = ["question_id,gold,model,answer"]
    for question in range(60):
        gold = random.choice(ANSWERS[:-1])
        for model in MODELS:
            answer = gold if random.random() < 0.7 else random.choice(ANSWERS)
            lines.append(f'q{question},"{gold}",{model},"{answer}"')
    file.write_text("\n".join(lines) + "\n")
    return file


def main() -> None:
    """Run a part of the campaign."""
    given = [int(text) for text in sys.argv[1:]]
    first, scenarios, cpu_s = given[0] if given else 0, given[1] if given[1:] else 2000, given[2] if given[2:] else None
    with tempfile.TemporaryDirectory() as folder:
        started_s = process_time()
        totals = campaign(Path(folder), first, scenarios, cpu_s=float("inf") if cpu_s is None else float(cpu_s))
    print(f"scenarios {first} to {first + totals.scenarios - 1}: {process_time() - started_s:.0f} CPU-seconds")
    print(f"replications compared {totals.compared}, handed back {totals.handed_back}, also stalled {totals.stalled}")
    print("outcomes", dict(totals.outcomes.most_common()), "views", dict(sorted(totals.views.items())[:12]))
    print(f"{len(totals.differences)} differences")
    for difference in totals.differences[:SHOWN]:
        print(difference)
    sys.exit(1 if totals.differences else 0)


if __name__ == "__main__":
    main()
