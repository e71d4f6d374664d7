"""What the monitors know: everything honest nodes did so far, in tables that answer each check in O(1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bft.checking.reference import ReferenceService
from bft.core.quorum import QuorumSystem
from bft.core.request import RequestKey
from bft.core.shape import check_of
from bft.core.signatures import Signed

MALFORMED = "it is malformed"


def well_formed(message: Any) -> bool:
    """Return whether every field of a proof has its exact type; nothing else is judged, lest a liar stop the judge."""
    return check_of(type(message))(message)


Check = Callable[["Facts", int, Any], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The view timer: `base_s`, times `growth` for each view that failed since the last execution, at most `cap_s`."""

    base_s: float
    growth: float
    cap_s: float


@dataclass(slots=True)
class NewViewFacts:
    """A new view: where it should start, what it should carry over at each number, and its faults, by rule."""

    message: Any
    faults: tuple[tuple[str, str], ...]
    min_seq: int
    max_seq: int
    carried: dict[int, str]


@dataclass(slots=True)
class NodeFacts:
    """What one node did.

    Attributes
    ----------
    accepted, prepared : dict
        Digest accepted per (view, seq); per seq the view and digest of the latest prepared certificate.
    owed : set of (view, seq)
        Entries of the new view that the node has accepted and not yet prepared.
    received : dict
        The pre-prepare last stored for each seq.
    heard_changes : dict
        Per view the senders of valid view-changes that arrived.
    approved : set of (view, seq, digest)
        What the node's validator has accepted.
    due_checkpoint : int
        Number for which the node must send a checkpoint in this step; 0 for none.
    due_reply : (client, timestamp) or None
        Request that the node must answer in this step, as it has executed it before.
    failures, changes : int
        Views left since the last execution, and since the start.
    due_view : int
        View that the node must join in this step, if higher than its own.
    """

    view: int = 0
    active: bool = True
    low: int = 0
    last_executed: int = 0
    next_seq: int = 1
    failures: int = 0
    changes: int = 0
    new_view: Any = None
    last_input: Any = None
    accepted: dict[tuple[int, int], str] = field(default_factory=dict)
    prepared: dict[int, tuple[int, str]] = field(default_factory=dict)
    received: dict[int, Any] = field(default_factory=dict)
    owed: set[tuple[int, int]] = field(default_factory=set)
    due_view: int = 0
    due_checkpoint: int = 0
    due_reply: RequestKey | None = None
    approved: set[tuple[int, int, str]] = field(default_factory=set)
    heard_changes: dict[int, set[int]] = field(default_factory=dict)


class Facts:
    """What all honest nodes did.

    Parameters
    ----------
    system : QuorumSystem
        The quorum system by which to judge.
    genuine : callable
        Whether the signer named in a body really signed it, or is corrupted.
    honest : iterable of int
        The nodes to judge.
    checkpoint_interval, window : int or None
        K and L of PBFT; None where the protocol has none.
    timing : Timing or None
        The view timer; None leaves it unjudged.
    service : ReferenceService or None
        What executing should do; None leaves it unjudged.
    """

    def __init__(
        self,
        system: QuorumSystem,
        genuine: Callable[[Signed], bool],
        honest: Iterable[int],
        *,
        checkpoint_interval: int | None = None,
        window: int | None = None,
        timing: Timing | None = None,
        service: ReferenceService | None = None,
    ) -> None:
        self.system = system
        self.n = system.n
        self.weights = system.weights
        self.quorum = system.quorum
        self.honest_quorum = system.quorum - system.tolerated
        self.genuine = genuine
        self.honest = set(honest)
        self.interval = checkpoint_interval or 0
        self.window = window or 0
        self.timing = timing
        self.service = service
        self.nodes = [NodeFacts() for _ in range(system.n)]
        self.executed: dict[int, tuple[str, int]] = {}
        self.state_after: dict[int, str] = {}
        self.repeated: dict[int, bool] = {}
        self.front = 0
        self.clients: dict[str, int] = {}
        self.replies: dict[RequestKey, tuple[str, int]] = {}
        self.tellers: dict[tuple[RequestKey, str], set[int]] = {}
        self.answered: dict[RequestKey, tuple[int, str]] = {}
        self.made: Callable[[], int] = int
        self.votes: dict[tuple[Any, int, int], dict[int, str]] = {}
        self.prepared_at: dict[int, dict[int, str]] = {}
        self.prepared_by: dict[tuple[int, int, str], set[int]] = {}
        self.committed_at: dict[int, dict[int, str]] = {}
        self.new_views: dict[int, list[NewViewFacts]] = {}
        self.proved: dict[int, Any] = {}
        self.ballot: Any = None
        self.reached: set[str] = set()

    def primary(self, view: int) -> int:
        """Return the primary of a view (§4.1)."""
        return view % self.n

    def weigh(self, voters: Iterable[int]) -> int:
        """Return the weight of distinct voters; what is no node weighs nothing."""
        weights, n = self.weights, self.n
        total, kind = 0, type(voters)
        for voter in voters if kind is set or kind is dict else set(voters):
            if voter.__class__ is int and 0 <= voter < n:
                total += weights[voter]
        return total

    def fault_of(self, message: Any, judge: Callable[[Facts, Any], str | None]) -> str | None:
        """Return what is wrong with a proof. A good one is judged once however many nodes meet it.

        A bad one is judged anew: what was forged in an honest name before may have been signed since.
        """
        if id(message) in self.proved:
            return None
        fault = judge(self, message) if well_formed(message) else MALFORMED
        if fault is None:
            self.proved[id(message)] = message
        return fault

    def follows(self, message: Any, judge: Callable[[Facts, Any], NewViewFacts]) -> NewViewFacts:
        """Return what a new-view should carry over and what is wrong with it, worked out once if nothing is."""
        held = self.proved.get(id(message))
        if held is None:
            held = (
                judge(self, message) if well_formed(message) else NewViewFacts(message, (("V3", MALFORMED),), 0, 0, {})
            )
            if not held.faults:
                self.proved[id(message)] = held
        result: NewViewFacts = held
        return result


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named check on one type of event."""

    name: str
    on: type
    check: Check
    says: str = field(compare=False)
