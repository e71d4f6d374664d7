"""Repairing nodes: kinds of fault, actions and what they cure, isolation levels and what they cost, snapshots.

Stronger isolation makes a restart slower and a fault's reach smaller:

| isolation | restart | a fault stays inside the node, if it is          |
|-----------|---------|---------------------------------------------------|
| process   | 2 s     | crash, hang, corruption, Byzantine                |
| container | 10 s    | a memory leak besides                             |
| VM        | 60 s    | a failure of the machine's system besides         |

What is not contained takes all nodes of the same host down with it: the blast radius.

**Assumptions.** Nobody measured these times and prices, nor the defaults of `Costs`: they are of the order of magnitude
that restarts of a process, a container and a virtual machine usually have. Every one is a setting; put your own there.
Which action is chosen is left to `policies`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bft.core.refusal import require_not_negative, require_positive


class FaultKind(Enum):
    """What is wrong with a node."""

    CRASH = "crash"
    HANG = "hang"
    LEAK = "leak"
    CORRUPTION = "corruption"
    HOST = "host"
    BYZANTINE = "byzantine"
    """Convicted by evidence, two conflicting signed messages; suspicion alone is never this."""


class Action(Enum):
    """What can be done about it."""

    RESTART = "restart"
    RESTORE = "restore"
    """Restart from the last snapshot, then fetch what is missing from the others."""
    MIGRATE = "migrate"
    """A fresh node on another host takes over identity and state."""
    REPLACE = "replace"
    """The quorum agrees on a new member in its place: the only action that changes the membership."""


_RESTARTED = frozenset({FaultKind.CRASH, FaultKind.HANG, FaultKind.LEAK})
CURES: Mapping[Action, frozenset[FaultKind]] = {
    Action.RESTART: _RESTARTED,
    Action.RESTORE: _RESTARTED | {FaultKind.CORRUPTION},
    Action.MIGRATE: _RESTARTED | {FaultKind.CORRUPTION, FaultKind.HOST},
    Action.REPLACE: frozenset(FaultKind),
}

_PER_NODE = frozenset({FaultKind.CRASH, FaultKind.HANG, FaultKind.CORRUPTION, FaultKind.BYZANTINE})


class Isolation(Enum):
    """What stands between the nodes of one host."""

    PROCESS = "process"
    CONTAINER = "container"
    VM = "vm"

    @property
    def restart_s(self) -> float:
        """How long a restart takes, by assumption; `Costs.restart_s` replaces it."""
        return {Isolation.PROCESS: 2.0, Isolation.CONTAINER: 10.0, Isolation.VM: 60.0}[self]

    @property
    def contained(self) -> frozenset[FaultKind]:
        """Faults that hit one node only."""
        more = {
            Isolation.PROCESS: frozenset[FaultKind](),
            Isolation.CONTAINER: frozenset({FaultKind.LEAK}),
            Isolation.VM: frozenset({FaultKind.LEAK, FaultKind.HOST}),
        }
        return _PER_NODE | more[self]

    def blast_radius(self, kind: FaultKind, *, nodes_on_host: int) -> int:
        """Return how many nodes a fault of one of them takes down."""
        return 1 if kind in self.contained else nodes_on_host


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """How long each action takes, and what it costs besides; the defaults are assumptions.

    Attributes
    ----------
    isolation : Isolation
        Says how far a fault reaches, and how long a restart takes.
    restart_s : float or None
        How long a restart really takes, 0 or more; None: what the isolation makes one assume.
    transfer_s : float
        State transfer from the others, or from a snapshot; 0 or more.
    provision_s : float
        Until a fresh node is there; 0 or more.
    consensus_s : float
        Until a membership change is decided; 0 or more.
    price : mapping
        Of each action, in any currency; 0 where none is given.
    """

    isolation: Isolation = Isolation.CONTAINER
    restart_s: float | None = None
    transfer_s: float = 15.0
    provision_s: float = 120.0
    consensus_s: float = 5.0
    price: tuple[tuple[Action, float], ...] = ((Action.MIGRATE, 1.0), (Action.REPLACE, 1.0))

    def __post_init__(self) -> None:
        require_not_negative("costs.transfer_s", self.transfer_s)
        require_not_negative("costs.provision_s", self.provision_s)
        require_not_negative("costs.consensus_s", self.consensus_s)
        if self.restart_s is not None:
            require_not_negative("costs.restart_s", self.restart_s)
        for action, price in self.price:
            require_not_negative(f"costs.price.{action.value}", price)

    def duration_s(self, action: Action) -> float:
        """Return how long an action takes."""
        restart_s = self.isolation.restart_s if self.restart_s is None else self.restart_s
        return {
            Action.RESTART: restart_s,
            Action.RESTORE: restart_s + self.transfer_s,
            Action.MIGRATE: self.provision_s + self.transfer_s,
            Action.REPLACE: self.consensus_s + self.provision_s + self.transfer_s,
        }[action]

    def price_of(self, action: Action) -> float:
        """Return what an action costs."""
        return dict(self.price).get(action, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """State is saved every `interval_s` seconds; what came later is lost with the node.

    Attributes
    ----------
    interval_s : float
        Positive.
    """

    interval_s: float

    def __post_init__(self) -> None:
        require_positive("snapshots.interval_s", self.interval_s)

    def loss_s(self, up_s: float) -> float:
        """Return the loss window of a node that fails after `up_s` seconds: the time since its last snapshot."""
        return math.fmod(up_s, self.interval_s)

    def mean_loss_s(self, *, mtbf_s: float) -> float:
        """Mean loss window for exponential up times: E[U mod Δ] = MTBF − Δ / (e^(Δ/MTBF) − 1), about Δ/2.

        Examples
        --------
        >>> round(Snapshots(interval_s=60.0).mean_loss_s(mtbf_s=1e6), 3)
        30.0
        """
        require_positive("snapshots.mtbf_s", mtbf_s)
        ratio = self.interval_s / mtbf_s
        if ratio < 1e-5:  # the difference cancels: its series instead
            return self.interval_s * (0.5 - ratio / 12.0)
        return mtbf_s - self.interval_s / math.expm1(ratio)
