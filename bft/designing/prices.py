"""What a call of each model costs and how long it takes: from a file, csv or TOML.

model,price,latency_s
gpt-x,0.004,2.1

[models."gpt-x"]
price = 0.004
latency_s = 2.1
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bft.errors import TableError, bad_value

FIELDS = ("price", "latency_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One model's call.

    Attributes
    ----------
    price : float or None
        Of one call, in any currency; None where it is not known.
    latency_s : float or None
        How long a call takes; None where it is not known.
    """

    price: float | None = None
    latency_s: float | None = None


def read_prices(file: str | Path) -> dict[str, Price]:
    """Read the prices of models.

    Raises `TableError` if the file cannot be read, or a price or a latency is no number of at least 0.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as reason:
        raise TableError(bad_value("prices", str(file), f"cannot be read: {reason.strerror}")) from reason
    except UnicodeDecodeError as reason:
        raise TableError(bad_value("prices", str(file), f"is not text in UTF-8: {reason}")) from reason
    rows = _toml(path, text) if path.suffix.lower() == ".toml" else _csv(path, text)
    found = {}
    for model, row in rows.items():
        unknown = [name for name in row if name not in FIELDS]
        if unknown:
            raise TableError(
                f"{path}: {bad_value(f'{model}.{unknown[0]}', row[unknown[0]], 'must be price, latency_s')}"
            )
        found[model] = Price(**{name: _number(path, model, name, value) for name, value in row.items()})
    return found


def prices_of(given: object) -> dict[str, Price]:
    """Return prices given as a mapping of models to a `Price`, to a mapping, or to the price alone."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TableError(bad_value("prices", given, "must be a file, or a mapping of models to prices"))
    found = {}
    for model, value in given.items():
        if isinstance(value, Price):
            found[model] = value
            continue
        row = value if isinstance(value, Mapping) else {"price": value}
        found[model] = Price(**{name: _number(None, model, name, each) for name, each in row.items()})
    return found


def _toml(path: Path, text: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        models = tomllib.loads(text).get("models")
    except RecursionError:
        raise TableError(bad_value("prices", str(path), "is nested too deeply")) from None
    except ValueError as reason:  # no TOML, or a number of thousands of digits
        raise TableError(bad_value("prices", str(path), f"is not TOML: {reason}")) from reason
    if not isinstance(models, Mapping) or not all(isinstance(row, Mapping) for row in models.values()):
        raise TableError(bad_value("prices", str(path), "must have a table [models.NAME] for each model"))
    return models


def _csv(path: Path, text: str) -> Mapping[str, Mapping[str, Any]]:
    lines = csv.DictReader(text.splitlines())
    named = set(lines.fieldnames or ())
    if "model" not in named or not named & set(FIELDS) or not named <= {"model", *FIELDS}:
        raise TableError(bad_value("prices", str(path), "must have the columns model, and price, latency_s or both"))
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        model = str(line["model"]).strip()
        if model in found:
            raise TableError(f"{path}: {bad_value('model', model, 'stands there twice')}")
        if len(line) > len(named):
            raise TableError(f"{path}: {bad_value('model', model, 'has more fields than the header')}")
        found[model] = {name: line[name] for name in FIELDS if line.get(name) not in (None, "")}
    return found


def _number(path: Path | None, model: str, name: str, value: Any) -> float:
    where = "" if path is None else f"{path}: "
    if name not in FIELDS:
        raise TableError(f"{where}{bad_value(f'{model}.{name}', value, 'must be price, latency_s')}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0.0 <= number < math.inf or isinstance(value, bool):
        raise TableError(f"{where}{bad_value(f'{model}.{name}', value, 'must be a number of at least 0')}")
    return number
