"""Answers that are JSON values: whether one fits a schema, and its one form, in which equal values are equal texts.

Two answers are the same if they are the same value: the order of fields and the spelling of numbers (1, 1.0, 1e0) do
not matter, texts are compared as they are. Of JSON schema what clients' libraries write is understood; a schema that
demands more is refused, for an answer that was not checked against it would be passed on as if it fitted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from bft.errors import ScenarioError, bad_value
from bft.live.replies.page import fenced_json, page_of
from bft.shown_values import shown

SCHEMA_CHARS = 2**15
"""A longer schema is refused: it would stand in every prompt."""

MOST_DEPTH = 32
RULE = "a JSON value"

_TELLING = frozenset(
    ["title", "description", "default", "examples", "$schema", "$id", "$comment", "format", "deprecated"]
)
_NESTED = frozenset({"items", "additionalProperties", "not"})
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED = frozenset({"properties", "$defs", "definitions"})
_BOUNDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"}
)
_OTHERS = frozenset({"type", "required", "enum", "const", "$ref"})
_KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def check_schema(schema: object) -> Mapping[str, Any]:
    """Return a schema that answers can be checked against.

    Raises `ScenarioError` if it is none, is too long, or demands what is not checked here.
    """
    if not isinstance(schema, Mapping):
        raise ScenarioError(bad_value("schema", type(schema).__name__, "must be a JSON schema: a table"))
    try:
        written = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ScenarioError("schema: must be JSON") from None
    if len(written) > SCHEMA_CHARS:
        raise ScenarioError(f"schema: has {len(written)} characters; must have at most {SCHEMA_CHARS}")
    _check(schema, schema, 0)
    return dict(schema)


def read_value(reply: str, schema: Mapping[str, Any]) -> tuple[str | None, str]:
    r"""Read a JSON value that fits a schema, in its one form, and say by which rule; None: the reply is none.

    Examples
    --------
    >>> wanted = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    >>> read_value('```json\n{"n": 42.0}\n```', wanted), read_value('{"n": "42"}', wanted)
    (('{"n":42}', 'a JSON value'), (None, ''))
    """
    page = page_of(reply)
    if page is None:
        return None, ""
    try:
        value = json.loads(fenced_json(page), object_pairs_hook=once, parse_constant=no_number)
        if not fits(value, schema):
            return None, ""
        return value_form(value), RULE
    except (ValueError, RecursionError):
        return None, ""


def value_form(value: object) -> str:
    """Return the one form of a JSON value."""
    plain = _plain(value)
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def form_of_text(text: str) -> str | None:
    """Return the one form of a JSON value that is written out; None: it is none."""
    try:
        return value_form(json.loads(text, object_pairs_hook=once, parse_constant=no_number))
    except (ValueError, RecursionError):
        return None


def fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Return whether a JSON value is what a schema demands.

    Raises `ValueError` if values nest too deeply.
    """
    return _Fitting(schema).fits(value, schema, 0)


def _check(schema: object, root: Mapping[str, Any], depth: int) -> None:
    if isinstance(schema, bool):
        return
    if depth > MOST_DEPTH or not isinstance(schema, Mapping):
        raise ScenarioError(f"schema: must be tables within tables, {MOST_DEPTH} deep at most")
    for name, inner in schema.items():
        if name in _NESTED:
            _check(inner, root, depth + 1)
        elif name in _LISTED:
            for each in inner if isinstance(inner, list) else _refuse(name, inner, "must be a list"):
                _check(each, root, depth + 1)
        elif name in _NAMED:
            for each in inner.values() if isinstance(inner, Mapping) else _refuse(name, inner, "must be a table"):
                _check(each, root, depth + 1)
        elif name == "$ref":
            if _referred(inner, root) is None:
                _refuse(name, inner, "must be # or a place in $defs or definitions")
        elif name == "type":
            kinds = inner if isinstance(inner, list) else [inner]
            if not kinds or not all(isinstance(kind, str) and kind in _KINDS for kind in kinds):
                _refuse(name, inner, f"must be of {', '.join(_KINDS)}")
        elif name in ("required", "enum"):
            if not isinstance(inner, list):
                _refuse(name, inner, "must be a list")
            if name == "required" and not all(isinstance(each, str) for each in inner):
                _refuse(name, inner, "must be a list of names")
        elif name in _BOUNDS:
            if isinstance(inner, bool) or not isinstance(inner, int | float):
                _refuse(name, inner, "must be a number")
        elif name not in _TELLING | _OTHERS:
            raise ScenarioError(f"schema.{str(name)[:40]}: is not something that a panel checks")


def _refuse(name: str, value: object, allowed: str) -> NoReturn:
    raise ScenarioError(f"schema.{name} = {shown('', value)}: {allowed}")


def _referred(reference: object, root: Mapping[str, Any]) -> Mapping[str, Any] | bool | None:
    if reference == "#":
        return root
    parts = reference.split("/") if isinstance(reference, str) else []
    if len(parts) != 3 or parts[0] != "#" or parts[1] not in ("$defs", "definitions"):
        return None
    named = root.get(parts[1])
    found = named.get(parts[2].replace("~1", "/").replace("~0", "~")) if isinstance(named, Mapping) else None
    return found if isinstance(found, Mapping | bool) else None


class _Fitting:
    """Whether the parts of one value fit the parts of one schema.

    What was found of a pair of them is remembered, and so is the form of a value: references let a short schema ask
    for the same exponentially often. Parts are known by identity, for value and schema outlive this.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._found: dict[tuple[int, int], bool] = {}
        self._forms: dict[int, str] = {}

    def fits(self, value: object, schema: Any, depth: int) -> bool:
        """Return whether a part fits. Raises `ValueError` if it nests too deeply."""
        if depth > 4 * MOST_DEPTH:
            raise ValueError("nests too deeply")
        if isinstance(schema, bool):
            return schema
        pair = id(value), id(schema)
        if pair not in self._found:
            self._found[pair] = self._look(value, schema, depth)
        return self._found[pair]

    def _look(self, value: object, schema: Mapping[str, Any], depth: int) -> bool:
        def fit(inner: object, by: Any) -> bool:
            return self.fits(inner, by, depth + 1)

        if "$ref" in schema and not fit(value, _referred(schema["$ref"], self._root)):
            return False
        kinds = schema.get("type", list(_KINDS))
        if not any(_is(value, kind) for kind in (kinds if isinstance(kinds, list) else [kinds])):
            return False
        for name, allowed in (("enum", schema.get("enum", ())), ("const", (schema.get("const"),))):
            if name in schema and self._form(value) not in map(self._form, allowed):
                return False
        if "anyOf" in schema and not any(fit(value, each) for each in schema["anyOf"]):
            return False
        if "oneOf" in schema and sum(fit(value, each) for each in schema["oneOf"]) != 1:
            return False
        if not all(fit(value, each) for each in schema.get("allOf", ())):
            return False
        if "not" in schema and fit(value, schema["not"]):
            return False
        if not _within(value, schema):
            return False
        if isinstance(value, dict):
            known = schema.get("properties", {})
            others = schema.get("additionalProperties", True)
            return all(name in value for name in schema.get("required", ())) and all(
                fit(each, known.get(name, others)) for name, each in value.items()
            )
        if isinstance(value, list):
            first: Sequence[Any] = schema.get("prefixItems", ())
            rest = schema.get("items", True)
            return all(fit(each, first[place] if place < len(first) else rest) for place, each in enumerate(value))
        return True

    def _form(self, value: object) -> str:
        if id(value) not in self._forms:
            self._forms[id(value)] = value_form(value)
        return self._forms[id(value)]


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    whole = not isinstance(value, float) or value.is_integer()
    return isinstance(value, _KINDS[kind]) and (kind != "integer" or whole)


def _within(value: object, schema: Mapping[str, Any]) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        beyond = schema.get("exclusiveMinimum", -math.inf) < value < schema.get("exclusiveMaximum", math.inf)
        return bool(beyond and schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf))
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf))
    if isinstance(value, list):
        return bool(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf))
    return True


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return a JSON object in which no name stands twice, for `json.loads`. Raises `ValueError` if one does."""
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a field stands there twice")
    return said


def no_number(constant: str) -> NoReturn:
    """Refuse NaN and infinity, for `json.loads`: raises `ValueError`."""
    raise ValueError(f"{constant} is no number of JSON")
