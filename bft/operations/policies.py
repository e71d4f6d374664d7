"""Which action is taken: fixed ladders, a rule table by diagnosed kind of fault, and an operator who may decide.

A policy names its next action from the diagnosis and from what was tried in vain. Since all times are known, the mean
time to repair follows exactly from the mix of faults and the quality of the diagnosis: `expected_repair`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol

from bft.core.refusal import require, require_share
from bft.operations.recovery import CURES, Action, Costs, FaultKind

LONGEST = 100  # actions in a row; a policy that has not cured by then never will


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is known when an action must be chosen.

    Attributes
    ----------
    node : int
        Which node is down.
    diagnosis : FaultKind
        What it is taken for.
    tried : tuple of Action
        What has been done in vain.
    """

    node: int
    diagnosis: FaultKind
    tried: tuple[Action, ...] = ()


Operator = Callable[[Incident], Action | None]
"""Decides by hand; None leaves it to the policy."""


class RecoveryPolicy(Protocol):
    """Chooses actions."""

    def choose(self, incident: Incident) -> Action:
        """Return what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPolicy:
    """The same actions for every fault, one after another; the last one again and again.

    Attributes
    ----------
    ladder : tuple of Action
        At least one, and one that cures every fault must be among the steps that are reached.
    """

    ladder: tuple[Action, ...]
    kind: Literal["fixed"] = "fixed"

    def __post_init__(self) -> None:
        require(len(self.ladder) > 0, "fixed_policy.ladder", self.ladder, "must have at least one action")
        check_cures(self, "fixed_policy.ladder")

    def choose(self, incident: Incident) -> Action:
        """Return the next step."""
        return self.ladder[min(len(incident.tried), len(self.ladder) - 1)]


CHEAPEST: Mapping[FaultKind, Action] = MappingProxyType(
    {
        FaultKind.CRASH: Action.RESTART,
        FaultKind.HANG: Action.RESTART,
        FaultKind.LEAK: Action.RESTART,
        FaultKind.CORRUPTION: Action.RESTORE,
        FaultKind.HOST: Action.MIGRATE,
        FaultKind.BYZANTINE: Action.REPLACE,
    }
)
"""The rule table: the cheapest action that cures each kind of fault."""

_STRENGTH = tuple(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptivePolicy:
    """The rule's action for the diagnosed fault; if it was in vain, the diagnosis was wrong: the next stronger one.

    Attributes
    ----------
    rules : mapping of FaultKind to Action
        One for every kind.
    """

    rules: Mapping[FaultKind, Action] = field(default_factory=lambda: dict(CHEAPEST))
    kind: Literal["adaptive"] = "adaptive"

    def __post_init__(self) -> None:
        missing = [kind.value for kind in FaultKind if kind not in self.rules]
        require(not missing, "adaptive_policy.rules", missing, "must have an action for every kind of fault")
        check_cures(self, "adaptive_policy.rules")

    def choose(self, incident: Incident) -> Action:
        """Return the rule's action, or what is stronger than all that was tried."""
        if not incident.tried:
            return self.rules[incident.diagnosis]
        strongest = max(_STRENGTH.index(action) for action in incident.tried)
        return _STRENGTH[min(strongest + 1, len(_STRENGTH) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """A policy with an operator beside it, who is asked first.

    Attributes
    ----------
    policy : RecoveryPolicy
        Decides when the operator does not.
    operator : callable
        Is shown each incident.
    """

    policy: RecoveryPolicy
    operator: Operator

    def choose(self, incident: Incident) -> Action:
        """Return the operator's action, or the policy's."""
        return self.operator(incident) or self.policy.choose(incident)


def actions_for(policy: RecoveryPolicy, kind: FaultKind, *, diagnosis: FaultKind, node: int = 0) -> tuple[Action, ...]:
    """Return the actions that are taken until a fault is cured, the curing one last; empty if it never is."""
    tried: tuple[Action, ...] = ()
    while len(tried) < LONGEST:
        action = policy.choose(Incident(node=node, diagnosis=diagnosis, tried=tried))
        tried = (*tried, action)
        if kind in CURES[action]:
            return tried
    return ()


def check_cures(policy: RecoveryPolicy, name: str) -> None:
    """Refuse a policy that leaves some fault uncured for ever, under any diagnosis."""
    for kind in FaultKind:
        for diagnosis in FaultKind:
            cured = bool(actions_for(policy, kind, diagnosis=diagnosis))
            allowed = f"must come to an action that cures {kind.value}, also when it is taken for {diagnosis.value}"
            require(cured, name, policy, allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairLaw:
    """What repairs come to, on average.

    Attributes
    ----------
    mttr_s : float
        Time of all actions until the cure; detection not included.
    actions : float
        How many.
    price : float
        What they cost.
    """

    mttr_s: float
    actions: float
    price: float


def expected_repair(
    policy: RecoveryPolicy, *, mix: Mapping[FaultKind, float], costs: Costs, accuracy: float = 1.0
) -> RepairLaw:
    """Return the exact means over a mix of faults.

    Parameters
    ----------
    policy : RecoveryPolicy
    mix : mapping of FaultKind to float
        Shares of the kinds, 1 in all.
    costs : Costs
    accuracy : float
        Probability of a right diagnosis; a wrong one is any other kind of the mix, each as likely.
    """
    check_mix(mix)
    require_share("accuracy", accuracy)
    totals = [0.0, 0.0, 0.0]
    for kind, share in mix.items():
        for diagnosis, weight in diagnoses(kind, mix, accuracy).items():
            taken = actions_for(policy, kind, diagnosis=diagnosis)
            figures = (
                math.fsum(map(costs.duration_s, taken)),
                float(len(taken)),
                math.fsum(map(costs.price_of, taken)),
            )
            totals = [total + share * weight * figure for total, figure in zip(totals, figures, strict=True)]
    return RepairLaw(mttr_s=totals[0], actions=totals[1], price=totals[2])


def diagnoses(kind: FaultKind, mix: Mapping[FaultKind, float], accuracy: float) -> dict[FaultKind, float]:
    """Return the probability of each diagnosis of a fault."""
    others = [other for other in mix if other is not kind]
    if not others:
        return {kind: 1.0}
    return {kind: accuracy, **{other: (1.0 - accuracy) / len(others) for other in others}}


def check_mix(mix: Mapping[FaultKind, float]) -> None:
    """Refuse shares that are none."""
    for kind, share in mix.items():
        require_share(f"mix.{kind.value}", share)
    total = math.fsum(mix.values())
    require(abs(total - 1.0) < 1e-9, "mix", dict(mix), f"must add up to 1, not {total:g}")
