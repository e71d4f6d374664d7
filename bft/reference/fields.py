"""Every field of a scenario, in order: its name, what it holds, what it means, an example.

The fields are those of the settings themselves, so that a new one is listed as soon as it exists. Where a table is one
of several kinds (`kind = "judge"`, `law = "normal"`), its fields are listed for each kind apart. The fields of a
protocol's own table follow those of all scenarios. Examples stand in `examples.toml`; who honours a field is told by
`bft.reference.honoured`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from bft.adversary.settings import BEHAVIOURS
from bft.errors import ScenarioError, bad_value
from bft.field_paths import tables_in
from bft.protocols.registry import PROTOCOLS, protocol_of
from bft.reference.examples import examples, is_scenario, refusal_of_less
from bft.reference.meanings import meanings, summary
from bft.reference.type_words import bounds, type_words, unit_of
from bft.scenario import Scenario
from bft.validators.rule_settings import OwnRule

TAGS = ("kind", "law")
"""Fields that say of which kind a table is."""

OPEN = {"faults.behaviour": "name, table or object, or a list of them", "protocol": "name or object"}
"""Fields whose annotation does not say what they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a scenario.

    Attributes
    ----------
    path : str
        Its dotted path, as in `--set` and in sweeps; what a list or a table of named tables holds follows its name.
    kinds : tuple of str
        Of which kinds the tables on the way must be, such as 'network.delay.law = "normal"'.
    type, unit, range, default : str
        What it holds; its unit, if it has one; what is allowed; its value if it is not given, "needed" if it must be.
    meaning : str
        What it says, in a sentence or two.
    example : tuple of str
        What follows `--set` where the field has another value than by default.
    """

    path: str
    kinds: tuple[str, ...]
    type: str
    unit: str
    range: str
    default: str
    meaning: str
    example: tuple[str, ...]

    @property
    def key(self) -> str:
        """Path and kinds: what tells it from all others."""
        return f"{self.path} ({', '.join(self.kinds)})" if self.kinds else self.path

    @property
    def command(self) -> str:
        """The example as a command."""
        words = [f"'{word}'" if any(sign in word for sign in "[]{}\" '") else word for word in self.example]
        return "bft run" + (f" --set {' '.join(words)}" if words else "")

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "name": self.path,
            "kinds": list(self.kinds),
            "type": self.type,
            "unit": self.unit,
            "range": self.range,
            "default": self.default,
            "meaning": self.meaning,
            "example": self.command,
        }


def field(path: str, *kinds: str) -> Field:
    """Return one field; of a path that several kinds of tables have, the first, or that of the kinds given.

    Raises
    ------
    ScenarioError
        If there is none; the message names fields with a similar path.
    """
    return named(path, kinds)[0]


def named(path: str, kinds: tuple[str, ...] = ()) -> list[Field]:
    """Return the fields of a path, and those below it: "network.delay" stands for the whole table.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    known = scenario_fields()
    found = [each for each in known if each.path == path or each.path.startswith(f"{path}.")]
    found = [each for each in found if set(kinds) <= set(each.kinds)]
    if found:
        return found
    last = path.rpartition(".")[2]
    paths = list(dict.fromkeys(each.path for each in known))
    near = [each for each in paths if each.rpartition(".")[2] == last] or difflib.get_close_matches(path, paths, n=3)
    hint = f"; did you mean {' or '.join(near[:3])}?" if near else "; `bft fields` lists all"
    raise ScenarioError(bad_value("field", path, f"is no field of a scenario{hint}"))


@cache
def scenario_fields() -> tuple[Field, ...]:
    """Return all fields, those of a table after the field that holds it."""
    seen: dict[type[Any], str] = {}
    found = list(_walk(Scenario, "", (), seen))
    for name in PROTOCOLS:
        settings = protocol_of(name).settings
        if settings is not None:
            found += _walk(settings, f"{name}.", (), seen)
    return tuple({each.key: each for each in found}.values())


def _walk(part: type[Any], prefix: str, kinds: tuple[str, ...], seen: dict[type[Any], str]) -> Iterator[Field]:
    """Yield the fields of a table; kinds of tables that were listed before are only referred to."""
    told: dict[str, str] = meanings(part)  # type: ignore[arg-type]  # mypy takes no class for hashable here
    for name, annotation, metadata, default in _declared(part):
        path = prefix + name
        alternatives = _alternatives(path, annotation)
        before = list(dict.fromkeys(seen[inner] for _, inner in alternatives if inner in seen))
        alternatives = [each for each in alternatives if each[1] not in seen]
        seen.update({inner: path for _, inner in alternatives})
        tag = name in TAGS and get_origin(annotation) is Literal and len(get_args(annotation)) == 1
        if tag:
            kind = get_args(annotation)[0]
            kinds = (*kinds, f'{path} = "{kind}"')
        meaning = summary(part) if tag else told.get(name, "")
        made = Field(
            path=path,
            kinds=kinds,
            type=OPEN.get(path) or type_words(annotation),
            unit=unit_of(name),
            range=bounds(annotation, metadata),
            default=_default(default),
            meaning=" ".join([meaning, *(f"As `{each}`." for each in before), *_names(path)]),
            example=(),
        )
        words = examples().get(made.key) or _as_by_default(made)
        allowed = made.range or (refusal_of_less(words, path) if "number" in made.type else "")
        yield replace(made, example=words, range=allowed)
        for kind, inner in alternatives:
            more = (f'{path}.kind = "{kind}"',) if kind else ()
            yield from _walk(inner, f"{path}.", (*kinds, *more), seen)


def _as_by_default(made: Field) -> tuple[str, ...]:
    """Return an example for a field that has none in the file: what it is by default."""
    protocol = made.path.partition(".")[0]
    if made.default in ("needed", "none"):
        return ()
    given = f"{made.path}={made.default}"
    words = (f"protocol={protocol}", given) if protocol in PROTOCOLS else (given,)
    return words if is_scenario(words) else ()


def _declared(part: type[Any]) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield name, annotation, metadata and default of every field that can be given; what says the kind comes first."""
    given: list[tuple[str, Any, Any, Any]] = []
    if issubclass(part, BaseModel):
        for name, each in part.model_fields.items():
            default = MISSING if each.is_required() else each.get_default(call_default_factory=True)
            given.append((name, each.annotation, each.metadata, default))
    else:
        hints = get_type_hints(part, include_extras=True)
        for one in fields(part):
            if one.init and not (one.name == "name" and one.default in ("", MISSING)):  # the key of its table
                default = one.default if one.default_factory is MISSING else one.default_factory()
                given.append((one.name, hints[one.name], (), default))
    yield from sorted(given, key=lambda each: each[0] not in TAGS)


def _alternatives(path: str, annotation: Any) -> list[tuple[str, type[Any]]]:
    """Return the tables that a field can hold; a behaviour's kind stands beside its settings, not in them."""
    if path == "faults.behaviour":
        return list(BEHAVIOURS.items())
    return [
        ("", each) for each in tables_in(annotation) if each is not OwnRule
    ]  # an object of Python has no fields here


def _names(path: str) -> list[str]:
    """Return a sentence with the names that a field takes where its type does not say them."""
    known = {"faults.behaviour": BEHAVIOURS, "protocol": PROTOCOLS}.get(path)
    return [] if known is None else [f"Names: {', '.join(known)}."]


def _default(value: Any) -> str:
    """Return a default as it is written in TOML; a table that is made of defaults is called so."""
    if value is MISSING:
        return "needed"
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        tags = [getattr(value, tag) for tag in TAGS if hasattr(value, tag)]
        return json.dumps(tags[0]) if tags else "a table of its defaults"
    if isinstance(value, Enum):
        return json.dumps(value.value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool | int | str):
        return json.dumps(value)
    if isinstance(value, tuple | list):
        if not value:
            return "[]"
        names = [name for each in value for name, kind in BEHAVIOURS.items() if type(each) is kind]
        if any(is_dataclass(each) or isinstance(each, BaseModel) for each in value):
            return json.dumps(names[0]) if names else f"{len(value)} tables"
        return json.dumps(list(value), default=lambda each: each.value)
    if isinstance(value, Mapping):
        return "{}"
    if is_dataclass(value) and not isinstance(value, type) and not hasattr(value, "reads"):
        return "a table of its defaults"
    return json.dumps(str(value))
