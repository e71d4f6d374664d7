"""Panels of real LLMs as numbers: the presets of the project, and files of the same form that a fit has written."""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bft.errors import ScenarioError, TableError, bad_value
from bft.refusals import explain
from bft.validators.panel_numbers import PanelNumbers


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets."""
    return tuple(_presets())


def preset(name: str) -> PanelNumbers:
    """Return the preset of that name.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    found = _presets().get(name)
    if found is None:
        near = difflib.get_close_matches(name, preset_names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ScenarioError(bad_value("validators.preset", name, f"must be one of {', '.join(preset_names())}{hint}"))
    return found


def load_numbers(path: str) -> PanelNumbers:
    """Read the numbers of a panel from a TOML file: those of a fit, or the validators of a scenario.

    Raises `TableError` if the file cannot be read, or holds something else.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as reason:
        raise TableError(bad_value("validators.file", path, f"cannot be read: {reason.strerror}")) from reason
    except RecursionError:
        raise TableError(bad_value("validators.file", path, "is nested too deeply")) from None
    except ValueError as reason:  # no TOML, no UTF-8, a number of thousands of digits
        raise TableError(bad_value("validators.file", path, f"is not TOML: {reason}")) from reason
    numbers = _numbers_of(content)
    try:
        return PanelNumbers.model_validate(numbers)
    except ValidationError as reason:
        raise TableError(f"{path}: {explain(reason, numbers, PanelNumbers)}") from reason


def _numbers_of(content: dict[str, Any]) -> dict[str, Any]:
    """Take the numbers out of a scenario, such as a fit writes for `bft run`."""
    validators = content.get("validators")
    if not isinstance(validators, dict) or validators.get("kind") != "statistical":
        return content
    return {name: value for name, value in validators.items() if name in PanelNumbers.model_fields}


@cache
def _presets() -> dict[str, PanelNumbers]:
    content = tomllib.loads((files("bft.validators") / "presets.toml").read_text(encoding="utf-8"))
    return {name: PanelNumbers.model_validate(entry) for name, entry in content.items()}
