"""What a message must look like before anyone orders, hashes or counts it: Byzantine garbage is dropped, never raised.

The declaration of a message is the rule: each field holds exactly the type that it names, and no more than a replica
can read. True and 1.0 are no numbers though they equal 1. Which numbers make sense is left to the protocols. For each
kind of message a check is compiled once, in a straight line. A signed message that was found good is recognised when it
comes again, for it is frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from itertools import count
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

Check = Callable[[Any], bool]

LARGEST = (1 << 63) - 1
"""Views, numbers and timestamps are not further from 0."""
DIGEST_CHARACTERS = 64
"""A digest is not longer."""
MOST_BITS = 1 << 13
"""Of other whole numbers. Python writes numbers of twice as many digits, and refuses much longer ones."""
MOST_DEPTH = 100
"""Of tuples within tuples in a snapshot."""

Digest: TypeAlias = Annotated[str, "digest"]
"""A field that holds what `digest_of` returns."""
Natural: TypeAlias = Annotated[int, "natural"]
"""A field that is never negative."""
Bits: TypeAlias = Annotated[int, "bits"]
"""A field with a bit for each voter."""
Share: TypeAlias = Annotated[float, "share"]
"""A field between 0 and 1."""
Enclosed: TypeAlias = Annotated[object, "enclosed"]
"""A field that holds a message, which whoever takes it out must check."""


def checks(*kinds: type) -> Check:
    """Return a predicate: whether something is a message of one of these kinds, well formed.

    Parameters
    ----------
    kinds : type
        Dataclasses. Their fields are int (up to `LARGEST`), bool, str, bytes, the types above, None, tuples of these
        and other such dataclasses; a field of type object holds a value built from int, bool, str, bytes, None and
        tuples.

    Raises
    ------
    TypeError
        If a field has another type.

    Examples
    --------
    >>> from bft.core.request import Request
    >>> well_formed = checks(Request)
    >>> well_formed(Request(client="alice", timestamp=1, operation="?"))
    True
    >>> well_formed(Request(client="alice", timestamp=True, operation="?"))
    False
    """
    known = {kind: check_of(kind) for kind in kinds}

    def well_formed(body: Any) -> bool:
        check = known.get(type(body))  # bodies are of many types, so this is faster than `body.__class__`
        return check is not None and check(body)

    return well_formed


def plain(value: object) -> bool:
    """Return whether a value is built from int, bool, str, bytes, None and tuples, and not too deep to be read."""
    level = [value]
    for _ in range(MOST_DEPTH):
        if not level:
            return True
        below: list[object] = []
        for each in level:
            kind = each.__class__
            if kind is tuple:
                below += each  # type: ignore[arg-type]
            elif kind is int:
                if each.bit_length() > MOST_BITS:  # type: ignore[attr-defined]
                    return False
            elif kind not in _PLAIN:
                return False
        level = below
    return False


_PLAIN = frozenset({bool, str, bytes, NoneType})
_CHECKS: dict[type, Check] = {}


def check_of(kind: type) -> Check:
    """Return the check of one kind of message, compiled at the first call; see `checks`."""
    if kind not in _CHECKS:
        hints = get_type_hints(kind, include_extras=True)
        scope: dict[str, Any] = {"kind": kind, "plain": plain}
        names = (f"v{number}" for number in count())
        lines = ["if body.__class__ is not kind: return False"]
        mark = getattr(kind, "_well_formed", None)
        if mark is not None:
            lines.append("if body._well_formed: return True")
            scope["remember"] = mark.__set__  # the slot itself: a frozen class refuses its own
        for each in fields(kind):
            if each.init:
                lines += _lines(hints[each.name], f"body.{each.name}", names, scope)
        lines += ["return True"] if mark is None else ["remember(body, True)", "return True"]
        exec("def check(body):\n    " + "\n    ".join(lines), scope)  # as dataclasses make their methods
        _CHECKS[kind] = scope["check"]
    return _CHECKS[kind]


def _lines(kind: Any, value: str, names: Iterator[str], scope: dict[str, Any]) -> list[str]:
    """Return the lines that leave the check unless a value is of a kind."""
    name = next(names)
    lines = [f"{name} = {value}"]
    inner = get_args(kind)
    if kind in _REFUSED:
        return [*lines, f"if {_REFUSED[kind].format(name)}: return False"]
    if kind == Enclosed:
        return []
    if isinstance(kind, type) and is_dataclass(kind):
        return [*lines, f"if not {_named(kind, scope)}({name}): return False"]
    if get_origin(kind) is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        each = _lines(inner[0], f"each_{name}", names, scope)
        loop = [f"for each_{name} in {name}:", *(f"    {line}" for line in each)]
        return [*lines, f"if {name}.__class__ is not tuple: return False", *loop]
    if get_origin(kind) in (Union, UnionType):
        others = [each for each in inner if each is not NoneType]
        if len(others) == 1:
            return [
                *lines,
                f"if {name} is not None:",
                *(f"    {line}" for line in _lines(others[0], name, names, scope)),
            ]
        if all(map(is_dataclass, others)):
            either = " or ".join(f"{_named(each, scope)}({name})" for each in others)
            return [*lines, f"if not ({either}): return False"]
    raise TypeError(f"{kind!r}: a message has no field of this type")


def _named(kind: type, scope: dict[str, Any]) -> str:
    scope[f"check_{kind.__name__}"] = check_of(kind)
    return f"check_{kind.__name__}"


_REFUSED: dict[Any, str] = {
    int: f"{{0}}.__class__ is not int or not -{LARGEST} <= {{0}} <= {LARGEST}",
    Natural: f"{{0}}.__class__ is not int or not 0 <= {{0}} <= {LARGEST}",
    bool: "{0}.__class__ is not bool",
    str: "{0}.__class__ is not str",
    bytes: "{0}.__class__ is not bytes",
    Digest: f"{{0}}.__class__ is not str or len({{0}}) > {DIGEST_CHARACTERS}",
    Bits: f"{{0}}.__class__ is not int or {{0}} < 0 or {{0}}.bit_length() > {MOST_BITS}",
    Share: "({0}.__class__ is not float and {0}.__class__ is not int) or not 0 <= {0} <= 1",
    object: "not plain({0})",
}
"""When a value is refused, by the type that its field names."""
