"""The options of `bft sweep`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.sampling import add_sampling
from bft.cli.options.scenario import add_scenario


def add_sweep(commands: Any) -> None:
    """Add `bft sweep`."""
    command = commands.add_parser(
        "sweep",
        help="a scenario over the values of some of its fields",
        description="Run many replications of a scenario for every combination of values.",
        epilog="""values: START:STOP:COUNT with both ends, or a list with commas

examples:
  bft sweep --over faults.delta=0:0.5:11
  bft sweep --over n=4,7,10 --over faults.delta=0:0.5:11 --set faults.behaviour=equivocate --out out/equivocate
  bft sweep scenario.toml --over quorum=4,5,6,7 --replications 1000 --workers 2 --json > rows.json
  bft sweep --over faults.behaviour=crash,lie,equivocate --set n=7 --set faults.delta=0.3 --common-random-numbers
  bft sweep --over faults.delta=0:0.5:11 --precision 0.01 --budget-s 600
  bft sweep --over n=4,31,100 --engine simpy --store out/blocks.sqlite     again, after Ctrl-C: it goes on""",
    )
    add_scenario(command)
    command.add_argument(
        "--over", metavar="PATH=VALUES", nargs="+", action="extend", default=[], help="field to sweep; may be repeated"
    )
    command.add_argument(
        "--common-random-numbers",
        action="store_true",
        help="common random numbers in all cells: sharper differences, cells no longer independent",
    )
    command.add_argument("--out", metavar="DIR", help="write estimates.csv, manifest.json and figures there")
    command.add_argument(
        "--source-documents",
        action="store_true",
        help="draw the source documents' R and α over the curves of P(agreement)",
    )
    add_sampling(command)
    command.set_defaults(carry_out=("bft.cli.sweep", "sweep_command"))
