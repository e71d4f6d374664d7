"""What is explored, up to which bound, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.protocols.pbft import Rules

ANSWERS = ("a", "b")
"""The two values that compete for the slot."""
WATCHED = ("S1", "S2", "S3", "C1", "C3")
"""What can be seen in a state of the system: agreement, order, validity, and what prepared and committed exclude."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A small system, and how far it is explored.

    Attributes
    ----------
    n : int
        Number of replicas.
    f, quorum : int or None
        What the replicas are told; None for the right values.
    byzantine : tuple of int
        Replicas in the hands of the adversary: it sends whatever it can sign or has heard, to whom and when it likes.
    views : int
        Views, or rounds, 0 to views − 1 may be used.
    symmetry : bool
        Whether states that differ only in who is who count as one.
    max_states : int or None
        Bound of the search; None for none.
    """

    n: int = 4
    f: int | None = None
    quorum: int | None = None
    byzantine: tuple[int, ...] = ()
    views: int = 1
    symmetry: bool = True
    max_states: int | None = None

    def __post_init__(self) -> None:
        self.system()
        if len(set(self.byzantine)) != len(self.byzantine) or not all(0 <= node < self.n for node in self.byzantine):
            allowed = f"must be different nodes between 0 and {self.n - 1}"
            raise ScenarioError(bad_value("byzantine", self.byzantine, allowed))
        for name in ("views", "max_states"):
            bound = getattr(self, name)
            if bound is not None and bound < 1:
                raise ScenarioError(bad_value(name, bound, "must be at least 1"))

    def system(self) -> QuorumSystem:
        """Return the quorum system that the replicas are told."""
        return QuorumSystem.of(self.n, f=self.f, quorum=self.quorum)

    @property
    def honest(self) -> tuple[int, ...]:
        """The replicas that follow the protocol."""
        return tuple(node for node in range(self.n) if node not in self.byzantine)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorerConfig(Bounds):
    """One request, one slot, two digests, and what may happen to them; with one view no timer fires: the normal case.

    Attributes
    ----------
    verdicts : {"accept", "any"}
        Whether every validator accepts at once, or accepts at some time or never.
    rules : Rules
        The protocol's rules, to plant a bug.
    restarts : int
        How many times, in all, a replica may crash and come back with what it had persisted.
    watch : tuple of str or None
        Invariants to watch, of `WATCHED`; None for all where the quorum and the number of liars are right, else for
        splits (S1) alone, since the others then fail by definition.
    reduce : bool
        Whether deliveries are gathered into moves. Without, and without `symmetry`, the search is the plain one, for
        comparison.
    prelude : int or None
        How many invisible steps a move may have before its visible one; None for as many as PBFT can need.
    max_depth : int or None
        A further bound of the search; None for none.
    """

    verdicts: str = "accept"
    restarts: int = 0
    watch: tuple[str, ...] | None = None
    rules: Rules = field(default_factory=Rules)
    reduce: bool = True
    prelude: int | None = None
    max_depth: int | None = None

    def __post_init__(self) -> None:
        Bounds.__post_init__(self)
        if self.verdicts not in ("accept", "any"):
            raise ScenarioError(bad_value("verdicts", self.verdicts, "must be 'accept' or 'any'"))
        for name in self.watch or ():
            if name not in WATCHED:
                raise ScenarioError(bad_value("watch", name, f"must be among {', '.join(WATCHED)}"))
        for name, least in (("restarts", 0), ("prelude", 0), ("max_depth", 1)):
            bound = getattr(self, name)
            if bound is not None and bound < least:
                raise ScenarioError(bad_value(name, bound, f"must be at least {least}"))

    @property
    def watched(self) -> tuple[str, ...]:
        """The invariants that are watched."""
        if self.watch is not None:
            return self.watch
        system = self.system()
        right = QuorumSystem.of(self.n, f=self.f)
        within = system.quorum >= right.quorum and len(self.byzantine) <= system.tolerated
        return WATCHED if within else ("S1",)

    def longest_prelude(self) -> int:
        """Return how many invisible steps a visible one may need before it, when it cannot be split (see `search`)."""
        if self.prelude is not None:
            return self.prelude
        system = self.system()
        rules = self.rules
        votes = max(rule(system) for rule in (rules.prepare_quorum, rules.commit_quorum, rules.view_change_quorum))
        return max(votes - 1, 2) + (self.verdicts == "any")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One replica hears something, and what it does then.

    Attributes
    ----------
    replica : int
        Who.
    heard : str
        What it heard, and from whom.
    did : tuple of str
        What it sent and executed.
    """

    replica: int
    heard: str
    did: tuple[str, ...]

    def __str__(self) -> str:
        done = f"  →  {', '.join(self.did)}" if self.did else ""
        return f"replica {self.replica}: {self.heard}{done}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What a search found.

    Attributes
    ----------
    states, transitions : int
        States reached (up to symmetry) and moves between them.
    replica_states, messages : int
        Different states of single replicas, and different messages, that occurred.
    depth : int
        Moves on the longest of the shortest paths to a state.
    bound : str or None
        The bound that cut the search short; None when it is complete.
    decided, stalled : int
        States in which nothing can happen any more: every honest replica has executed, or not.
    invariant : str or None
        The invariant that broke, the first at the least depth.
    counterexample : tuple of Step
        A shortest way there.
    """

    states: int
    transitions: int
    replica_states: int
    messages: int
    depth: int
    bound: str | None
    decided: int
    stalled: int
    invariant: str | None = None
    counterexample: tuple[Step, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that can happen was explored, and nothing broke."""
        return self.bound is None and self.invariant is None

    def __str__(self) -> str:
        if self.invariant is not None:
            how = f"{self.invariant} broken after {len(self.counterexample)} steps"
        else:
            how = "complete" if self.bound is None else f"bounded by {self.bound}"
        lines = [f"{how}: {self.states} states, {self.transitions} transitions, depth {self.depth}"]
        return "\n".join([*lines, *(f"{place:3d}. {step}" for place, step in enumerate(self.counterexample, 1))])
