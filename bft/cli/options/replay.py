"""The options of `bft replay`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.numbers import whole
from bft.cli.options.scenario import add_scenario


def add_replay(commands: Any) -> None:
    """Add `bft replay`."""
    command = commands.add_parser(
        "replay",
        help="the record of a live panel under another rule or under faults",
        description=(
            "Replay every question of a live panel's record. Where calls are needed that were cancelled or never made, "
            "say how many, and give bounds."
        ),
        epilog="""examples:
  bft replay said.jsonl
  bft replay said.jsonl --set protocol=ballot rule=plurality
  bft replay said.jsonl --set faults.delta=0.2 --replications 50 --json""",
    )
    command.add_argument("record", metavar="RECORD.jsonl", help="what `bft panel --record` or `bft survey` wrote")
    add_scenario(command)
    command.add_argument("--replications", type=whole, default=1, help="of each question (default: 1)")
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.replay", "replay_command"))
