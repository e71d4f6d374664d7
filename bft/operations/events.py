"""What happens to nodes in operation, as events of a trace; alerts are beside the monitor that raises them."""

from __future__ import annotations

from dataclasses import dataclass

from bft.operations.bands import Health
from bft.operations.recovery import Action, FaultKind


@dataclass(frozen=True, slots=True)
class Failed:
    """The node went down; `cause` is the node whose fault it was, another one within the blast radius."""

    kind: FaultKind
    cause: int


@dataclass(frozen=True, slots=True)
class Suspected:
    """A detector noticed, `after_s` seconds after the fault; the diagnosis may be wrong."""

    after_s: float
    diagnosis: FaultKind


@dataclass(frozen=True, slots=True)
class Acted:
    """An action began."""

    action: Action


@dataclass(frozen=True, slots=True)
class Repaired:
    """The node is up again; what it had done in its last `lost_s` seconds before the fault was in no snapshot."""

    lost_s: float


@dataclass(frozen=True, slots=True)
class StateLost:
    """The node came back from its last backup: what it had executed above `kept` was gone, up to `had`."""

    kept: int
    had: int


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """The health of a node's validator, from the window over its calls, is another than before."""

    health: Health
    before: Health
