"""One experiment, described: frozen, validated, read from and written to TOML.

A scenario says what is run, never how often or with which seed. Everything that can be wrong with it is refused here,
before anything runs, in one sentence that names the field, the value and what is allowed.
"""

from __future__ import annotations

from bft.scenario.description import Requests, Scenario
from bft.scenario.tables import read_toml, set_path

__all__ = ["Requests", "Scenario", "read_toml", "set_path"]
