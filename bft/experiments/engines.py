"""Which engine runs a cell. Both give the same rows; the vectorised one gives them sooner, where it honours a scenario.

It has no invariant monitors: where safety itself is in question, ask for the event engine.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from bft.errors import SweepError, UnsupportedError, bad_value
from bft.scenario import Scenario
from bft.vectorised import supported

Engine = Literal["auto", "simpy", "vectorised"]
ENGINES: tuple[Engine, ...] = ("auto", "simpy", "vectorised")


class Way(Enum):
    """How the replications of a cell are run."""

    SIMPY = "event by event"
    OUTCOMES = "vectorised, outcomes alone"
    TIMES = "vectorised, with the times of decisions"


def way_of(scenario: Scenario, engine: str = "auto", *, records: bool = False) -> Way:
    """Return the fastest way to the rows of a scenario that the engine asked for allows.

    Parameters
    ----------
    scenario : Scenario
        What is run.
    engine : {"auto", "simpy", "vectorised"}
        What was asked for; "auto" takes the vectorised engine wherever it honours the scenario.
    records : bool
        Whether times of decisions are wanted, replication by replication.

    Raises
    ------
    UnsupportedError
        If the vectorised engine is asked for what it cannot honour; the message names the field.
    SweepError
        If there is no such engine.

    Examples
    --------
    >>> way_of(Scenario(n=4)), way_of(Scenario(n=4, network={"duplication": 0.1}))
    (<Way.OUTCOMES: 'vectorised, outcomes alone'>, <Way.SIMPY: 'event by event'>)
    """
    if engine not in ENGINES:
        raise SweepError(bad_value("engine", engine, f"must be one of {', '.join(ENGINES)}"))
    if engine == "simpy":
        return Way.SIMPY
    timed = supported(scenario)
    reason = timed if records else supported(scenario, timing=False)
    if reason is None:
        return Way.TIMES if records else Way.OUTCOMES
    if timed is None:
        return Way.TIMES
    if engine == "vectorised":
        raise UnsupportedError(reason)
    return Way.SIMPY
