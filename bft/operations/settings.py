"""How a scenario describes its machines: how nodes live, fail, are noticed and repaired, and what is monitored."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from bft.durations import Lifetime
from bft.errors import ScenarioError, bad_value
from bft.operations.alerts import Monitoring
from bft.operations.beats import Heartbeats
from bft.operations.heartbeat import HeartbeatTimeout, PhiAccrual
from bft.operations.outages import DrawnRepair, ManagedRepair, Repair
from bft.operations.policies import AdaptivePolicy, Attended, FixedPolicy, Operator, RecoveryPolicy
from bft.operations.recovery import Costs, FaultKind, Snapshots
from bft.settings import Probability, Settings

MANAGED = ("mix", "policy", "costs", "heartbeats", "detector", "accuracy", "snapshots")
"""Fields that say what follows a fault; `down` says it alone."""


def _by_kind(value: object) -> object:
    """Let "adaptive" stand for a table with this kind."""
    return {"kind": value} if isinstance(value, str) else value


class Machine(Settings):
    """The machines that nodes run on.

    Attributes
    ----------
    up : Lifetime, optional
        Until a fault: MTBF is its mean, shape 1 is exponential. Without it no machine fails.
    down : Lifetime, optional
        Until repair, as a drawn time: MTTR is its mean. Without it the fields below say what follows a fault.
    mix : table
        Shares of the kinds of fault, 1 in all. A Byzantine node is no fault of a machine: see `faults.behaviour`.
    policy : "adaptive", or a table with kind "adaptive" or "fixed"
        Which actions are taken.
    costs : table
        How long actions take, and the isolation, which decides the blast radius.
    heartbeats, detector : table, optional
        How faults are noticed; without a detector at once.
    accuracy : float
        Probability of a right diagnosis.
    snapshots : table, optional
        Backups every `interval_s` seconds. A node that is restored or moved goes on from its last one and fetches the
        rest from the others; without backups it loses nothing.
    nodes_on_host : int
        Nodes 0 … h − 1 share a host, and so on.
    monitoring : table
        Windows and thresholds of the monitor of each node's validator.
    """

    _prefix: ClassVar[str] = "machine."

    up: Lifetime | None = None
    down: Lifetime | None = None
    mix: dict[FaultKind, Probability] = Field(default_factory=lambda: {FaultKind.CRASH: 1.0})
    policy: Annotated[
        Annotated[AdaptivePolicy | FixedPolicy, Field(discriminator="kind")], BeforeValidator(_by_kind)
    ] = AdaptivePolicy()
    costs: Costs = Costs()
    heartbeats: Heartbeats = Heartbeats()
    detector: Annotated[
        Annotated[HeartbeatTimeout | PhiAccrual, Field(discriminator="kind")] | None, BeforeValidator(_by_kind)
    ] = None
    accuracy: Probability = 1.0
    snapshots: Snapshots | None = None
    nodes_on_host: Annotated[int, Field(ge=1)] = 1
    monitoring: Monitoring = Monitoring()

    @model_validator(mode="after")
    def _consistent(self) -> Machine:
        if self.down is not None:
            for name in MANAGED:
                if name in self.model_fields_set:
                    raise ScenarioError(
                        bad_value(f"machine.{name}", _short(getattr(self, name)), "must be left out with machine.down")
                    )
        if self.up is None and self.down is not None:
            raise ScenarioError(bad_value("machine.down", _short(self.down), "needs machine.up"))
        if self.mix.get(FaultKind.BYZANTINE, 0.0) > 0.0:
            allowed = "must be left out: who lies is said by faults.behaviour"
            raise ScenarioError(bad_value("machine.mix.byzantine", self.mix[FaultKind.BYZANTINE], allowed))
        self.repair()
        return self

    def repair(self, operator: Operator | None = None) -> Repair:
        """Return what follows a fault; an operator, where there is one, is asked before the policy."""
        if self.down is not None:
            return DrawnRepair(down=self.down)
        policy: RecoveryPolicy = self.policy
        return ManagedRepair(
            mix=self.mix,
            policy=policy if operator is None else Attended(policy=policy, operator=operator),
            costs=self.costs,
            heartbeats=self.heartbeats,
            detector=self.detector,
            accuracy=self.accuracy,
            snapshots=self.snapshots,
        )


def _short(value: Any) -> object:
    """Return a value as its author would write it."""
    return getattr(value, "kind", value)
