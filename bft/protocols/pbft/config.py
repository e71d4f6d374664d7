"""What a PBFT replica is told at its birth."""

from __future__ import annotations

from dataclasses import dataclass, field

from bft.core.effects import SetTimer
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.protocols.pbft.rules import ASKS_AT_LEAST_EVERY, Rules

VIEW_TIMER = "view"
STATUS_TIMER = "status"


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
        A waiting replica asks for what it lacks after this many seconds, then after twice as many, …, and at
        last every `ASKS_AT_LEAST_EVERY` times as many (see `healing_s`); None never.
    checkpoint_interval : int
        A checkpoint every so many requests (§4.3): K.
    window : int
        Numbers in flight above the stable checkpoint (§4.3): L, larger than K.
    durable : bool
        Whether the host keeps what a replica persists. Only where the node never comes back after a crash may it be
        False: the replica then asks for no `Persist`. It alone may differ between replicas.
    rules : Rules
        Thresholds and predicates.
    prepare_quorum, commit_quorum, checkpoint_quorum, view_change_quorum, join_quorum : int
        The weights that the rules' thresholds are in this system.
    least_prepares : int
        Without so much weight of prepares there is no quorum, whoever the primary is.
    one_each : bool
        Whether all votes weigh the same, and rules count one of each replica: then votes that together weigh as much as
        there are of them are all counted.
    first_view_timer, first_status_timer : SetTimer
        What starts the timers when nothing has failed and nothing was asked for yet, as nearly always.
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
    prepare_quorum: int = field(init=False, repr=False, compare=False)
    commit_quorum: int = field(init=False, repr=False, compare=False)
    checkpoint_quorum: int = field(init=False, repr=False, compare=False)
    view_change_quorum: int = field(init=False, repr=False, compare=False)
    join_quorum: int = field(init=False, repr=False, compare=False)
    least_prepares: int = field(init=False, repr=False, compare=False)
    one_each: bool = field(init=False, repr=False, compare=False)
    first_view_timer: SetTimer = field(init=False, repr=False, compare=False)
    first_status_timer: SetTimer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("prepare_quorum", "commit_quorum", "checkpoint_quorum", "view_change_quorum", "join_quorum"):
            object.__setattr__(self, name, getattr(self.rules, name)(self.system))  # once, not at every replica
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
        rules = self.rules
        one_each = rules.compare_digests and rules.check_identity and not rules.count_duplicates
        object.__setattr__(self, "least_prepares", self.prepare_quorum - max(self.system.weights))
        object.__setattr__(self, "one_each", one_each and not self.system.weighted)
        object.__setattr__(self, "first_view_timer", SetTimer(VIEW_TIMER, self.timeout_s(0)))
        object.__setattr__(self, "first_status_timer", SetTimer(STATUS_TIMER, self.retransmit_s or 0.0))

    def next_wait_s(self, waited_s: float) -> float:
        """Return how long a replica waits until it asks again, having waited so long before it asked."""
        assert self.retransmit_s is not None
        return self.rules.next_wait_s(waited_s, self.retransmit_s)

    def healing_s(self, failures: int, message_s: float) -> float:
        """Return by when everything asked is executed once the network is well, whatever came before.

        Let A be the longest wait between two questions, 8 `retransmit_s`, and Δ `message_s`. Whoever left for a view v
        by its timer had seen a quorum leave for v − 1, of which f + 1 are correct. So after A + 2Δ, when all who wait
        have asked and those who left have answered with their view-changes, every correct replica is in v − 1 or v.
        One timeout later all are in v, one more A lets the last message through that was lost before, and at most f
        primaries in a row are faulty, each for one more timeout. A view takes less than ten messages in a row.

        Parameters
        ----------
        failures : int
            Views that had failed in succession before, at most, at any correct replica.
        message_s : float
            Longest time of a message, with what is done about it, in seconds; small beside the view timeout.
        """
        assert self.retransmit_s is not None
        views = self.system.tolerated + 2
        timeouts_s = sum(self.timeout_s(failures + more) for more in range(views))
        return 2.0 * ASKS_AT_LEAST_EVERY * self.retransmit_s + timeouts_s + 10.0 * views * message_s

    def timeout_s(self, failures: int) -> float:
        """Return the timeout of a view after `failures` failed ones, in seconds."""
        return self.rules.timeout_s(self.view_timeout_s, self.timeout_growth, failures, self.timeout_cap_s)
