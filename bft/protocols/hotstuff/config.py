"""What a HotStuff replica is told at its birth."""

from __future__ import annotations

from dataclasses import dataclass, field

from bft.core.effects import SetTimer
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.protocols.hotstuff.rules import BASIC, Rules

VIEW_TIMER = "view"
STATUS_TIMER = "status"
WAIT_TIMER = "wait"
ASKS_AT_LEAST_EVERY = 8
"""Times the first wait: how long a replica that lacks something waits at most until it asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotStuffConfig:
    """Parameters of a HotStuff system; equal at all replicas.

    Attributes
    ----------
    system : QuorumSystem
        Tolerated faults and quorum; leaders rotate whatever they stake, so all must weigh the same.
    rules : Rules
        The variant.
    view_timeout_s, timeout_growth, timeout_cap_s : float
        A view may take `view_timeout_s` seconds; each one that failed since the last commit multiplies the next
        timeout by `timeout_growth`, up to the cap.
    views : int or None
        Largest number of views; None for no limit.
    retransmit_s : float or None
        A waiting replica asks for what it lacks after this many seconds, then after twice as many, …, and at last
        every `ASKS_AT_LEAST_EVERY` times as many; None never.
    leader_wait : float
        How long a leader of HotStuff-2 waits for locks that it has not heard of, as a share of its view's timeout: the
        2Δ of the paper. It grows with the timeout, so that it is long enough at last whatever the delays are.
    checkpoint_interval : int
        The state is saved after every so many nodes of the chain; older nodes are forgotten.
    durable : bool
        Whether the host keeps what a replica persists. Only where the node never comes back after a crash may it be
        False: the replica then asks for no `Persist`. It alone may differ between replicas.
    certificate_quorum, timeout_quorum, join_quorum, transfer_quorum : int
        What the rules make of the system.
    first_view_timer, first_status_timer : SetTimer
        What a replica asks for first, made once.
    """

    system: QuorumSystem
    rules: Rules = BASIC
    view_timeout_s: float = 10.0
    timeout_growth: float = 2.0
    timeout_cap_s: float = 3600.0
    views: int | None = None
    retransmit_s: float | None = 5.0
    leader_wait: float = 0.1
    checkpoint_interval: int = 128
    durable: bool = True
    certificate_quorum: int = field(init=False, repr=False, compare=False)
    timeout_quorum: int = field(init=False, repr=False, compare=False)
    join_quorum: int = field(init=False, repr=False, compare=False)
    transfer_quorum: int = field(init=False, repr=False, compare=False)
    first_view_timer: SetTimer = field(init=False, repr=False, compare=False)
    first_status_timer: SetTimer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.system.weighted:
            allowed = "must be equal or left out: the leaders of HotStuff rotate one by one, whatever they stake"
            raise ScenarioError(bad_value("stakes", list(self.system.weights), allowed))
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
        if not 0 < self.leader_wait < 1:
            raise ScenarioError(bad_value("leader_wait", self.leader_wait, "must be above 0 and below 1"))
        for name in ("certificate_quorum", "timeout_quorum", "join_quorum", "transfer_quorum"):
            object.__setattr__(self, name, getattr(self.rules, name)(self.system))
        object.__setattr__(self, "first_view_timer", SetTimer(VIEW_TIMER, self.timeout_s(0)))
        object.__setattr__(self, "first_status_timer", SetTimer(STATUS_TIMER, self.retransmit_s or 0.0))

    def timeout_s(self, failures: int) -> float:
        """Return the timeout of a view after `failures` failed ones, in seconds."""
        return self.rules.timeout_s(self.view_timeout_s, self.timeout_growth, failures, self.timeout_cap_s)

    def next_wait_s(self, waited_s: float) -> float:
        """Return how long a replica waits until it asks again, having waited so long before it asked."""
        assert self.retransmit_s is not None
        return min(2.0 * waited_s, ASKS_AT_LEAST_EVERY * self.retransmit_s)

    def healing_s(self, failures: int, faulty: int, message_s: float) -> float:
        """Return by when everything asked is executed once the network is well, where leaders enough live in a row.

        Let A be the longest wait between two questions, 8 `retransmit_s`, and Δ `message_s`. After A + 2Δ all who wait
        have asked and been shown the latest view that anybody is in, so all are in it or follow by its certificates. In
        one rotation each faulty leader costs at most two timeouts, its own and that of the view before, whose votes it
        collects. One rotation may pass before the run of live leaders begins and one more until it ends; another A lets
        the last message through that was lost before. A view takes less than ten messages in a row.

        Parameters
        ----------
        failures : int
            Views that had failed since the last commit, at most, at any correct replica.
        faulty : int
            Leaders that may fail.
        message_s : float
            Longest time of a message, with what is done about it, in seconds; small beside the view timeout.
        """
        assert self.retransmit_s is not None
        n = self.system.n
        failed = 4 * faulty + 4
        timeouts_s = sum(self.timeout_s(failures + more) for more in range(failed))
        views = 2 * n + self.rules.run_of_leaders
        return 3.0 * ASKS_AT_LEAST_EVERY * self.retransmit_s + timeouts_s + 10.0 * views * message_s
