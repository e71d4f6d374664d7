"""Digests: one collision-resistant name for a value, the same in every process."""

from __future__ import annotations

from hashlib import sha256


def digest_of(*parts: object) -> str:
    """Return the SHA-256 of values built from str, int, bytes, bool, None and tuples of them, in hexadecimal.

    Such values have an injective `repr`, so two different tuples of parts never share an encoding. Floats and sets have
    no place in what replicas must agree on.

    Examples
    --------
    >>> digest_of("a", 1) == digest_of("a", 1)
    True
    >>> digest_of("a", "b") == digest_of("ab")
    False
    """
    return sha256(repr(parts).encode()).hexdigest()
