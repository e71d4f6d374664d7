"""What is explored of PBFT, up to which bound."""

from __future__ import annotations

from dataclasses import dataclass, field

from bft.checking.exploration import Bounds
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.protocols.pbft import Rules

WATCHED = ("S1", "S2", "S3", "C1", "C3")
"""What can be seen in a state of the system: agreement, order, validity, and what prepared and committed exclude."""


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
