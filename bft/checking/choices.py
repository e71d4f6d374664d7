"""Numbers that choose: how a schedule says what is forged, or changed on its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Option = TypeVar("Option")
FALSE_DIGEST = "0" * 64


class Choices:
    """Numbers that are used up one after another, each modulo the options; 0 when they run out."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = iter(numbers)

    def pick(self, options: Sequence[Option]) -> Option:
        """Return one option."""
        return options[next(self._numbers, 0) % len(options)]

    def flaw(self, *flaws: str) -> str:
        """Return a flaw to build in, or, half of the time, none."""
        return self.pick(("",) * max(1, len(flaws)) + flaws)
