"""The options of `bft export`."""

from __future__ import annotations

from typing import Any


def add_export(commands: Any) -> None:
    """Add `bft export`."""
    command = commands.add_parser(
        "export",
        help="a store of blocks as a CSV or Parquet table",
        description="Write what a store holds (see `bft sweep --store`) to a table: a row for each block.",
        epilog="""examples:
  bft export out/blocks.sqlite out/blocks.csv
  bft export out/blocks.sqlite out/runs.parquet --records""",
    )
    command.add_argument("store", metavar="STORE", help="file written by --store")
    command.add_argument("file", metavar="FILE", help="what to write: .csv or .parquet")
    command.add_argument("--records", action="store_true", help="a row for each replication instead")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.set_defaults(carry_out=("bft.cli.export", "export_command"))
