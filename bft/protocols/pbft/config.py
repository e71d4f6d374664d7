"""What a PBFT replica is told at its birth."""

from __future__ import annotations

from dataclasses import dataclass, field

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.protocols.pbft.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class PbftConfig:
    """Parameters of a PBFT system; equal at all replicas.

    Attributes
    ----------
    system : QuorumSystem
        Weights, tolerated faults and quorum.
    view_timeout_s, timeout_growth, timeout_cap_s : float
        A view may take `view_timeout_s` seconds; each failed one multiplies the next timeout by `timeout_growth`, up to
        the cap (§4.5.2).
    views : int or None
        Largest number of views; None for no limit.
    retransmit_s : float or None
        A waiting replica asks for what it lacks after this many seconds, then after twice as many, …; None never.
    checkpoint_interval : int
        A checkpoint every so many requests (§4.3): K.
    window : int
        Numbers in flight above the stable checkpoint (§4.3): L, larger than K.
    durable : bool
        Whether the host keeps what a replica persists. Only where the node never comes back after a crash may it be
        False: the replica then asks for no `Persist`. It alone may differ between replicas.
    rules : Rules
        Thresholds and predicates.
    """

    system: QuorumSystem
    view_timeout_s: float = 10.0
    timeout_growth: float = 2.0
    timeout_cap_s: float = 3600.0
    views: int | None = None
    retransmit_s: float | None = 5.0
    checkpoint_interval: int = 16
    window: int = 64
    durable: bool = True
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        for name in ("view_timeout_s", "timeout_cap_s"):
            if not getattr(self, name) > 0:
                raise ScenarioError(bad_value(name, getattr(self, name), "must be more than 0 seconds"))
        if not self.timeout_growth >= 1:
            raise ScenarioError(bad_value("timeout_growth", self.timeout_growth, "must be at least 1"))
        if self.views is not None and self.views < 1:
            raise ScenarioError(bad_value("views", self.views, "must be at least 1"))
        if self.retransmit_s is not None and not self.retransmit_s > 0:
            raise ScenarioError(bad_value("retransmit_s", self.retransmit_s, "must be more than 0 seconds"))
        if self.checkpoint_interval < 1:
            raise ScenarioError(bad_value("checkpoint_interval", self.checkpoint_interval, "must be at least 1"))
        if self.window <= self.checkpoint_interval:
            raise ScenarioError(
                bad_value("window", self.window, f"must be above checkpoint_interval = {self.checkpoint_interval}")
            )

    def timeout_s(self, failures: int) -> float:
        """Return the timeout of a view after `failures` failed ones, in seconds."""
        return self.rules.timeout_s(self.view_timeout_s, self.timeout_growth, failures, self.timeout_cap_s)
