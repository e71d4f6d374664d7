"""Scenarios as nested tables: read from TOML, changed at a dotted path, made plain enough to be written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_TOML_BYTES
from bft.settings import Settings

NAMED_TABLES = ("validators", "check", "errors")  # a bare name stands for the table of that kind


def read_toml(path: object) -> dict[str, Any]:
    """Return the tables of a TOML file; raise ScenarioError if there are none."""
    if not isinstance(path, str | Path):
        raise ScenarioError(bad_value("path", path, "must be the path of a TOML file"))
    try:
        with open(path, "rb") as file:
            text = file.read(MOST_TOML_BYTES + 1)
        if len(text) > MOST_TOML_BYTES:
            raise ScenarioError(f"{path}: must be at most {MOST_TOML_BYTES} bytes")
        return tomllib.loads(text.decode())
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except RecursionError:
        raise ScenarioError(f"{path}: is nested too deeply") from None
    except ValueError as error:  # no TOML, no UTF-8, a number of thousands of digits
        raise ScenarioError(f"{path}: is not TOML: {error}") from None


def set_path(tree: dict[str, Any], path: object, value: object) -> None:
    """Set the value at a dotted path in nested tables, opening settings on the way."""
    if not isinstance(path, str) or not all(path.split(".")):
        raise ScenarioError(bad_value("path", path, 'must be the dotted path of a field, such as "faults.delta"'))
    *tables, last = path.split(".")
    for name in tables:
        inner = tree.get(name)
        if isinstance(inner, Settings):
            inner = {key: getattr(inner, key) for key in _given(inner)}
        if is_dataclass(inner) and not isinstance(inner, type):
            inner = {each.name: getattr(inner, each.name) for each in fields(inner)}
        if isinstance(inner, str) and name in NAMED_TABLES:
            inner = {"kind": inner}
        if inner is not None and not isinstance(inner, Mapping):
            raise ScenarioError(bad_value(path, value, f"{name} is not a table"))
        tree[name] = dict(inner or {})
        tree = tree[name]
    tree[last] = value


def _given(settings: Settings) -> list[str]:
    """Return the fields that were given, with the tag that says which kind of settings they are."""
    tags = [tag for tag in ("kind", "law") if tag in type(settings).model_fields]
    return sorted({*settings.model_fields_set, *tags})


def plain(value: Any) -> Any:
    """Return tables and lists without None, which TOML does not know."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
