"""The options of `bft theory`."""

from __future__ import annotations

from typing import Any

from bft.cli.defaults import DEFAULT_N, THEORY_DELTA


def add_theory(commands: Any) -> None:
    """Add `bft theory`."""
    command = commands.add_parser(
        "theory",
        help="closed forms and the source documents' formulas",
        description="Thresholds, exact laws and the source documents' formulas, as a table; nothing is simulated.",
        epilog="""examples:
  bft theory
  bft theory --n 4:13:4 --delta 0.01,0.05,0.1 --json""",
    )
    command.add_argument("--n", metavar="VALUES", default=DEFAULT_N, help=f"numbers of nodes (default: {DEFAULT_N})")
    command.add_argument(
        "--delta", metavar="VALUES", default=THEORY_DELTA, help=f"fault rates (default: {THEORY_DELTA})"
    )
    command.add_argument("--json", action="store_true", help="print the rows as a JSON list")
    command.set_defaults(carry_out=("bft.cli.theory", "theory_command"))
