"""The cells of a sweep: one scenario each, checked before anything runs, with a seed of its own.

A cell's seed follows from the master seed and from *what the cell is*, not from where it stands: the same scenario
gives the same numbers in whatever sweep it occurs, and different scenarios have independent randomness.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from bft.errors import SweepError, bad_value
from bft.experiments.axes import Axes, Label, label
from bft.network.stamps import Stamp, stamp_of
from bft.protocols.registry import protocol_of
from bft.scenario import Scenario

MOST_CELLS = 1_000_000
PROTOCOL = "protocol"
"""The axis whose values stand in rows under the names of protocols."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario of a sweep.

    Attributes
    ----------
    parameters : mapping of str to scalar
        What the axes are set to, as it stands in tables.
    scenario : Scenario
        The whole scenario.
    seed : int
        Seed of its replications.
    """

    parameters: Mapping[str, Label]
    scenario: Scenario
    seed: int


def make_cells(scenario: Scenario, axes: Axes, seed: int, *, common_random_numbers: bool = False) -> tuple[Cell, ...]:
    """Return all combinations of the axes' values, the first axis outermost.

    Raises `ScenarioError` if the scenario has no such field, or a combination cannot be run; `SweepError` if there are
    too many.
    """
    number = prod(len(values) for values in axes.values())
    if number > MOST_CELLS:
        raise SweepError(bad_value("over", number, f"must make at most {MOST_CELLS} cells"))
    _told_apart(axes)
    cells = []
    for values in product(*axes.values()):
        here = scenario.replace_all(dict(zip(axes, values, strict=True)))
        cells.append(
            Cell(
                parameters={
                    path: here.protocol.name if path == PROTOCOL else label(value)
                    for path, value in zip(axes, values, strict=True)
                },
                scenario=here,
                seed=seed if common_random_numbers else cell_seed(here, seed),
            )
        )
    return tuple(cells)


def _told_apart(axes: Axes) -> None:
    """Refuse protocols that stand in the rows under one name."""
    names = [protocol_of(value).name for value in axes.get(PROTOCOL, ())]
    for name in names:
        if names.count(name) > 1:
            raise SweepError(bad_value(f"over.{PROTOCOL}", name, "is the name of two of the protocols"))


FIRST_SAID = {
    "view_timeout_s": 10.0,
    "timeout_growth": 2.0,
    "timeout_cap_s": 600.0,
    "checkpoint_interval": 16,
    "window": 64,
}
"""Fields that every scenario had, with their defaults, before protocols had tables of their own."""


def cell_seed(scenario: Scenario, seed: int) -> int:
    """Return the seed of a scenario under a master seed, between 0 and 2⁶³ − 1."""
    written = json.dumps([seed, addressed(scenario)], sort_keys=True)
    return int.from_bytes(sha256(written.encode()).digest()[:8], "big") >> 1


def content(scenario: Scenario) -> dict[str, Any]:
    """Return what a scenario says, with files replaced by what they hold: tables may move without changing anything."""
    said = scenario.to_dict()
    file = said["validators"].get("file")
    if file is not None:
        said["validators"]["file"] = sha256(Path(file).read_bytes()).hexdigest()
    return said


def stamps(scenario: Scenario) -> tuple[Stamp | None, ...]:
    """Return the versions of the files that a scenario names: what is built from them is kept while they hold."""
    said = getattr(scenario.validators, "file", None)
    return tuple(stamp_of(str(file)) for file in (said, *scenario.network.files) if file is not None)


def addressed(scenario: Scenario) -> dict[str, Any]:
    """Return what seeds and the keys of stored blocks follow from: what a scenario says, in the names it had at first.

    So a setting that moved to its protocol's table changes no seed, and finds the blocks that were stored before.
    """
    said = {**FIRST_SAID, **content(scenario)}
    former = {} if scenario.own is None else type(scenario.own).former_names
    if former:
        own = said.pop(scenario.protocol.name)
        said |= {former[name]: own.pop(name) for name in former}
        said |= {scenario.protocol.name: own} if own else {}
    return said
