"""A reader is a table of named rules, tried in order. The seam for further forms of replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bft.live.replies.page import Page

T = TypeVar("T", covariant=True)  # what was read as a str may be taken for a str or nothing


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A rule applies, and this is what it read; None: it cannot be read."""

    value: T | None


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One form of a reply."""

    name: str
    """As documents call it."""
    reads: Callable[[Page], Read[T] | None]
    """Reads a page; None: the page has another form."""


def first(rules: Sequence[Rule[T]], page: Page) -> tuple[T | None, str]:
    """Return what the first rule that applies has read, and its name.

    What cannot be read is None; where no rule applies, the name is empty.
    """
    for rule in rules:
        read = rule.reads(page)
        if read is not None:
            return read.value, rule.name
    return None, ""
