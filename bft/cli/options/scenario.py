"""The options of every command that takes a scenario; `bft.cli.scenario_words` reads them."""

from __future__ import annotations

from argparse import ArgumentParser


def add_scenario(command: ArgumentParser) -> None:
    """Add the options that describe a scenario."""
    command.add_argument(
        "scenario", metavar="SCENARIO.toml", nargs="?", help="scenario file (default: n = 4, no faults)"
    )
    command.add_argument(
        "--set",
        metavar="PATH=VALUE",
        dest="settings",
        nargs="+",
        action="extend",
        default=[],
        help="set a field, such as faults.delta=0.2; may be repeated",
    )
