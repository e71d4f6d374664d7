"""Known attacks and known bugs of other implementations, each as a schedule with a readable transcript beside it.

The transcripts in this folder are compared line by line. Record them anew with `pytest tests/schedules --record`,
and review the diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bft.checking import operations as ops
from bft.checking.counterexample import run, subject_of
from bft.checking.setting import Setting
from bft.checking.transcript import transcript

FOLDER = Path(__file__).parent / "transcripts"
PBFT = subject_of("pbft")
ALL = 0b1111


def mask(*nodes):
    return sum(1 << node for node in nodes)


def everyone(n, *hearers):
    """All messages reach the hearers, none the others."""
    return tuple((1 << n) - 1 if node in hearers else 0 for node in range(n))


def equivocation(setting):
    """The liars, led by 0, give a to one half of the honest nodes and b to the other, and vote for both."""
    liars = setting.byzantine
    honest = [node for node in range(setting.n) if node not in liars]
    groups = (honest[: len(honest) // 2], honest[len(honest) // 2 :])
    masks = [mask(*group) for group in groups]
    schedule = [ops.Ask(0, mask(*honest))]
    schedule += [ops.Forge("propose", 0, masks[value], (value, 1, 0)) for value in (0, 1)]
    for actor in range(len(liars)):
        for value in (0, 1):
            if actor:
                schedule.append(ops.Forge("vote", actor, masks[value], (1 - value, 0)))
            schedule.append(ops.Forge("vote", actor, masks[value], (1 - value, 1)))
    apart = tuple(
        0 if node in liars else mask(*liars) | (masks[0] if masks[0] >> node & 1 else masks[1])
        for node in range(setting.n)
    )
    return [*schedule, *(ops.Exchange(kind, apart, False) for kind in ("PrePrepare", "Prepare", "Commit"))]


TWO_LIARS = Setting(n=4, byzantine=(0, 1))
ONE_LIAR = Setting(n=4, byzantine=(0,))
HONEST = Setting(n=4)

SCHEDULES = {
    "two equivocators split four": (TWO_LIARS, equivocation(TWO_LIARS)),
    "one equivocator splits nobody": (ONE_LIAR, equivocation(ONE_LIAR)),
    "highest view": (
        HONEST,
        [
            ops.Ask(0, ALL),
            ops.Exchange("PrePrepare", everyone(4, 1, 2, 3), False),
            ops.Exchange("Prepare", everyone(4, 3), False),
            ops.Exchange("Commit", everyone(4), False),
            *(ops.Fire(node, "view") for node in (0, 1, 2)),
            ops.Exchange("ViewChange", (mask(0, 1, 2),) * 3 + (0,), False),
            ops.Exchange("NewView", everyone(4, 0, 2), False),
            ops.Exchange("PrePrepare", everyone(4, 0, 2), False),
            ops.Exchange("Prepare", everyone(4, 0, 1, 2), False),
            ops.Exchange("Commit", everyone(4, 0, 1, 2), False),
            ops.Ask(1, mask(0, 2, 3)),
            ops.Fire(0, "view"),
            ops.Fire(2, "view"),
            ops.Exchange("ViewChange", (mask(0, 2, 3), 0, mask(0, 2), mask(0, 2, 3)), True),
            ops.Exchange("ViewChange", (0, 0, mask(0, 2, 3), 0), False),
            ops.Settle(4),
        ],
    ),
    "lost commit": (
        ONE_LIAR,
        [
            ops.Ask(0, ALL),
            ops.Exchange("PrePrepare", everyone(4, 1, 2, 3), False),
            ops.Exchange("Prepare", everyone(4, 0, 1, 2), False),
            ops.Exchange("Commit", everyone(4, 1), False),
            *(ops.Fire(node, "view") for node in (0, 2, 3)),
            ops.Exchange("ViewChange", (ALL, 0, ALL, ALL), False),
            *(ops.Fire(node, "view") for node in (2, 3)),
            ops.Forge("view_change", 0, mask(2), (1, 0, 0)),
            ops.Exchange("ViewChange", (0, 0, mask(0, 3), mask(2)), False),
            ops.Settle(5),
        ],
    ),
    "first pre-prepare to one replica with the next number": (
        ONE_LIAR,
        [
            ops.Ask(0, mask(1, 2, 3)),
            ops.Forge("propose", 0, mask(3), (0, 1, 4)),
            ops.Exchange("PrePrepare", everyone(4, 3), False),
            ops.Ask(1, ALL),
            ops.Settle(4),
            ops.Heal(6, mask(0)),
        ],
    ),
    "only replica 0 is linked": (
        HONEST,
        [
            ops.Ask(0, ALL),
            ops.Exchange("PrePrepare", everyone(4), False),
            *(ops.Fire(node, "view") for node in range(4)),
            ops.Exchange("ViewChange", (ALL, 1, 1, 1), False),
            ops.Fire(0, "view"),
            ops.Exchange("ViewChange", (ALL, 1, 1, 1), False),
            ops.Heal(6, 0),
        ],
    ),
    "the primary's vote": (
        ONE_LIAR,
        [
            ops.Ask(0, mask(1, 2, 3)),
            ops.Forge("propose", 0, mask(1), (0, 1, 0)),
            ops.Forge("vote", 0, mask(1), (0, 0)),
            ops.Settle(2),
        ],
    ),
    "a vote in another's name": (
        ONE_LIAR,
        [
            ops.Ask(0, mask(1, 2, 3)),
            ops.Forge("propose", 0, mask(1), (0, 1, 0)),
            ops.Forge("vote", 0, mask(1), (0, 0, 7, 1)),
            ops.Forge("vote", 0, mask(1), (0, 0, 7, 2)),
            ops.Settle(1),
        ],
    ),
    "leader crashes": (HONEST, [ops.Ask(0, ALL), ops.Crash(0), ops.Heal(6, mask(0))]),
    "f + 1 crash": (
        HONEST,
        [
            ops.Ask(0, ALL),
            ops.Crash(0),
            ops.Crash(1),
            *(ops.Fire(node, "view") for node in (2, 3)),
            ops.Settle(4),
        ],
    ),
    "slow leader": (
        HONEST,
        [
            ops.Ask(0, ALL),
            *(ops.Fire(node, "view") for node in (1, 2, 3)),
            ops.Exchange("ViewChange", (0, ALL, ALL, ALL), True),
            ops.Exchange("NewView", everyone(4, 2, 3), True),
            ops.Settle(6),
        ],
    ),
    "lying catch-up": (
        Setting(n=4, byzantine=(3,), checkpoint_interval=1, window=2),
        [
            ops.Ask(0, mask(0, 1, 2)),
            ops.Exchange("PrePrepare", everyone(4, 1, 3), False),
            ops.Exchange("Prepare", everyone(4, 0, 1, 3), False),
            ops.Exchange("Commit", everyone(4, 0, 1, 3), False),
            ops.Forge("catch_up", 0, mask(2), (0, 0, 0, 0, 0)),
            ops.Forge("catch_up", 0, mask(2), (0, 0, 0, 0, 0, 4)),
            ops.Forge("catch_up", 0, mask(2), (0, 0, 0, 1, 0)),
            ops.Forge("catch_up", 0, mask(2), (0, 0, 0, 1, 1)),
            ops.Exchange("CatchUp", everyone(4, 2), False),
        ],
    ),
}
REACHED = {
    "two equivocators split four": {2: 1, 3: 1},
    "one equivocator splits nobody": {1: 0, 2: 1, 3: 1},
    "highest view": {0: 2, 1: 2, 2: 2, 3: 2},
    "lost commit": {1: 1, 2: 1, 3: 1},
    "the primary's vote": {1: 0, 2: 0, 3: 0},
    "a vote in another's name": {1: 0, 2: 0, 3: 0},
    "f + 1 crash": {2: 0, 3: 0},
    "slow leader": {0: 1, 1: 1, 2: 1, 3: 1},
    "lying catch-up": {0: 1, 1: 1, 2: 0},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule(name, record):
    setting, schedule = SCHEDULES[name]
    world, monitor = run(PBFT, setting, tuple(schedule))
    splits = name == "two equivocators split four"
    assert monitor.split is splits
    assert splits or not monitor.breaches
    assert world.stalled is None
    for node, seq in REACHED.get(name, {}).items():
        assert world.reach[node] == seq, node
    told = "\n".join([name, "", *transcript(PBFT, setting, schedule), ""])
    path = FOLDER / f"{name.replace(' ', '-')}.txt"
    if record:
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


SPLITTING = ((5, 1, 3), (6, 1, 3), (8, 2, 5), (4, 1, 2), (3, 1, 2), (7, 2, 4), (7, 3, 5))
SAFE = ((5, 1, 4), (6, 1, 4), (6, 1, 5), (7, 2, 5), (8, 2, 6), (10, 3, 7))


@pytest.mark.parametrize(("n", "liars", "quorum"), SPLITTING)
def test_equivocation_splits_where_quorums_are_too_small(n, liars, quorum):
    setting = Setting(n=n, byzantine=tuple(range(liars)), quorum=quorum)
    _, monitor = run(PBFT, setting, tuple(equivocation(setting)))
    assert monitor.split


@pytest.mark.parametrize(("n", "liars", "quorum"), SAFE)
def test_equivocation_splits_nobody_where_quorums_share_an_honest_node(n, liars, quorum):
    setting = Setting(n=n, byzantine=tuple(range(liars)), quorum=quorum)
    _, monitor = run(PBFT, setting, tuple(equivocation(setting)))
    assert not monitor.split
