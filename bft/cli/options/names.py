"""A list of names as an option: commas or spaces between them."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

NAMES: dict[str, Any] = {"nargs": "+", "metavar": ("A", "B")}
"""How argparse is told of such a list, besides the action."""


class Names(Action):
    """Stores the names with commas between them, however they were given."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Store what stands behind the option."""
        del parser, option_string
        setattr(namespace, self.dest, ",".join(name.strip(",") for name in values or ()))
