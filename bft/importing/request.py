"""What is asked of an import beside the files: a model, a filter, columns. Data, and how a choice is made by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bft.errors import TableError, bad_value

UNFILTERED = "none"
"""What lm-evaluation-harness calls the filter of a file that has none to choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for."""

    model: str | None = None
    """Name of the model, where the file names none, or another."""
    chosen: str | None = None
    """The filter, or the scorer, of which a file holds several."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What the file calls the columns of a table."""

    def choice(self, file: str, what: str, there: Iterable[str]) -> str:
        """Return which of several filters, or scorers, is read: the one asked for, or the only one.

        Raises
        ------
        TableError
            If it is not there, or one must be named.
        """
        names = list(dict.fromkeys(there))
        listed = ", ".join(names)
        if self.chosen is not None and names != [UNFILTERED]:
            if self.chosen not in names:
                raise TableError(bad_value("filter", self.chosen, f"must be a {what} of {file}: {listed}"))
            return self.chosen
        if len(names) != 1:
            raise TableError(f"{file}: has several {what}s: {listed}; name one with --filter")
        return names[0]

    def named(self, known: str | None, file: str) -> str:
        """Return the model: the one asked for, or the one that the file names.

        Raises
        ------
        TableError
            If neither is there.
        """
        name = self.model or known
        if not name:
            raise TableError(f"{file}: names no model; give it with --model NAME")
        return name
