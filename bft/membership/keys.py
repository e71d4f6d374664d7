"""Signatures of an epoch: they name the epoch and the member, so that no vote of one epoch counts in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from bft.core.signatures import Keyring, Signed

Body = TypeVar("Body", bound=Signed)


@dataclass(frozen=True, slots=True)
class Scoped:
    """A body as it is really signed: by a node, in an epoch."""

    epoch: int
    node: int
    body: Signed

    @property
    def signer(self) -> int:
        """The node."""
        return self.node


class EpochKeyring:
    """Signs and verifies for the replicas of one epoch, who know each other by their places.

    Parameters
    ----------
    keyring : Keyring
        Of the nodes and of the clients.
    epoch : int
        Goes into every signature of a replica; clients' requests belong to no epoch.
    members : tuple of int
        The node at each place.
    """

    def __init__(self, keyring: Keyring, epoch: int, members: tuple[int, ...]) -> None:
        self._keyring = keyring
        self.epoch = epoch
        self.members = members

    def sign(self, body: Body) -> Body:
        """Return the body, signed by the node at its signer's place."""
        if isinstance(body.signer, str):
            return self._keyring.sign(body)
        self._keyring.sign(self._scoped(body, body.signer))
        return body

    def verify(self, body: Signed) -> bool:
        """Return whether the node at its signer's place signed this body in this epoch."""
        signer = body.signer
        if isinstance(signer, str):
            return self._keyring.verify(body)
        if signer.__class__ is not int or not 0 <= signer < len(self.members):
            return False
        return self._keyring.verify(self._scoped(body, signer))

    def _scoped(self, body: Signed, place: int) -> Scoped:
        return Scoped(self.epoch, self.members[place], body)
