"""The keys of a faulty node: its own and those of all Byzantine nodes, and no other.

Signatures are symbolic, so the ring of a run would take a behaviour's word for anybody's. What a behaviour is given
signs only in the names that it holds, as it would with real keys.
"""

from __future__ import annotations

from typing import TypeVar

from bft.core.signatures import Signed, SymbolicKeyring
from bft.errors import ScenarioError, bad_value

Body = TypeVar("Body", bound=Signed)


class HeldKeys:
    """The ring of a run, as a faulty node may use it."""

    __slots__ = ("_node", "_ring")

    def __init__(self, ring: SymbolicKeyring, node: int) -> None:
        self._ring = ring
        self._node = node

    def sign(self, body: Body) -> Body:
        """Return the body signed by its signer.

        Raises `ScenarioError` if the adversary does not hold that key: a behaviour that needs an honest signature
        forges nothing.
        """
        signer = body.signer
        if signer != self._node and signer not in self._ring.corrupted and not self._asks_as(signer):
            allowed = f"must be a Byzantine node or node {self._node} itself: nobody forges a signature"
            raise ScenarioError(bad_value("signer", signer, allowed))
        return self._ring.sign(body)

    def _asks_as(self, signer: int | str) -> bool:
        """Whether it is a name in which this node itself asks: where members change, it accuses others so."""
        own = f"member-{self._node}"
        return isinstance(signer, str) and (signer == own or signer.startswith(f"{own}-"))

    def verify(self, body: Signed) -> bool:
        """Return whether its signer signed this body."""
        return self._ring.verify(body)
