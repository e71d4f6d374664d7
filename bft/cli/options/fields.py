"""The options of `bft fields`."""

from __future__ import annotations

from typing import Any


def add_fields(commands: Any) -> None:
    """Add `bft fields`."""
    command = commands.add_parser(
        "fields",
        help="what a scenario can say: every field, its range, an example, who honours it",
        description="List the fields of a scenario, or tell all about those of one name.",
        epilog="""examples:
  bft fields
  bft fields pbft.view_timeout_s
  bft fields network.delay
  bft fields --json""",
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="path of a field or of a table, such as network.delay")
    command.add_argument("--json", action="store_true", help="print the fields as a JSON list")
    command.set_defaults(carry_out=("bft.cli.fields", "fields_command"))
