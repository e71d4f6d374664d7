"""Which scenarios the vectorised engine can honour; the others it refuses by the name of the field.

How a protocol is run, and which of its scenarios, its companion says: `bft.vectorised.protocols.NAME`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from bft.errors import bad_value
from bft.scenario import Scenario
from bft.vectorised.companions import companion
from bft.vectorised.known_fields import unknown_fields

Obstacle: TypeAlias = tuple[str, Any, str]
"""The field, its value, and what the engine runs."""


def supported(scenario: Scenario, *, timing: bool = True) -> str | None:
    """Return why the engine refuses a scenario, or None if it does not.

    Parameters
    ----------
    scenario : Scenario
        What would be run.
    timing : bool
        Whether times are asked for, or only outcomes.

    Examples
    --------
    >>> supported(Scenario(n=4)) is None
    True
    >>> supported(Scenario(n=4, network={"duplication": 0.1}))
    'network.duplication = 0.1: the vectorised engine runs without copies'
    """
    for field, value, runs in _obstacles(scenario, timing):
        return bad_value(field, value, f"the vectorised engine runs {runs}")
    return None


def _obstacles(scenario: Scenario, timing: bool) -> Iterator[Obstacle]:
    """Yield what stands against a scenario, the plainest first."""
    engine = companion(scenario.protocol)
    if engine is None:
        yield "protocol", scenario.protocol.name, "pbft and ballots"
        return
    for path, value in unknown_fields(scenario):
        yield path, value, "scenarios without it"
    yield from engine.obstacles(scenario, timing)
