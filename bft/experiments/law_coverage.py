"""The fields of a scenario that the exact laws were written for: a new one costs the law instead of falsifying it.

Knowing a field is not covering each of its values: that is what `bft.experiments.laws` goes through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.settings import Faults
from bft.adversary.silence import SilentPrimary, Withhold
from bft.network.settings import BEYOND, Network
from bft.protocols.protocol import Protocol
from bft.scenario import Requests, Scenario
from bft.settings import Settings
from bft.validators.check_settings import JudgeSettings, SameAnswerSettings
from bft.validators.error_settings import BetaBinomialErrorSettings, CorrelatedErrorSettings, IndependentErrorSettings
from bft.validators.rule_settings import JudgeRule, LogOddsRule, PluralityRule, QuorumRule, StakeRule
from bft.validators.settings import PerfectValidators, RecordedValidators, StatisticalValidators

OPENED: dict[type[Settings], str] = {
    Scenario: "faults validators network requests rule",
    StatisticalValidators: "errors check",
    RecordedValidators: "check",
}
"""Fields whose own settings are gone through."""

TAKEN_WHOLE: dict[type[Settings], str] = {
    Scenario: "n f quorum stakes protocol views retransmission retransmit_s horizon_s machine service membership",
    # machine, service and membership must not be given
    Faults: "delta draw nodes behaviour shares",
    # The slowest message is asked of whatever law there is; partitions, and what goes beyond delays, must not be given.
    Network: " ".join(("delay loss duplication partitions", *BEYOND)),
    Requests: "count rate_per_s clients operations",  # of one request no more matters than that it is one
    PerfectValidators: "kind",
    # Debates, timeouts, clones and latencies must not be given; nothing that has a law asks for confidence or hides
    # instructions.
    StatisticalValidators: "kind preset file accuracy options missing missing_correlation latency clones confidence "
    "debate injection timeouts",
    RecordedValidators: "kind file models kept_for_learning compare drop_conflicts latency confidence debate injection "
    "timeouts",
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
    JudgeRule: "kind",
}
"""Fields that the laws judge by their value alone."""

VALUES: dict[tuple[type[Settings], str], tuple[str, ...]] = {
    (Faults, "draw"): ("independent", "fraction"),
}
"""Names that the laws tell apart, where a further one would be taken for one of these."""

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
    yield from _own(scenario, getattr(laws, "SETTINGS", ()))
    yield from _uncovered(scenario, ())
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
    place = f"bft.experiments.laws.{protocol.package}"
    return import_module(place) if protocol.package and find_spec(place) is not None else None


def _own(scenario: Scenario, known: Collection[str]) -> Iterator[str]:
    """Yield the fields of the protocol's own settings that its laws do not judge and that are set."""
    own = scenario.own
    for name, field in type(own).model_fields.items() if own is not None else ():
        if name not in known and getattr(own, name) != field.get_default(call_default_factory=True):
            yield f"{scenario.protocol.name}.{name}"


def _uncovered(settings: Settings, path: tuple[str, ...]) -> Iterator[str]:
    kind = type(settings)
    if kind not in TAKEN_WHOLE:
        yield ".".join(path)
        return
    opened, whole = OPENED.get(kind, "").split(), TAKEN_WHOLE[kind].split()
    for name, field in kind.model_fields.items():
        value, here = getattr(settings, name), (*path, name)
        if name in opened:
            if value is not None:
                yield from _uncovered(value, here)
        elif name in whole:
            if value not in VALUES.get((kind, name), (value,)):
                yield ".".join(here)
        elif value != field.get_default(call_default_factory=True):
            yield ".".join(here)
