"""What can be examined: how to make a protocol's subject, and its seeded bugs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bft.checking.subject import Subject

if TYPE_CHECKING:
    from bft.checking.seeded_bug import SeededBug


@dataclass(frozen=True, slots=True)
class Examined:
    """A protocol with its seeded bugs."""

    make: Callable[[], Subject]
    """Makes the subject."""
    seeded: Sequence[SeededBug] | Callable[[], Sequence[SeededBug]] = ()
    """Its seeded bugs, or what makes them when they are asked for."""

    @property
    def bugs(self) -> Sequence[SeededBug]:
        """The seeded bugs."""
        return self.seeded() if callable(self.seeded) else self.seeded
