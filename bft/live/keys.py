"""Ed25519 keys (RFC 8032) behind the interface of the symbolic ring: live, a signature is a signature.

Every signature is bound to a context, a digest of who may sign and how much weight decides, so that a vote of one
panel proves nothing in another. Keys live in memory, or in a file that only its owner can read; whom to believe is
left to those who hold the public keys.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bft.core.signatures import Body, Signed
from bft.errors import BftError, ScenarioError
from bft.live.encoding import Encoding, EncodingError

SEED_BYTES = 32
CLIENT = "asker"
"""Who puts the questions to a panel; signs requests."""

Signer = int | str
PublicKeys = Mapping[Signer, bytes]
Verified = set[tuple[Signer, bytes, bytes]]
"""Signatures that were found good: signer, digest of what was signed, signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelKeys:
    """The private keys of a panel's nodes and of its client.

    Attributes
    ----------
    seeds : tuple of bytes
        One for each node, and a last one for the client, 32 bytes each. They are secrets.
    """

    seeds: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seeds) < 2 or any(len(seed) != SEED_BYTES for seed in self.seeds):
            raise ScenarioError(f"keys: must be one of {SEED_BYTES} bytes for each node, and one for the client")
        if len(set(self.seeds)) != len(self.seeds):
            raise ScenarioError("keys: must differ; two nodes with one key are one node")

    @classmethod
    def generate(cls, n: int) -> PanelKeys:
        """Draw keys for `n` nodes and a client from the system's random source."""
        return cls(seeds=tuple(os.urandom(SEED_BYTES) for _ in range(n + 1)))

    @classmethod
    def kept_in(cls, file: str | Path, n: int) -> PanelKeys:
        """Read the keys of `n` nodes from a file; make them, and the file, if there is none.

        Raises
        ------
        BftError
            If the file cannot be read or written, or holds the keys of another number of nodes.
        """
        path = Path(file)
        try:
            if not path.exists():
                made = cls.generate(n)
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "w", encoding="utf-8") as text:
                    json.dump({"ed25519": [seed.hex() for seed in made.seeds]}, text)
                return made
            kept = cls(seeds=tuple(bytes.fromhex(seed) for seed in json.loads(path.read_text("utf-8"))["ed25519"]))
        except OSError as error:
            raise BftError(f"keys = {str(path)!r}: must be a file that can be used: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BftError(f"keys = {str(path)!r}: must be a file of keys") from None
        if len(kept.seeds) != n + 1:
            raise BftError(f"keys = {str(path)!r}: has keys of {len(kept.seeds) - 1} nodes; must have {n}")
        return kept

    @property
    def signers(self) -> tuple[Signer, ...]:
        """Who has a key: the nodes, then the client."""
        return (*range(len(self.seeds) - 1), CLIENT)

    @property
    def public(self) -> dict[Signer, bytes]:
        """The public keys, 32 bytes each: what others need to verify."""
        made = (Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() for seed in self.seeds)
        return dict(zip(self.signers, made, strict=True))


class Ed25519Keyring:
    """Signs with the keys it holds and verifies everybody's signatures.

    Parameters
    ----------
    private : mapping of int or str to bytes
        Seeds of those in whose name it signs.
    public : mapping of int or str to bytes
        Public keys of all.
    encoding : Encoding
        How bodies become bytes.
    context : bytes
        What every signature is bound to besides the body.
    """

    def __init__(
        self, private: Mapping[Signer, bytes], public: PublicKeys, *, encoding: Encoding, context: bytes
    ) -> None:
        self._private = {signer: Ed25519PrivateKey.from_private_bytes(seed) for signer, seed in private.items()}
        self._public: dict[Signer, Ed25519PublicKey] = {}
        for signer, key in public.items():
            try:
                self._public[signer] = Ed25519PublicKey.from_public_bytes(key)
            except ValueError:
                raise ScenarioError(f"public key of {signer}: must be the 32 bytes of an Ed25519 key") from None
        self._encoding = encoding
        self._context = context
        self._verified: Verified | None = None

    def remembering(self, verified: Verified) -> Ed25519Keyring:
        """Return the same ring, which does not verify again what it or others have found good and noted there.

        Whether a signature holds depends on its bytes alone, so the nodes of one process may share what they found.
        Only what holds is noted.
        """
        ring = copy(self)
        ring._verified = verified
        return ring

    def sign(self, body: Body) -> Body:
        """Return the body signed by its signer, whose key this ring holds."""
        signature = self.sign_bytes(body.signer, self._encoding.write_unsigned(body))
        return cast(Body, replace(cast(Any, body), signature=signature))

    def verify(self, body: Signed) -> bool:
        """Return whether its signer signed this body in this context."""
        try:
            content = self._encoding.write_unsigned(body)
            signature = getattr(body, "signature", None)
        except (EncodingError, AttributeError):
            return False
        return isinstance(signature, bytes) and self.verify_bytes(body.signer, content, signature)

    def sign_bytes(self, signer: Signer, content: bytes) -> bytes:
        """Return a signer's signature of bytes in this context."""
        return self._private[signer].sign(self._context + content)

    def verify_bytes(self, signer: Any, content: bytes, signature: bytes) -> bool:
        """Return whether these bytes were signed by this signer in this context."""
        key = self._public.get(signer) if signer.__class__ in (int, str) else None
        if key is None:
            return False
        signed = self._context + content
        known = (signer, sha256(signed).digest(), signature)
        if self._verified is not None and known in self._verified:
            return True
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        if self._verified is not None:
            self._verified.add(known)
        return True
