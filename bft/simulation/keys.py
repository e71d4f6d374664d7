"""Symbolic signatures in bounded memory: a body counts as signed for as long as anybody holds it.

A body that no replica, disk or message in flight holds any more can be shown by nobody, so nothing is lost by
forgetting it. Who writes down again, word for word, what everybody has dropped finds it unsigned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from weakref import ref

from bft.core.signatures import Signed, SymbolicKeyring

Body = TypeVar("Body", bound=Signed)

SWEEP = 1 << 12
"""Bodies after which those that nobody holds are forgotten, besides twice as many as are held."""


class FadingKeyring(SymbolicKeyring):
    """A ring that keeps nothing alive."""

    def __init__(self, corrupted: Iterable[int | str] = ()) -> None:
        super().__init__(corrupted)
        self._alive: dict[int, ref[Signed]] = {}
        self._swept_at = SWEEP

    def sign(self, body: Body) -> Body:
        """Remember the body as signed, as long as it is held, and return it."""
        self._alive[id(body)] = ref(body)
        if len(self._alive) > self._swept_at:
            self._alive = {place: known for place, known in self._alive.items() if known() is not None}
            self._swept_at = 2 * len(self._alive) + SWEEP
        return body

    def verify(self, body: Signed) -> bool:
        """Return whether the body was signed, or could have been, by its signer."""
        known = self._alive.get(id(body))
        if known is not None and known() is body:
            return True
        try:
            return body.signer in self.corrupted or body in {known() for known in self._alive.values()}
        except TypeError:  # unhashable, so no honest key has signed it
            return False
