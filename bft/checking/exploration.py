"""What an exhaustive search has whatever the protocol: its bounds, what came of it, and what makes it fast."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bft.core.quorum import QuorumSystem
from bft.core.signatures import Body, Signed
from bft.errors import ScenarioError, bad_value

ANSWERS = ("a", "b")
"""The two values that compete for the slot."""


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


class Trusting:
    """A keyring that believes everything: what is explored contains no forged signature."""

    def sign(self, body: Body) -> Body:
        """Return the body."""
        return body

    def verify(self, body: Signed) -> bool:
        """Believe it."""
        del body
        return True


@contextmanager
def no_collection() -> Iterator[None]:
    """Hold the garbage collector back: a search keeps all it makes and makes no cycles, so it finds nothing.

    It takes half of the time otherwise, since it goes through everything kept again and again.
    """
    usual = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if usual:
            gc.enable()
