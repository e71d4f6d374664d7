"""What the signed messages of all protocols have in common.

Every message names its signer in `replica`. Signatures take no part in equality: messages that say the same are equal.
"""

from __future__ import annotations

from dataclasses import field

UNSIGNED = b""
"""The signature of a message that needs none: symbolic keyrings know a message by what it says."""


def signature_field() -> bytes:
    """Return the field of a message that holds its signature."""
    return field(default=UNSIGNED, compare=False, repr=False, kw_only=True)


class BySender:
    """A message signed by the replica that it names."""

    # A ring may remember a message for just as long as somebody holds it; `bft.core.shape` marks the good ones.
    __slots__ = ("__weakref__", "_well_formed")
    replica: int
    _well_formed: bool

    @property
    def signer(self) -> int:
        """The replica named in the body."""
        return self.replica
