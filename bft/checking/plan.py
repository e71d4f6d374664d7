"""What a safety campaign examines, and which schedule has which number."""

from __future__ import annotations

from dataclasses import dataclass

from bft.arguments import check_whole
from bft.checking.generators import DEFAULT, NAMES
from bft.checking.protocols import examined_as, place_of
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_NODES

SIZES = (4, 5, 6, 7, 8, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a campaign examines.

    Attributes
    ----------
    protocol, mutant : str (or Protocol, held as the place where it stands), str or None
        What to examine; a mutant's own number of nodes and quorum apply where it names them.
    sizes : tuple of int
        Numbers of nodes, taken in turn.
    byzantine : int or None
        Nodes that the adversary may hold at most; None for f. Above f a breach is what must be found.
    quorum : int or None
        Quorum that the replicas are told.
    oracle : tuple of str or None
        Invariants that count, for instance ("S1",) to look for splits alone; None for all.
    generators : tuple of str
        Taken in turn; "steered" ones are made from schedules that reached something new (`corpus`).
    seed : int
        0 or more.
    schedules : int or None
        Stop after so many.
    seconds : float or None
        Stop after so much time; with it the number of schedules depends on the machine.
    workers : int
        Processes.
    """

    protocol: str = "pbft"
    mutant: str | None = None
    sizes: tuple[int, ...] = SIZES
    byzantine: int | None = None
    quorum: int | None = None
    oracle: tuple[str, ...] | None = None
    generators: tuple[str, ...] = DEFAULT
    seed: int = 0
    schedules: int | None = None
    seconds: float | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "protocol", place_of(self.protocol))
        examined_as(self.protocol)
        for name in self.generators:
            if name not in NAMES:
                raise ScenarioError(bad_value("generators", name, f"must be among {', '.join(NAMES)}"))
        if not self.generators:
            raise ScenarioError(bad_value("generators", (), "must name at least one"))
        if not self.sizes:
            raise ScenarioError(bad_value("n", self.sizes, "must be numbers of nodes, 1 or more"))
        for n in self.sizes:
            check_whole("n", n, ScenarioError, least=1, most=MOST_NODES)
            if self.byzantine is not None and not 0 <= self.byzantine <= n:
                raise ScenarioError(bad_value("byzantine", self.byzantine, f"must be between 0 and n = {n}"))
            if self.quorum is not None and not 1 <= self.quorum <= n:
                raise ScenarioError(bad_value("quorum", self.quorum, f"must be between 1 and n = {n}"))
        if self.seed < 0:
            raise ScenarioError(bad_value("seed", self.seed, "must be a whole number, 0 or more"))
        if self.schedules is None and self.seconds is None:
            raise ScenarioError(bad_value("schedules", None, "give a number of schedules, or of seconds"))
        if self.schedules is not None and self.schedules < 1:
            raise ScenarioError(bad_value("schedules", self.schedules, "must be at least 1"))
        if self.seconds is not None and not self.seconds > 0:
            raise ScenarioError(bad_value("seconds", self.seconds, "must be more than 0"))
        if self.workers < 1:
            raise ScenarioError(bad_value("workers", self.workers, "must be at least 1"))

    @property
    def within_bounds(self) -> bool:
        """Whether a breach would be a bug: at most f corrupted, the right quorum, no seeded bug."""
        return (
            self.mutant is None
            and self.quorum is None
            and all(self.byzantine is None or self.byzantine <= QuorumSystem.of(n).tolerated for n in self.sizes)
        )


def address(plan: Plan, index: int) -> tuple[str, int]:
    """Return the generator and size of schedule number `index`."""
    turn, place = divmod(index, len(plan.generators))
    return plan.generators[place], plan.sizes[turn % len(plan.sizes)]
