"""What a call of each model costs and how long it takes: from a table (csv, or any other form of one) or TOML.

model,price,latency_s
gpt-x,0.004,2.1

[models."gpt-x"]
price = 0.004
latency_s = 2.1
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bft.errors import TableError, bad_value
from bft.validators.raw_tables import raw_table
from bft.validators.table_files import listed, named
from bft.validators.table_values import Field, Float, Unreadable, texts_of

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
        rows = _toml(path, path.read_text(encoding="utf-8-sig")) if path.suffix.lower() == ".toml" else _table(path)
    except OSError as reason:
        raise TableError(bad_value("prices", str(file), f"cannot be read: {reason.strerror}")) from reason
    except UnicodeDecodeError as reason:
        raise TableError(bad_value("prices", str(file), f"is not text in UTF-8: {reason}")) from reason
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


def _table(path: Path) -> Mapping[str, Mapping[str, Any]]:
    with raw_table(path, ("model", *FIELDS)) as table:
        called = {name: named(path, table.header, name) for name in ("model", *FIELDS)}
        columns = {name: own for name, own in called.items() if own is not None}
        if "model" not in columns or len(columns) == 1 or len(columns) < len(table.header):
            allowed = f"must have the columns model, and price, latency_s or both (found: {listed(table.header)})"
            raise TableError(bad_value("prices", str(path), allowed))
        fields = table.columns(columns)
    found: dict[str, Mapping[str, Any]] = {}
    for place, each in enumerate(fields["model"]):
        model = (texts_of(each, None)[0] or "").strip()
        if not model or isinstance(each, Unreadable):
            raise TableError(f"{path}: row {place + 1}: model must be named")
        if model in found:
            raise TableError(f"{path}: {bad_value('model', model, 'stands there twice')}")
        row = {name: fields[name][place] for name in FIELDS if name in fields}
        found[model] = {name: _plain(value) for name, value in row.items() if value is not None}
    return found


def _plain(field: Field) -> object:
    return field.value if isinstance(field, Float | Unreadable) else field


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
