"""The setting of a schedule: how many nodes, who is corrupted, how small the window is. Frozen, JSON in and out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a world is built from.

    Attributes
    ----------
    n : int
        Number of nodes.
    byzantine : tuple of int
        Nodes whose keys the adversary holds from the start.
    corruptions : int
        How many more it may corrupt during the run.
    twins : tuple of int
        Corrupted nodes of which a second instance runs under the same key.
    stakes : tuple of int or None
        Weight of each node; None: all weigh the same.
    f : int or None
        Faulty weight that is tolerated; None for the most that the stakes allow. Weights as `QuorumSystem.of` scales
        them.
    quorum : int or None
        Quorum that the *replicas* use; None for the right one. The monitors judge by the right one where it is larger.
    clients : int
        Request number r is client r mod clients' request with timestamp 1 + r // clients.
    checkpoint_interval, window : int
        K and L of PBFT, small here so that watermarks move in short runs.
    prompt_validators : bool
        Validators answer at once, as honest ones would; otherwise only when the schedule says so (`Consult`).
    ledger : bool
        The service is a ledger, whose answers tell the order of execution, and what clients see must be linearizable.
    members : int or None
        How many nodes, the first ones, are members at first, where members change; None: all.
    retransmit : bool
        Replicas ask for what they lack. Without, what is lost is lost, and only delays can be asked to heal.
    """

    n: int = 4
    byzantine: tuple[int, ...] = ()
    corruptions: int = 0
    twins: tuple[int, ...] = ()
    stakes: tuple[int, ...] | None = None
    f: int | None = None
    quorum: int | None = None
    clients: int = 2
    checkpoint_interval: int = 2
    window: int = 4
    prompt_validators: bool = True
    members: int | None = None
    retransmit: bool = True
    ledger: bool = False

    def __post_init__(self) -> None:
        self.system()
        for name in ("byzantine", "twins"):
            nodes = getattr(self, name)
            if len(set(nodes)) != len(nodes) or not all(0 <= node < self.n for node in nodes):
                raise ScenarioError(bad_value(name, nodes, f"must be different nodes between 0 and {self.n - 1}"))
        if not set(self.twins) <= set(self.byzantine):
            raise ScenarioError(bad_value("twins", self.twins, f"must be among byzantine = {self.byzantine}"))
        if self.corruptions < 0:
            raise ScenarioError(bad_value("corruptions", self.corruptions, "must be 0 or more"))
        if self.members is not None and not 1 <= self.members <= self.n:
            raise ScenarioError(bad_value("members", self.members, f"must be between 1 and n = {self.n}"))
        if self.clients < 1:
            raise ScenarioError(bad_value("clients", self.clients, "must be at least 1"))

    def system(self) -> QuorumSystem:
        """Return the quorum system by which the monitors judge; a larger quorum than the right one is right too."""
        right = system_of(self.n, self.f, None, self.stakes)
        told = self.replica_system()
        return told if told.quorum > right.quorum else right

    def replica_system(self) -> QuorumSystem:
        """Return the quorum system that the replicas are told."""
        return system_of(self.n, self.f, self.quorum, self.stakes)

    @property
    def within_bounds(self) -> bool:
        """Whether the adversary holds no more than is tolerated, now and later; corrupted later weigh 1 each."""
        system = self.system()
        return system.weight(set(self.byzantine)) + self.corruptions <= system.tolerated

    @property
    def instances(self) -> int:
        """Nodes and twins together."""
        return self.n + len(self.twins)

    def to_json(self) -> dict[str, Any]:
        """Return the setting as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Any) -> Setting:
        """Read a setting from JSON values.

        Raises
        ------
        ScenarioError
            If a key is unknown or a value is not allowed.
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or not set(values) <= known:
            raise ScenarioError(bad_value("setting", values, f"must be an object with keys among {sorted(known)}"))
        try:
            given: dict[str, Any] = {key: _tuple(value) for key, value in values.items()}
            return cls(**given)
        except (TypeError, ValueError) as error:
            raise ScenarioError(bad_value("setting", values, str(error))) from error


@lru_cache(maxsize=256)
def system_of(n: int, f: int | None, quorum: int | None, stakes: tuple[int, ...] | None) -> QuorumSystem:
    """Return a quorum system; schedule after schedule asks for the same few."""
    return QuorumSystem.of(n, f=f, quorum=quorum, stakes=stakes)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
