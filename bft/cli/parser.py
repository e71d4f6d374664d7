"""The command line put together from its commands, and read.

The options of each command stand in `bft.cli.options`; the commands themselves are loaded when they are called.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import bft
from bft.cli.options.agreement import add_agreement
from bft.cli.options.answers import add_answers
from bft.cli.options.bench import add_bench
from bft.cli.options.check import add_check
from bft.cli.options.design import add_design
from bft.cli.options.export import add_export
from bft.cli.options.fields import add_fields
from bft.cli.options.local import add_local
from bft.cli.options.panel import add_mcp, add_panel, add_serve
from bft.cli.options.rare import add_rare
from bft.cli.options.replay import add_replay
from bft.cli.options.run import add_run
from bft.cli.options.survey import add_survey
from bft.cli.options.sweep import add_sweep
from bft.cli.options.theory import add_theory
from bft.cli.options.validators import add_validators
from bft.errors import BftError
from bft.shown_values import LONGEST, shown, without_secrets

COMMANDS = (
    add_run,
    add_sweep,
    add_agreement,
    add_theory,
    add_fields,
    add_check,
    add_validators,
    add_design,
    add_rare,
    add_export,
    add_bench,
    add_panel,
    add_survey,
    add_answers,
    add_replay,
    add_serve,
    add_local,
    add_mcp,
)  # in the order of `bft --help`


class UsageError(BftError):
    """The command line cannot be read."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others."""

    def __init__(self, **given: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **given)

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise UsageError(f"{without_secrets(message)} (see {self.prog} --help)")


def _not_known(words: Sequence[str], usage: str) -> str:
    """Return what is wrong with words that no option takes; what follows an unknown option may be a secret."""
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    if not options:
        return f"unrecognized arguments: {' '.join(shown('', word, known=False) for word in words)}"
    meant = get_close_matches(options[0], re.findall(r"--[a-z][a-z-]*", usage), n=1)
    more = f"; did you mean {meant[0]}?" if meant else ""
    return f"unrecognized arguments: {' '.join(option[:LONGEST] for option in options)}{more}"


def read_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options; `carry_out` among them names the module and the function of the command."""
    parser = Parser(
        prog="bft",
        description="A laboratory for Byzantine-fault-tolerant consensus among LLM validators.",
        epilog="""start here:
  bft agreement                                  the main figure, in out/agreement
  bft run --set n=7 faults.delta=0.2             one run
  bft sweep --over faults.delta=0:0.5:11         any field of a scenario
  bft fields                                     what a scenario can say
  bft panel "Is 7 prime?" --models A,B,C,D       a panel of live models
  bft COMMAND --help                             options and more examples""",
    )
    parser.add_argument("--version", action="version", version=f"bft {bft.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add_command in COMMANDS:
        add_command(commands)
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        command = commands.choices.get(argv[0], parser)
        command.error(_not_known(unknown, command.format_usage()))
    arguments.words = list(argv)
    return arguments
