"""The fields of a scenario that the vectorised engine knows, so that a new one is refused instead of overlooked.

Knowing a field is not honouring each of its values: that is what `bft.vectorised.support` goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from bft.adversary.settings import Faults
from bft.network.delays import ConstantDelay, ExponentialDelay, LognormalDelay, NormalDelay, UniformDelay
from bft.network.settings import BEYOND, Network, Partition
from bft.scenario import Requests, Scenario
from bft.scenario.set_fields import VALIDATORS
from bft.scenario.set_fields import unknown_fields as fields_beyond
from bft.settings import Settings
from bft.validators.clones import CloneSettings
from bft.validators.confidence import ConfidenceSettings
from bft.validators.debate import DebateSettings
from bft.validators.injection import InjectionSettings
from bft.validators.latency_settings import LatencySettings
from bft.validators.rule_settings import ConfidenceRule, OwnRule
from bft.validators.timeouts import TimeoutSettings
from bft.vectorised.companions import companion

FIELDS: dict[type[Settings], str] = {
    Scenario: "n f quorum stakes protocol rule faults validators network requests views retransmission retransmit_s "
    "horizon_s machine service membership",  # known to be refused: their own settings are not in this table
    Faults: "delta draw nodes behaviour shares",
    Network: "delay loss duplication partitions",
    Partition: "groups start_s end_s",
    Requests: "count rate_per_s",
    ConstantDelay: "law delay_s",
    UniformDelay: "law low_s high_s",
    NormalDelay: "law mean_s sd_s",
    LognormalDelay: "law median_s log_sd",
    ExponentialDelay: "law mean_s",
    **VALIDATORS,
    ConfidenceRule: "kind ties",
    OwnRule: "kind of",
}
KNOWN = FIELDS | {Network: " ".join((FIELDS[Network], *BEYOND))}  # the latter are refused by name elsewhere
JUDGED_BY_TYPE = (LatencySettings, DebateSettings, TimeoutSettings)  # refused as a whole elsewhere
TAKEN_WHOLE = (CloneSettings, ConfidenceSettings, InjectionSettings)  # part of the answers, or of no matter in PBFT


def unknown_fields(scenario: Scenario) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each field that is set to something this engine was not written for.

    Its own settings, and which behaviours it may run, the companion of the protocol knows.
    """
    engine = companion(scenario.protocol)
    for behaviour in scenario.faults.behaviour:
        for field in fields(behaviour) if isinstance(behaviour, engine.BEHAVIOURS) else ():
            if field.name not in engine.PARAMETERS and getattr(behaviour, field.name) != field.default:
                yield f"faults.behaviour.{field.name}", getattr(behaviour, field.name)
    yield from fields_beyond(scenario, KNOWN, _opens)
    if scenario.own is not None:
        own = {type(scenario.own): " ".join(engine.SETTINGS)}
        yield from fields_beyond(scenario.own, own, _opens, (scenario.protocol.name,))


def _opens(kind: type[Settings], name: str, value: Settings) -> bool:
    return not (isinstance(value, JUDGED_BY_TYPE + TAKEN_WHOLE) or (issubclass(kind, Network) and name in BEYOND))
