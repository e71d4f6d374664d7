"""The options of `bft run`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.numbers import whole
from bft.cli.options.scenario import add_scenario


def add_run(commands: Any) -> None:
    """Add `bft run`."""
    command = commands.add_parser(
        "run",
        help="one run: outcome, times, messages, what each fault did",
        description="Run one replication of a scenario.",
        epilog="""examples:
  bft run
  bft run scenario.toml --seed 7
  bft run --set n=7 --set faults.nodes=[0,3] --set faults.behaviour=equivocate --trace out/run.json
  bft run --set faults.nodes=[0] faults.behaviour=equivocate --export html=run.html picture=run.png
  bft run --set requests.count=300 requests.rate_per_s=5 faults.nodes=[0] --export latency=latency.png
  bft run --set validators=statistical --set validators.preset=gsm8k_diverse10 --json""",
    )
    add_scenario(command)
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--replication", type=whole, default=0, help="which of the seed's replications (default: 0)")
    command.add_argument(
        "--check",
        choices=("basic", "full"),
        default="basic",
        help="invariants: S1 to S3, or all of the protocol (default: basic)",
    )
    command.add_argument("--trace", metavar="FILE", help="write scenario, result and every event to a JSON file")
    command.add_argument(
        "--export",
        metavar="FORMAT=FILE",
        nargs="+",
        action="extend",
        default=[],
        help="write the run for a viewer: html, picture, animation, latency, perfetto, "
        "shiviz, mermaid; may be repeated",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.run", "run_command"))
