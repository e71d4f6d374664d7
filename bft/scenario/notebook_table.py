"""A scenario as a table for notebooks: its quorum and what that tolerates, then every field that is not its default."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bft.scenario.description import Scenario


def notebook_table(scenario: Scenario) -> str:
    """Return an HTML table."""
    system = scenario.system
    unit = "weight" if system.weighted else "nodes"
    rows = [
        ("n", str(scenario.n)),
        ("quorum", f"{system.quorum} of {system.total}, tolerates {system.tolerated}"),
        ("safe", f"with fewer than {system.safe_below} Byzantine {unit}"),
        ("live", f"with at most {system.live_up_to} faulty {unit}"),
        *changed_fields(scenario),
    ]
    body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{body}</table>"


def changed_fields(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield path and value, as JSON writes it, of every field but n that is not what it is by default."""
    own = scenario.own
    by_default = {} if own is None else {scenario.protocol.name: type(own)().model_dump(mode="json")}
    usual = dict(_leaves({**type(scenario)().to_dict(), **by_default}))
    for path, value in _leaves(scenario.to_dict()):
        if path != "n" and usual.get(path) != value:
            yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of everything in nested tables that is no table itself."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
