"""The fields of a validated description, by their dotted paths, and which of them an unknown key may have meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

MOST_SUGGESTIONS = 3


@cache
def field_paths(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the dotted paths of all fields of a description and of its parts, each once, in the order of the fields.

    Examples
    --------
    >>> from bft import Faults
    >>> field_paths(Faults)
    ('delta', 'draw', 'nodes', 'behaviour', 'shares')
    """
    return tuple(dict.fromkeys(_walk(model, "")))


def suggestion(model: type[BaseModel], location: Sequence[int | str], prefix: str = "") -> str:
    """Return what an unknown key may have meant, or what its table knows, as the end of a sentence.

    Parameters
    ----------
    model : type
        What was described.
    location : sequence of int or str
        Where the key stands, as pydantic locates it: names of fields, places in lists, tags of alternatives.
    prefix : str
        Path of the description inside a larger one.

    Returns
    -------
    str
        The field of the same table with a similar name; else fields of this very name in other tables; else all
        fields of the table. Empty for a table that can have any keys.
    """
    *tables, last = location
    parts: list[type[Any]] = [model]
    path: list[str] = []
    for step in tables:
        inner = [each for part in parts if step in _annotations(part) for each in tables_in(_annotations(part)[step])]
        if inner or any(step in _annotations(part) for part in parts):
            parts = inner
            path.append(str(step))
        elif tagged := [part for part in parts if step in _tags(part)]:
            parts = tagged
        else:
            path.append(str(step))  # a place in a list, or a name that the author chose
    siblings = list(dict.fromkeys(str(name) for part in parts for name in _annotations(part)))
    similar = [".".join([*path, name]) for name in get_close_matches(str(last), siblings, n=1)]
    similar = similar or [each for each in field_paths(model) if each.rpartition(".")[2] == last][:MOST_SUGGESTIONS]
    if similar:
        return f"; did you mean {' or '.join(prefix + each for each in similar)}?"
    return f"; the keys here are {', '.join(siblings)}" if siblings else ""


def _walk(part: type[Any], prefix: str) -> Iterator[str]:
    """Yield the paths of a part's fields, those of inner parts after the field that holds them."""
    for name, annotation in _annotations(part).items():
        yield prefix + name
        for inner in tables_in(annotation):
            yield from _walk(inner, f"{prefix}{name}.")


def _annotations(part: type[Any]) -> Mapping[Any, Any]:
    """Return the annotation of every field that can be given."""
    if issubclass(part, BaseModel):
        return {name: each.annotation for name, each in part.model_fields.items()}
    hints = get_type_hints(part)
    return {each.name: hints[each.name] for each in fields(part) if each.init}


def tables_in(annotation: Any) -> list[type[Any]]:
    """Return the kinds of tables that a field can hold."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) or is_dataclass(annotation) else []
    return [each for inner in get_args(annotation) for each in tables_in(inner)]


def _tags(part: type[Any]) -> tuple[Any, ...]:
    """Return the names by which a kind of table is told from the alternatives."""
    return tuple(
        tag
        for annotation in _annotations(part).values()
        if get_origin(annotation) is Literal
        for tag in get_args(annotation)
    )
