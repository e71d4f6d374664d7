"""What the signed messages of all protocols have in common.

Every message names its signer in `replica`. Signatures take no part in equality: messages that say the same are equal.
"""

from __future__ import annotations

from dataclasses import field


def signature_field() -> bytes:
    """Return the field of a message that holds its signature."""
    return field(default=b"", compare=False, repr=False, kw_only=True)


class BySender:
    """A message signed by the replica that it names."""

    __slots__ = ("__weakref__",)  # a ring may remember a message for just as long as somebody holds it
    replica: int

    @property
    def signer(self) -> int:
        """The replica named in the body."""
        return self.replica
