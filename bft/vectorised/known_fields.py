"""The fields of a scenario that the vectorised engine knows, so that a new one is refused instead of overlooked.

Knowing a field is not honouring each of its values: that is what `bft.vectorised.support` goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from bft.adversary.crash import Crash, Slow
from bft.adversary.equivocate import Equivocate
from bft.adversary.inject import Inject
from bft.adversary.lie import Collude, Lie
from bft.adversary.settings import Faults
from bft.adversary.silence import SilentPrimary, Withhold
from bft.network.delays import ConstantDelay, ExponentialDelay, LognormalDelay, NormalDelay, UniformDelay
from bft.network.settings import BEYOND, Network, Partition
from bft.protocols.ballot.settings import BallotSettings
from bft.protocols.pbft.settings import PbftSettings
from bft.scenario import Requests, Scenario
from bft.settings import Settings
from bft.validators.check_settings import JudgeSettings, SameAnswerSettings
from bft.validators.clones import CloneSettings
from bft.validators.confidence import ConfidenceSettings
from bft.validators.debate import DebateSettings
from bft.validators.error_settings import BetaBinomialErrorSettings, CorrelatedErrorSettings, IndependentErrorSettings
from bft.validators.injection import InjectionSettings
from bft.validators.latency_settings import LatencySettings
from bft.validators.rule_settings import (
    ConfidenceRule,
    JudgeRule,
    LogOddsRule,
    OwnRule,
    PluralityRule,
    QuorumRule,
    StakeRule,
)
from bft.validators.settings import PerfectValidators, RecordedValidators, StatisticalValidators
from bft.validators.timeouts import TimeoutSettings

FIELDS: dict[type[Settings], str] = {
    Scenario: "n f quorum stakes protocol rule faults validators network requests views retransmission retransmit_s "
    "horizon_s machine service membership",  # known to be refused: their own settings are not in this table
    PbftSettings: "view_timeout_s timeout_growth timeout_cap_s checkpoint_interval window",
    BallotSettings: "deadline_s",
    Faults: "delta draw nodes behaviour shares",
    Network: "delay loss duplication partitions",
    Partition: "groups start_s end_s",
    Requests: "count rate_per_s",
    ConstantDelay: "law delay_s",
    UniformDelay: "law low_s high_s",
    NormalDelay: "law mean_s sd_s",
    LognormalDelay: "law median_s log_sd",
    ExponentialDelay: "law mean_s",
    PerfectValidators: "kind",
    StatisticalValidators: "kind preset file accuracy options errors missing missing_correlation check latency clones "
    "confidence debate injection timeouts",
    RecordedValidators: "kind file models kept_for_learning compare drop_conflicts check latency confidence debate "
    "injection timeouts",
    SameAnswerSettings: "kind flip",
    JudgeSettings: "kind accept_given_right accept_given_wrong accept_given_right_own_right "
    "accept_given_right_own_wrong accept_given_wrong_own_right accept_given_wrong_own_wrong unsure flip redraw "
    "correlation",
    IndependentErrorSettings: "kind",
    BetaBinomialErrorSettings: "tau k_alpha kind correlation",
    CorrelatedErrorSettings: "tau k_alpha kind r flawed",
    QuorumRule: "kind",
    PluralityRule: "kind ties",
    StakeRule: "kind ties",
    LogOddsRule: "kind ties accuracy questions options",
    ConfidenceRule: "kind ties",
    JudgeRule: "kind",
    OwnRule: "kind of",
}
KNOWN = {kind: frozenset(names.split()) for kind, names in FIELDS.items()}
JUDGED_BY_TYPE = (LatencySettings, DebateSettings, TimeoutSettings)  # refused as a whole elsewhere
TAKEN_WHOLE = (CloneSettings, ConfidenceSettings, InjectionSettings)  # part of the answers, or of no matter in PBFT
JUDGED_BY_NAME: dict[type[Settings], frozenset[str]] = {
    Network: frozenset(BEYOND)
}  # the same: a complete topology is none that matters
BEHAVIOURS = (Crash, Withhold, SilentPrimary, Equivocate, Lie, Collude)
PARAMETERS = frozenset({"at_s", "rush"})
OF_BALLOTS = frozenset({"at_s", "rush", "delay_s", "confidence"})


def unknown_fields(scenario: Scenario) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each field that is set to something this engine was not written for."""
    ballot = scenario.protocol.name == "ballot"
    kinds, parameters = ((*BEHAVIOURS, Slow, Inject), OF_BALLOTS) if ballot else (BEHAVIOURS, PARAMETERS)
    for behaviour in scenario.faults.behaviour:
        for field in fields(behaviour) if isinstance(behaviour, kinds) else ():
            if field.name not in parameters and getattr(behaviour, field.name) != field.default:
                yield f"faults.behaviour.{field.name}", getattr(behaviour, field.name)
    yield from _unknown(scenario, ())
    if type(scenario.own) in KNOWN:
        yield from _unknown(scenario.own, (scenario.protocol.name,))


def _unknown(settings: Settings, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    known = KNOWN.get(type(settings), frozenset())
    for name, field in type(settings).model_fields.items():
        if name in JUDGED_BY_NAME.get(type(settings), frozenset()):
            continue
        value, here = getattr(settings, name), (*path, name)
        if name not in known:
            if value != field.get_default(call_default_factory=True):
                yield ".".join(here), "given" if isinstance(value, Settings) else value
            continue
        for inner in value if isinstance(value, tuple) else (value,):
            if not isinstance(inner, Settings) or isinstance(inner, JUDGED_BY_TYPE + TAKEN_WHOLE):
                continue
            if type(inner) in KNOWN:
                yield from _unknown(inner, here)
            else:
                tags = [tag for tag in ("kind", "law") if hasattr(inner, tag)]
                yield ".".join((*here, *tags)), getattr(inner, tags[0]) if tags else type(inner).__name__
