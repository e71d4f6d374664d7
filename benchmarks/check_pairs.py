"""How fast is `bft check`, beside another checkout of it? CPU time per schedule of both, in pairs.

Give the other checkout's folder, the partner (for instance one made with `git worktree add`). Each of the two runs in a
process of its own, new for every row, with the same interpreter, and generates and judges schedules of the same seeds;
the two take turns, so that other work on the machine meets both, and who goes first changes with every turn. Generators
and monitors are those of each checkout: where the two differ, the same seed may stand for different schedules, and the
column "same" says whether both gave the replicas equally many inputs.

Per generator and number of nodes it prints schedules per CPU-second of both (the median of the turns), and the median,
the least and the greatest of the turns' ratios: how many times this checkout does what the partner does in one
CPU-second. "per input" is the median ratio of inputs given to replicas per CPU-second, for rows that are not the same.
The generator "campaign" stands for those of a campaign, each checkout's own, in turn. The last line is the median over
the rows.

Takes about a minute on an idle machine.

    python benchmarks/check_pairs.py ../partner
    python benchmarks/check_pairs.py ../partner --generators views healed --n 7 --turns 15
    python benchmarks/check_pairs.py ../partner --protocol tendermint --generators campaign
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import NamedTuple

from partner import in_turns

GENERATORS = ("random", "views", "twins", "knowledge", "healed")
SIZES = (4, 7)
CAMPAIGN = "campaign"
TURNS = 11
SCHEDULES = 120
"""Schedules in a turn, about a tenth of a second."""

CHILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
from bft.checking.campaign import search
from bft.checking.plan import Plan
for line in sys.stdin:
    asked = json.loads(line)
    named = {} if asked["generator"] == "campaign" else {"generators": (asked["generator"],)}
    plan = Plan(
        protocol=asked["protocol"],
        sizes=(asked["n"],),
        seed=asked["seed"],
        schedules=asked["schedules"],
        **named,
    )
    done = search(plan, stop_at_breach=False)
    print(json.dumps([done.cpu_s, done.steps, sum(row.breaches for row in done.rows)]), flush=True)
"""


class Turn(NamedTuple):
    """CPU time, inputs given to replicas and schedules with a breach, of one turn."""

    cpu_s: float
    steps: int
    breaches: int


class Pairs(NamedTuple):
    """What one row measured."""

    here: list[Turn]
    there: list[Turn]

    @property
    def ratios(self) -> list[float]:
        """How many times the partner's CPU time is this checkout's, turn by turn."""
        return [there.cpu_s / here.cpu_s for here, there in zip(self.here, self.there, strict=True)]

    @property
    def ratios_per_input(self) -> list[float]:
        """The same for one input given to a replica."""
        pairs = zip(self.here, self.there, strict=True)
        return [there.cpu_s / there.steps / (here.cpu_s / here.steps) for here, there in pairs]

    @property
    def same(self) -> bool:
        """Whether both gave the replicas equally many inputs and found equally many breaches."""
        return [turn[1:] for turn in self.here] == [turn[1:] for turn in self.there]


def measured(arguments: argparse.Namespace, generator: str, n: int) -> Pairs:
    """Let both run the same seeds in turns."""
    asked = {"protocol": arguments.protocol, "generator": generator, "n": n, "schedules": arguments.schedules}
    turns = in_turns(
        arguments.partner.resolve(),
        CHILD,
        turns=arguments.turns,
        ask=lambda turn: {**asked, "seed": arguments.seed + turn},
    )
    return Pairs(*([Turn(*each) for each in side] for side in turns))


def read_arguments() -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(description="Compares `bft check` with another checkout's.")
    parser.add_argument("partner", type=Path, help="folder of the other checkout")
    parser.add_argument("--protocol", default="pbft")
    parser.add_argument("--generators", nargs="+", default=(*GENERATORS, CAMPAIGN))
    parser.add_argument("--n", nargs="+", type=int, default=SIZES)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="schedules in a turn")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if not (arguments.partner / "bft" / "checking" / "campaign.py").is_file():
        parser.error(f"{arguments.partner} is no checkout: it has no bft/checking/campaign.py")
    return arguments


def main() -> None:
    """Print the table."""
    arguments = read_arguments()
    rows: list[float] = []
    print("generator    n   here /CPU-s  partner /CPU-s   ratio   least  greatest  per input  same")
    for n in arguments.n:
        for generator in arguments.generators:
            pairs = measured(arguments, generator, n)
            rates = [arguments.schedules / median(turn.cpu_s for turn in turns) for turns in pairs]
            ratios = pairs.ratios
            rows.append(median(ratios))
            print(
                f"{generator:<10} {n:>3} {rates[0]:>13,.0f} {rates[1]:>15,.0f} {rows[-1]:>7.2f}"
                f" {min(ratios):>7.2f} {max(ratios):>9.2f} {median(pairs.ratios_per_input):>10.2f}"
                f"  {'yes' if pairs.same else 'no'}",
                flush=True,
            )
    print(f"\nmedian of the rows: {median(rows):.2f}; least: {min(rows):.2f}")


if __name__ == "__main__":
    main()
