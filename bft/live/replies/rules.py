"""A reader is a table of named rules, tried in order. The seam for further forms of replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bft.live.replies.page import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A rule applies, and this is what it read; None: it cannot be read."""

    value: T | None


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One form of a reply.

    Attributes
    ----------
    name : str
        As documents call it.
    reads : callable
        Reads a page; None: the page has another form.
    """

    name: str
    reads: Callable[[Page], Read[T] | None]


def first(rules: Sequence[Rule[T]], page: Page) -> T | None:
    """Return what the first rule that applies has read; None: it cannot be read, or no rule applies."""
    for rule in rules:
        read = rule.reads(page)
        if read is not None:
            return read.value
    return None
