"""Signatures: who said what, provable to third parties.

In simulation signatures are symbolic: a ring remembers every body that was signed with an honest key, and a signature
verifies iff the body is remembered or its signer is corrupted (an adversary signs whatever it likes in the names it
holds). Live hosts put real signatures behind the same interface.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Signed(Protocol):
    """A body that names its signer: a replica's number or a client's name."""

    @property
    def signer(self) -> int | str:
        """Who must have signed this body."""


Body = TypeVar("Body", bound=Signed)


class Keyring(Protocol):
    """Signs with the keys it holds and verifies everybody's signatures."""

    def sign(self, body: Body) -> Body:
        """Return the body signed by its signer."""

    def verify(self, body: Signed) -> bool:
        """Return whether its signer signed this body."""


class SymbolicKeyring:
    """Signatures without cryptography, for simulation and search.

    Parameters
    ----------
    corrupted : iterable of int or str
        Signers whose keys the adversary holds.
    """

    def __init__(self, corrupted: Iterable[int | str] = ()) -> None:
        self.corrupted = set(corrupted)
        self._kept: dict[int, Signed] = {}
        self._pool: set[Signed] = set()
        self._unpooled: list[Signed] = []

    def sign(self, body: Body) -> Body:
        """Remember the body as signed and return it.

        Hashing a certificate is slow and almost every check meets the very object that was signed, so the
        pool is filled only when an equal but different object turns up.
        """
        self._kept[id(body)] = body
        self._unpooled.append(body)
        return body

    @property
    def signed(self) -> Iterable[Signed]:
        """All that was ever signed, in order: what an adversary that hears everything may build upon."""
        return self._kept.values()

    def verify(self, body: Signed) -> bool:
        """Return whether the body was signed, or could have been, by its signer."""
        if self._kept.get(id(body)) is body:
            return True
        try:
            if body.signer in self.corrupted:
                return True
            self._pool.update(self._unpooled)
            self._unpooled.clear()
            return body in self._pool
        except TypeError:  # unhashable, so no honest key has signed it
            return False
