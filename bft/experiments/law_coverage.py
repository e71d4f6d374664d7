"""The fields of a scenario that the exact laws were written for: a new one costs the law instead of falsifying it.

Knowing a field is not covering each of its values: that is what `bft.experiments.laws` goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.settings import Faults
from bft.adversary.silence import SilentPrimary, Withhold
from bft.network.settings import BEYOND, Network
from bft.protocols.protocol import Protocol
from bft.protocols.registry import companion
from bft.scenario import Requests, Scenario
from bft.scenario.set_fields import VALIDATORS, unknown_fields
from bft.settings import Settings
from bft.validators.settings import RecordedValidators, StatisticalValidators

OPENED: dict[type[Settings], str] = {
    Scenario: "faults validators network requests rule",
    StatisticalValidators: "errors check",
    RecordedValidators: "check",
}
"""Fields whose own settings are gone through."""

KNOWN: dict[type[Settings], str] = {
    Scenario: "n f quorum stakes protocol rule faults validators network requests views retransmission retransmit_s "
    "horizon_s machine service membership",  # the last three must not be given
    Faults: "delta draw nodes behaviour shares",
    # The slowest message is asked of whatever law there is; partitions, and what goes beyond delays, must not be given.
    Network: " ".join(("delay loss duplication partitions", *BEYOND)),
    Requests: "count rate_per_s clients operations",  # of one request no more matters than that it is one
    # Debates, timeouts and latencies must not be given; nothing that has a law asks for confidence or hides
    # instructions.
    **VALIDATORS,
}
"""Fields that the laws judge by their value, or whose own settings are gone through."""

DRAWS = ("independent", "fraction")
"""The values of `faults.draw` that the laws tell apart, where a further one would be taken for one of these."""

BEHAVIOURS: dict[type[Behaviour], str] = {
    Crash: "at_s",
    Withhold: "",
    SilentPrimary: "",
    Equivocate: "rush",
    Lie: "confidence",
    Collude: "confidence",
}
"""What the faulty may do, and its parameters."""


def uncovered_fields(scenario: Scenario, *, anybody_faulty: bool) -> Iterator[str]:
    """Yield the path of each field that is set to something no law was written for.

    Parameters
    ----------
    scenario : Scenario
        What would be run.
    anybody_faulty : bool
        Whether behaviours matter.

    Examples
    --------
    >>> list(uncovered_fields(Scenario(n=4), anybody_faulty=True))
    []
    >>> list(uncovered_fields(Scenario(n=4, faults={"behaviour": "slow"}), anybody_faulty=True))
    ['faults.behaviour']
    """
    laws = laws_about(scenario.protocol)
    if laws is None:
        yield "protocol"
    if scenario.own is not None:
        own = {type(scenario.own): " ".join(getattr(laws, "SETTINGS", ()))}
        yield from (path for path, _ in unknown_fields(scenario.own, own, _opens, (scenario.protocol.name,)))
    yield from (path for path, _ in unknown_fields(scenario, KNOWN, _opens))
    if scenario.faults.draw not in DRAWS:
        yield "faults.draw"
    for behaviour in scenario.faults.behaviour if anybody_faulty else ():
        known = BEHAVIOURS.get(type(behaviour))
        if known is None:
            yield "faults.behaviour"
            continue
        for field in fields(behaviour):
            if field.name not in known.split() and getattr(behaviour, field.name) != field.default:
                yield f"faults.behaviour.{field.name}"


def laws_about(protocol: Protocol) -> Any:
    """Return the module of laws about a protocol; None if there is none."""
    return companion("bft.experiments.laws", protocol)


def _opens(kind: type[Settings], name: str, value: Settings) -> bool:
    del value
    return name in OPENED.get(kind, "").split()
