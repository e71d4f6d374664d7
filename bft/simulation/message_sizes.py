"""What a message weighs on the wire, from its parts: certificates grow with n by themselves, whatever the protocol.

Whole numbers take 8 bytes, truth values 1, a digest and a signature what the settings say, other texts their UTF-8. A
body that can be signed carries a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple

from bft.core.request import Proposal, Request
from bft.network.capacity import MessageSizes

NUMBER_BYTES = 8
COUNT_BYTES = 4  # before a list


class Weight(NamedTuple):
    """Bytes of a message, and signatures in it that its receiver must verify."""

    size_bytes: int
    signatures: int


def weigh(message: object, sizes: MessageSizes) -> Weight:
    """Return the weight of a message on one link, its header included."""
    body = _weigh(message, sizes)
    return Weight(sizes.header_bytes + body.size_bytes, body.signatures)


def _weigh(value: Any, sizes: MessageSizes) -> Weight:
    if value is None or isinstance(value, bool):
        return Weight(1, 0)
    if isinstance(value, int | float):
        return Weight(NUMBER_BYTES, 0)
    if isinstance(value, str):
        return Weight(len(value.encode()), 0)
    if isinstance(value, bytes):
        return Weight(len(value), 0)
    if is_dataclass(value) and not isinstance(value, type):
        return _total(0, [_part(value, name, sizes) for name in _parts(type(value))])
    if isinstance(value, Mapping):
        return _total(COUNT_BYTES, [_weigh(each, sizes) for pair in value.items() for each in pair])
    return _total(COUNT_BYTES, [_weigh(each, sizes) for each in value])


def _part(body: Any, name: str, sizes: MessageSizes) -> Weight:
    """Return the weight of one field of a body."""
    if name == "signature":
        return Weight(sizes.signature_bytes, 1)
    value = getattr(body, name)
    if name.endswith("digest") and isinstance(value, str):
        return Weight(sizes.digest_bytes, 0)
    if name == "operation" and isinstance(body, Request) and sizes.request_bytes is not None:
        return Weight(sizes.request_bytes, 0)
    if name == "answer" and isinstance(body, Proposal) and value is not None and sizes.answer_bytes is not None:
        return Weight(sizes.answer_bytes, 0)
    return _weigh(value, sizes)


def _total(start_bytes: int, parts: list[Weight]) -> Weight:
    return Weight(start_bytes + sum(part.size_bytes for part in parts), sum(part.signatures for part in parts))


@cache
def _parts(kind: type) -> tuple[str, ...]:
    """Return the fields that travel; what is computed from the others does not."""
    return tuple(each.name for each in fields(kind) if each.init)
