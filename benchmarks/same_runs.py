"""Does another checkout run every scenario as this one does, bit for bit? Random scenarios of all protocols, in both.

Give the other checkout's folder, the partner (for instance one made with `git worktree add`): the commit before a
change that is to make runs faster and nothing else. A scenario is put together from up to two of the descriptions
that `tests/golden` records, which have every field between them, with a protocol, a number of nodes, faulty nodes and
requests drawn beside them. Each is run in both checkouts, a few replications, now and then with all invariants, a
journal or a summary in place of the trace. Compared are outcome, times, messages, calls, breaches and the trace's hash.

Prints the runs compared, by protocol, and the first differences; ends with 1 if there is any. What the partner cannot
read (fields that are new here) is counted and not compared.

    python benchmarks/same_runs.py ../partner
    python benchmarks/same_runs.py ../partner --first 40000 --scenarios 20000 --cpu-s 600
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from partner import HERE, Checkout

sys.path.insert(0, str(HERE))

import bft
from bft.errors import BftError
from tests.golden.scenarios import BEHAVIOURS, FAMILIES

REPLICATIONS = 3
AT_ONCE = 50
SHOWN = 5
PROTOCOLS = ("pbft", "pbft", "pbft", "tendermint", "hotstuff", "hotstuff-2", "hotstuff-chained", "ballot", "ballot")
PIECES = [
    each for family in FAMILIES.values() for each in family if not isinstance(each.get("rule"), bft.voting.Plurality)
]

CHILD = """
import json, sys
from time import process_time
sys.path.insert(0, sys.argv[1])
import bft
from bft.errors import BftError

def runs(scenario, seed, replications, how):
    try:
        simulator = bft.Simulator(bft.Scenario(**scenario), seed, **how)
    except BftError as error:
        return "refused: " + str(error)
    found = []
    for replication in replications:
        try:
            run = simulator.run(replication)
        except BftError as error:
            found.append([str(error)])
            continue
        metrics, operations = run.metrics, run.operations
        found.append(
            [run.outcome.value, metrics.decided_at_s, metrics.last_decided_at_s, metrics.views, metrics.messages_sent,
             metrics.messages_delivered, metrics.messages_lost, metrics.calls, metrics.calls_saved, len(run.breaches),
             str(run.requests), None if operations is None else json.dumps(operations.to_json()), run.trace_hash]
        )
    return found

for line in sys.stdin:
    started_s = process_time()
    told = [runs(*each) for each in json.loads(line)]
    print(json.dumps([process_time() - started_s, told]), flush=True)
"""


def drawn(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the scenario of a number, and how it is run."""
    random = Random(f"same runs {number}")
    while True:
        fields = described(random)
        how: dict[str, Any] = random.choice(({}, {}, {}, {}, {}, {}, {"journal": True}, {"keep": "summary"}))
        if random.random() < 0.05:
            how = {"check": "full"}
        try:
            bft.Simulator(bft.Scenario(**fields), 0, **how)
            json.dumps(fields)
        except (BftError, TypeError):  # fields that are each right need not fit together
            continue
        return fields, how


def described(random: Random) -> dict[str, Any]:
    """Return the fields of a scenario that may be possible."""
    fields: dict[str, Any] = {"n": random.choice((4, 4, 4, 5, 6, 7, 7, 8, 10))}
    for piece in random.sample(PIECES, random.choice((0, 0, 0, 1, 1, 2))):
        fields = merged(fields, piece)
    if "protocol" not in fields:
        fields["protocol"] = random.choice(PROTOCOLS)
        if fields["protocol"] == "hotstuff-chained":
            fields["hotstuff-chained"] = {"chain": random.choice((2, 3))}
    if "network" not in fields and random.random() < 0.4:
        fields["network"] = {
            "loss": random.choice((0.0, 0.02, 0.1, 0.3)),
            "duplication": random.choice((0.0, 0.0, 0.2)),
        }
    if "faults" not in fields and random.random() < 0.6:
        nodes = random.sample(range(fields["n"]), min(fields["n"], random.choice((1, 1, 1, 2, 3))))
        fields["faults"] = {"nodes": sorted(nodes), "behaviour": random.choice(BEHAVIOURS)}
    if "requests" not in fields and random.random() < 0.3:
        clients = random.choice((None, 1, 2))
        fields["requests"] = {"count": random.choice((2, 5, 20)), "rate_per_s": random.choice((0.2, 2.0, 20.0))}
        if clients is not None:
            fields["requests"]["clients"] = clients
    return fields


def merged(fields: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return both, tables put together."""
    found = dict(fields)
    for name, value in more.items():
        held = found.get(name)
        found[name] = merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return found


@dataclass
class Totals:
    """What a campaign has seen.

    Attributes
    ----------
    cpu_s : float
        Of both checkouts.
    unread : int
        Scenarios that the partner refuses.
    compared, outcomes : Counter
        Runs by protocol, and by outcome.
    differences : list of str
        One for each scenario whose runs differ.
    """

    cpu_s: float = 0.0
    unread: int = 0
    compared: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


class Runner(Protocol):
    """Runs scenarios, see `CHILD`; a process of a checkout does."""

    def run(self, asked: object) -> Any:
        """Return the CPU time, and of each scenario its runs, or why it was refused."""


def compare(numbers: range, here: Runner, there: Runner, totals: Totals, runs: int = REPLICATIONS) -> None:
    """Run so many replications of the scenarios of some numbers in both checkouts, and note what differs."""
    scenarios = [drawn(number) for number in numbers]
    replications = list(range(runs))
    asked = [(fields, number, replications, how) for number, (fields, how) in zip(numbers, scenarios, strict=True)]
    (our_s, ours), (their_s, theirs) = here.run(asked), there.run(asked)
    totals.cpu_s += our_s + their_s
    for number, (fields, how), mine, other in zip(numbers, scenarios, ours, theirs, strict=True):
        if isinstance(other, str):
            totals.unread += 1
            continue
        totals.compared[fields["protocol"]] += len(mine)
        totals.outcomes.update(run[0] for run in mine)
        if mine != other:
            told = f"scenario {number}, {how}: {json.dumps(fields)}\n  here  {mine}\n  there {other}"
            totals.differences.append(told)


def main() -> None:
    """Compare, and print what came of it."""
    parser = argparse.ArgumentParser(description="Compares runs with another checkout's, bit for bit.")
    parser.add_argument("partner", type=Path, help="folder of the other checkout")
    parser.add_argument("--first", type=int, default=0, help="number of the first scenario")
    parser.add_argument("--scenarios", type=int, default=1000)
    parser.add_argument(
        "--replications", type=int, default=REPLICATIONS, help="of each; from the fifth on PBFT remembers steps"
    )
    parser.add_argument(
        "--cpu-s", type=float, default=float("inf"), help="stop when both have used so many CPU-seconds"
    )
    arguments = parser.parse_args()
    partner = arguments.partner.resolve()
    if not (partner / "bft" / "simulation" / "simulate.py").is_file():
        parser.error(f"{partner} is no checkout: it has no bft/simulation/simulate.py")
    here, there, totals = Checkout(HERE, CHILD), Checkout(partner, CHILD), Totals()
    number, end = arguments.first, arguments.first + arguments.scenarios
    while number < end and totals.cpu_s < arguments.cpu_s:
        numbers = range(number, min(end, number + AT_ONCE))
        compare(numbers, here, there, totals, arguments.replications)
        number = numbers.stop
    here.close()
    there.close()
    outcomes = dict(totals.outcomes.most_common())
    print(
        f"scenarios {arguments.first} to {number - 1}: {totals.cpu_s:.0f} CPU-seconds, {totals.unread} not read there"
    )
    print(f"runs compared {totals.compared.total()}: {dict(totals.compared.most_common())}; outcomes {outcomes}")
    print(f"{len(totals.differences)} differences")
    for difference in totals.differences[:SHOWN]:
        print(difference)
    sys.exit(1 if totals.differences else 0)


if __name__ == "__main__":
    main()
