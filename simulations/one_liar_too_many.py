"""How soon does the safety laboratory find a split? One liar more than safety bears, and one fewer.

PBFT is safe as long as K < 2q − n nodes are Byzantine: f + 1 colluders split where n = 3f + 1 or n = 3f + 3. For each
size the same campaign runs twice, with one colluder too few for a split and with just enough.

Expected: with 2q − n colluders a split after some dozens of schedules, shrunk to at most 10 operations; with one
fewer none.

Run time: about 5 s on one core.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time

from bft.checking.campaign import search
from bft.checking.plan import SIZES, Plan
from bft.core.quorum import QuorumSystem

SCHEDULES = 400  # most schedules of each campaign
MOST_OPERATIONS = 10
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a campaign found: after how many schedules, in how many operations once shrunk; None: no split."""

    n: int
    colluders: int
    schedules: int
    operations: int | None
    cpu_s: float


def hunt(n: int, colluders: int, schedules: int) -> Finding:
    """Look for a split with so many colluders."""
    started_s = process_time()
    found = search(
        Plan(sizes=(n,), byzantine=colluders, oracle=("S1",), seed=SEED, schedules=schedules), stop_at_breach=True
    )
    return Finding(
        n=n,
        colluders=colluders,
        schedules=found.schedules,
        operations=None if found.found is None else len(found.found.operations),
        cpu_s=process_time() - started_s,
    )


def main(schedules: int = SCHEDULES, sizes: tuple[int, ...] = SIZES) -> list[Finding]:
    """Hunt with one liar too many and with one fewer, print the table, and return it."""
    findings = []
    print(f"{'n':>3} {'f':>2} {'q':>3} {'colluders':>9} {'split':>6} {'schedules':>9} {'operations':>10} {'CPU-s':>6}")
    for n in sizes:
        system = QuorumSystem.of(n)
        for colluders in (system.safe_below - 1, system.safe_below):
            found = hunt(n, colluders, schedules)
            findings.append(found)
            split, operations = ("no", "-") if found.operations is None else ("found", str(found.operations))
            print(
                f"{n:>3} {system.tolerated:>2} {system.quorum:>3} {colluders:>9} {split:>6} {found.schedules:>9} "
                f"{operations:>10} {found.cpu_s:>6.2f}"
            )
    return findings


if __name__ == "__main__":
    main()
