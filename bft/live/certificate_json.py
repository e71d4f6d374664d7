"""A certificate as JSON: written in one way, and read strictly, so that nothing unsigned can ride along.

Every field has its exact type, no field is unknown, texts and lists have bounds, and hexadecimal is written in one way.
Only numbers that JSON writers may change in passing, 1 and 1.0, are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from bft.core.quorum import QuorumSystem
from bft.limits import MOST_MEMBERS, MOST_TEXT
from bft.live.comparing import CANONICAL, read_compare
from bft.live.comparing import described as described_compare
from bft.live.diversity import described as described_diversity
from bft.live.diversity import read_diversity
from bft.live.keys import CLIENT, PublicKeys
from bft.live.rule_settings import described, read_rule
from bft.live.rules import rule_of
from bft.live.signed_votes import SignedVote, said_fields, vote_from_json

KEY_BYTES, SIGNATURE_BYTES = 32, 64
MOST_NUMBER = 2**63 - 1
OPTIONAL = ("author", "compare", "digest", "diversity")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


class FormError(ValueError):
    """A field is not what a certificate has there."""


def read_parts(data: object) -> dict[str, Any]:
    """Return the fields of a certificate from what JSON knows.

    Returns
    -------
    dict
        By the names of `Certificate`, and `digest`: the one that is written there, or None.

    Raises
    ------
    FormError
        If a field is missing, unknown, or of another type or form.
    BftError
        If the rule cannot be had with these weights.
    """
    table = _table("certificate", data)
    unknown = next((name for name in table if name not in _READERS), None)
    if unknown is not None:
        raise FormError(f"{unknown!r} is no field of it")
    missing = next((name for name in _READERS if name not in table and name not in OPTIONAL), None)
    if missing is not None:
        raise FormError(f"{missing} is missing")
    read = {name: reader(name, table[name]) for name, reader in _READERS.items() if name in table}
    n = len(read["weights"])
    if len(read["votes"]) > n:
        raise FormError(f"votes: {len(read['votes'])}, of {n} nodes")
    settings = read_rule(read["rule"])
    if not _same(described(settings), read["rule"]):
        raise FormError("rule: is written otherwise than it is meant")
    rule = rule_of(settings, QuorumSystem(weights=read["weights"], tolerated=read["tolerated"], quorum=read["quorum"]))
    compare = read_compare(read.get("compare", CANONICAL.kind))
    if "compare" in read and (compare == CANONICAL or not _same(described_compare(compare), read["compare"])):
        raise FormError("compare: is written otherwise than it is meant")
    diversity = read_diversity(read["diversity"]) if "diversity" in read else None
    if diversity is not None and not _same(described_diversity(diversity), read["diversity"]):
        raise FormError("diversity: is written otherwise than it is meant")
    author = read.get("author")
    if (author is None) != (rule.author is None):
        raise FormError(f"author: is {'missing' if author is None else 'no field of it by this rule'}")
    return {
        **read,
        "rule": settings,
        "votes": tuple(_vote(rule.vote, each) for each in read["votes"]),
        "author": None if author is None or rule.author is None else _vote(rule.author, author),
        "public_keys": tuple(read_public_keys(read["public_keys"]).items()),
        "digest": read.get("digest"),
        "compare": compare,
        "diversity": diversity,
    }


def read_public_keys(table: object) -> PublicKeys:
    """Read public keys: hexadecimal by the numbers of the nodes, and the client's.

    Raises `FormError` if they are not those of nodes 0, 1, … and of a client, or one is written otherwise than in
    hexadecimal.
    """
    keys = _table("public_keys", table)
    wanted = [*map(str, range(min(len(keys) - 1, MOST_MEMBERS))), CLIENT]
    if sorted(keys) != sorted(wanted):
        raise FormError(f"public_keys: must be those of the nodes 0, 1, …, and of {CLIENT!r}")
    return {
        (name if name == CLIENT else int(name)): _hex(f"public_keys.{name}", keys[name], KEY_BYTES) for name in wanted
    }


def _vote(kind: type, data: object) -> SignedVote:
    table = _table("votes", data)
    wanted = {"node", "signature", *said_fields(kind)}
    if set(table) != wanted:
        raise FormError(f"votes: must have the fields {', '.join(sorted(wanted))}")
    _whole("votes.node", table["node"])
    _hex("votes.signature", table["signature"], SIGNATURE_BYTES)
    for name in said_fields(kind):
        _said(f"votes.{name}", table[name])
    return vote_from_json(kind, table)


def _said(name: str, value: object) -> None:
    """Refuse what no message says; whether it is what this one says, the protocol's own check decides."""
    if value is None or type(value) is bool:
        return
    if type(value) is str:
        _text(name, value)
    elif type(value) is int:
        _whole(name, value)
    elif type(value) is list:
        for each in _listed(name, value):
            _said(name, None if isinstance(each, list) else each)
    elif type(value) is not float or not isfinite(value):
        raise FormError(f"{name}: must be a text, a number, a list of them, or nothing")


def _table(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise FormError(f"{name}: must be a table")
    return value


def _whole(name: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= MOST_NUMBER:
        raise FormError(f"{name}: must be a whole number, 0 or more")
    return value


def _weights(name: str, value: object) -> tuple[int, ...]:
    return tuple(_whole(name, each) for each in _listed(name, value))


def _listed(name: str, value: object) -> list[Any]:
    if type(value) is not list or not 1 <= len(value) <= MOST_MEMBERS:
        raise FormError(f"{name}: must be a list of 1 to {MOST_MEMBERS}")
    return value


def _text(name: str, value: object) -> str:
    if type(value) is not str or len(value) > MOST_TEXT:
        raise FormError(f"{name}: must be a text of at most {MOST_TEXT} characters")
    return value


def _signature(name: str, value: object) -> bytes:
    return _hex(name, value, SIGNATURE_BYTES)


def _hex(name: str, value: object, size: int) -> bytes:
    if type(value) is not str or len(value) != 2 * size or not _HEX.fullmatch(value):
        raise FormError(f"{name}: must be {size} bytes in lower-case hexadecimal")
    return bytes.fromhex(value)


def _rule(_: str, value: object) -> Any:
    return value  # `read_rule` checks it


def _same(one: object, other: object) -> bool:
    """Return whether two values of JSON are the same; 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


_READERS: dict[str, Callable[[str, object], Any]] = {
    "rule": _rule,
    "weights": _weights,
    "tolerated": _whole,
    "quorum": _whole,
    "client": _text,
    "timestamp": _whole,
    "question": _text,
    "request_signature": _signature,
    "answer": _text,
    "wording": _text,
    "view": _whole,
    "seq": _whole,
    "digest": _text,
    "votes": _listed,
    "public_keys": _table,
    "author": _table,
    "compare": _rule,
    "diversity": _table,
}
