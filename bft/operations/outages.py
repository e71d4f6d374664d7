"""What follows a fault: detection, diagnosis, the actions of a policy and the time that each takes, what is lost.

Everything is drawn or computed at the moment of the fault. When it happens, and to whom, is left to the simulation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

from bft.durations import Lifetime
from bft.errors import ScenarioError, bad_value
from bft.operations.beats import Draws, Heartbeats
from bft.operations.heartbeat import DetectorRules
from bft.operations.policies import AdaptivePolicy, RecoveryPolicy, actions_for, check_mix, diagnoses
from bft.operations.recovery import Action, Costs, FaultKind, Snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What follows a fault.

    Attributes
    ----------
    kind : FaultKind
        What it is.
    detection_s : float
        Until it is noticed.
    diagnosis : FaultKind
        What it is taken for.
    actions : tuple of (Action, float)
        What is done, and how long each takes.
    lost_s : float
        Work that no snapshot holds.
    radius : int
        How many nodes of the host it takes down.
    """

    kind: FaultKind = FaultKind.CRASH
    detection_s: float = 0.0
    diagnosis: FaultKind = FaultKind.CRASH
    actions: tuple[tuple[Action, float], ...] = ()
    lost_s: float = 0.0
    radius: int = 1

    @property
    def down_s(self) -> float:
        """Until the node is up again."""
        return self.detection_s + math.fsum(duration_s for _, duration_s in self.actions)


class Repair(Protocol):
    """Says what follows a fault."""

    def outage(self, draws: Draws, node: int, *, up_s: float, nodes_on_host: int) -> Outage:
        """Return what follows the fault of a node that was up for `up_s` seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRepair:
    """A restart whose duration is drawn: MTTR by itself."""

    down: Lifetime

    def outage(self, draws: Draws, node: int, *, up_s: float, nodes_on_host: int) -> Outage:
        """Return what follows the fault of a node that was up for `up_s` seconds."""
        return Outage(actions=((Action.RESTART, self.down.at(draws.draw(node))),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedRepair:
    """Faults of many kinds, noticed by a detector on heartbeats, diagnosed, and repaired by a policy.

    Attributes
    ----------
    mix : mapping of FaultKind to float
        Shares of the kinds, 1 in all.
    policy : RecoveryPolicy
        Chooses the actions.
    costs : Costs
        How long they take; its isolation decides the blast radius.
    heartbeats : Heartbeats
    detector : DetectorRules or None
        None: faults are noticed at once.
    accuracy : float
        Probability of a right diagnosis.
    snapshots : Snapshots or None
        None: nothing is lost.
    """

    mix: Mapping[FaultKind, float] = field(default_factory=lambda: {FaultKind.CRASH: 1.0})
    policy: RecoveryPolicy = field(default_factory=AdaptivePolicy)
    costs: Costs = field(default_factory=Costs)
    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    detector: DetectorRules | None = None
    accuracy: float = 1.0
    snapshots: Snapshots | None = None

    def __post_init__(self) -> None:
        check_mix(self.mix)
        if not 0.0 <= self.accuracy <= 1.0:
            raise ScenarioError(bad_value("repair.accuracy", self.accuracy, "must be between 0 and 1"))

    def outage(self, draws: Draws, node: int, *, up_s: float, nodes_on_host: int) -> Outage:
        """Return what follows the fault of a node that was up for `up_s` seconds."""
        kind = _pick(self.mix, draws.draw(node))
        diagnosis = _pick(diagnoses(kind, self.mix, self.accuracy), draws.draw(node))
        taken = actions_for(self.policy, kind, diagnosis=diagnosis, node=node)
        return Outage(
            kind=kind,
            detection_s=self.detection_s(draws, node, up_s=up_s),
            diagnosis=diagnosis,
            actions=tuple((action, self.costs.duration_s(action)) for action in taken),
            lost_s=0.0 if self.snapshots is None else self.snapshots.loss_s(up_s),
            radius=self.costs.isolation.blast_radius(kind, nodes_on_host=nodes_on_host),
        )

    def detection_s(self, draws: Draws, node: int, *, up_s: float) -> float:
        """Return how long after a crash the detector suspects the node.

        A node that lived so briefly that its detector knows too little is noticed by its supervisor, after the time
        that the detector's memory spans.
        """
        if self.detector is None:
            return 0.0
        watch = self.detector.detector()
        for age_s in self.heartbeats.last_ages_s(draws, node, up_s=up_s, count=self.detector.memory):
            watch.beat(-age_s)
        if math.isinf(watch.suspects_from_s):
            return self.detector.memory * self.heartbeats.interval_s
        return max(0.0, watch.suspects_from_s)


def _pick(shares: Mapping[FaultKind, float], uniform: float) -> FaultKind:
    """Return the kind that a uniform falls on."""
    kinds = list(shares)
    for kind, upto in zip(kinds, accumulate(shares.values()), strict=True):
        if uniform < upto:
            return kind
    return kinds[-1]
