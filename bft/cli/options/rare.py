"""The options of `bft rare`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.numbers import number, whole
from bft.cli.options.scenario import add_scenario
from bft.experiments.intervals import LEVEL


def add_rare(commands: Any) -> None:
    """Add `bft rare`."""
    command = commands.add_parser(
        "rare",
        help="the probability of an outcome too rare to count",
        description=(
            "P(outcome), stratified over the numbers of faulty nodes and of failing validators: exact where the fault "
            "set settles the outcome, otherwise by importance sampling, with an interval. Down to 1e-12 and below."
        ),
        epilog="""examples:
  bft rare --event stalled --set n=31 faults.delta=0.02
  bft rare --event wrong --set n=13 faults.delta=0.01 faults.behaviour=collude validators=statistical
  bft rare scenario.toml --event split --budget-s 60 --json""",
    )
    add_scenario(command)
    command.add_argument(
        "--event", required=True, metavar="OUTCOME", help="agree, correct, wrong, partial, stalled or split"
    )
    command.add_argument("--runs", type=whole, default=100_000, help="replications to draw (default: 100000)")
    command.add_argument(
        "--budget-s", type=number, metavar="S", help="draw as many again and again, while so many seconds are not over"
    )
    command.add_argument(
        "--events",
        type=whole,
        default=2_000,
        help="of as many, how many may be left to the event engine on average (default: 2000)",
    )
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--level", type=number, default=LEVEL, help=f"level of the interval (default: {LEVEL})")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.rare", "rare_command"))
