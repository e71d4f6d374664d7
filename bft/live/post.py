"""The post between the nodes of a live panel: sealed by the sender, opened by the recipient, who believes nothing.

An envelope names its session (one question), its sender and its number, and is signed over all of them and the
message. What is malformed, forged, altered, of another session, or was delivered before is dropped and counted, and
so is a message whose own signature does not hold: votes are shown to third parties later, without their envelopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bft.core.inputs import Deliver
from bft.live.encoding import Encoding, EncodingError
from bft.live.keys import Ed25519Keyring


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed message."""

    session: bytes
    sender: int
    number: int
    message: object
    signature: bytes = b""

    @property
    def signer(self) -> int:
        """The sender."""
        return self.sender


class Post:
    """What one node sends and receives.

    Parameters
    ----------
    node, n : int
        Which node of how many.
    keyring : Ed25519Keyring
        Signs in this node's name.
    encoding : Encoding
        Of the protocol's messages and of `Envelope`.
    session : bytes
        Names the question.

    Attributes
    ----------
    dropped : dict of str to int
        How many envelopes did not count, by reason.
    """

    def __init__(self, node: int, n: int, keyring: Ed25519Keyring, encoding: Encoding, session: bytes) -> None:
        self._node = node
        self._n = n
        self._keyring = keyring
        self._encoding = encoding
        self._session = session
        self._sent = 0
        self._last = [0] * n
        self.dropped: dict[str, int] = {}

    def seal(self, message: object) -> bytes:
        """Return the bytes of a message in a new envelope."""
        self._sent += 1
        return self._encoding.write(self._keyring.sign(Envelope(self._session, self._node, self._sent, message)))

    def open(self, data: bytes) -> Deliver | None:
        """Return the message as an input with its authenticated sender, or None: it was dropped."""
        try:
            envelope = self._encoding.read(data)
        except EncodingError:
            self._drop("malformed")
            return None
        reason = self._flaw(envelope)
        if reason is not None:
            self._drop(reason)
            return None
        return Deliver(envelope.sender, envelope.message)

    def _flaw(self, envelope: Any) -> str | None:
        """Return why an envelope does not count; None: it does, and none with its number or a lower one will."""
        if not isinstance(envelope, Envelope) or envelope.number.__class__ is not int:
            return "malformed"
        if envelope.sender.__class__ is not int or not 0 <= envelope.sender < self._n or envelope.sender == self._node:
            return "unknown sender"
        if not self._keyring.verify(envelope):
            return "forged"
        if envelope.session != self._session:
            return "of another session"
        if envelope.number <= self._last[envelope.sender]:
            return "replayed"
        self._last[envelope.sender] = envelope.number
        message: Any = envelope.message
        if hasattr(message, "signature") and not self._keyring.verify(message):
            return "with an unsigned message"
        return None

    def _drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
