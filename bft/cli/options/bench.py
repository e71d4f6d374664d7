"""The options of `bft bench`."""

from __future__ import annotations

from typing import Any


def add_bench(commands: Any) -> None:
    """Add `bft bench`."""
    command = commands.add_parser(
        "bench",
        help="how fast this machine runs it: one table",
        description=(
            "Deliveries and replications per CPU-second of both engines, exact laws, sweeps by number of workers, and "
            "memory, each by n."
        ),
        epilog="""examples:
  bft bench --quick
  bft bench --json > out/bench.json""",
    )
    command.add_argument("--quick", action="store_true", help="fewer sizes and less work: some ten seconds")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.bench", "bench_command"))
