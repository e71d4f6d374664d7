"""Every exact law against the event engine, fault set by fault set, for random stakes, quorums, views and timers.

Given who is faulty, a run with deterministic validators has one outcome, whatever the delays. So the law is a sum over
fault sets: nothing here is statistical, and no tolerance but that of floating point is needed.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

import bft
from bft.errors import BftError
from bft.experiments.laws import law_of
from bft.theory import OutcomeLaw

BEHAVIOURS = ("crash", "withhold", "silent_primary", "lie", "collude", "equivocate")
ANSWERS = ("A", "A", "B", "C", "")


def random_scenario(random: Random, folder: Path) -> tuple[bft.Scenario, tuple[float, ...]]:
    """Return a scenario of few nodes whose runs depend on nothing but who is faulty, and each node's δ."""
    n = random.choice((1, 2, 3, 4, 4, 5))
    fields: dict[str, Any] = {"n": n}
    if random.random() < 0.5:
        fields["stakes"] = [random.choice((1, 1, 2, 3, 4, 5, 9)) for _ in range(n)]
    if random.random() < 0.5:
        fields["quorum"] = random.randint(1, bft.Scenario(**fields).system.total)
    if random.random() < 0.3:
        fields["f"] = random.randint(0, n - 1)
    if random.random() < 0.6:
        fields["views"] = random.choice((1, 2, 3, n, n + 2, "unlimited"))
    if random.random() < 0.15:
        fields["retransmission"] = False
    elif random.random() < 0.3:
        fields["retransmit_s"] = random.choice((5.0, 8.0, 10.0, 15.0, 60.0))
    behaviour = random.choice(BEHAVIOURS)
    if behaviour in ("crash", "collude") and random.random() < 0.5:
        fields["validators"] = fallible(random, n, folder)
    delta = tuple(random.choice((0.0, 0.1, 0.5, 0.9)) for _ in range(n))
    return bft.Scenario(**fields, faults={"delta": delta, "behaviour": behaviour}), delta


def fallible(random: Random, n: int, folder: Path) -> dict[str, Any]:
    """Return validators that err in one way only: one recorded question, or judges without luck."""
    if random.random() < 0.5:
        never_or_always = (0.0, 1.0)
        check = {
            "kind": "judge",
            "accept_given_right": random.choice(never_or_always),
            "accept_given_wrong": random.choice(never_or_always),
            "redraw": True,
        }
        return {"kind": "statistical", "accuracy": random.choice(never_or_always), "options": 2, "check": check}
    file = folder / f"{random.random()}.csv"
    rows = "".join(f"q,A,m{node},{random.choice(ANSWERS)}\n" for node in range(n))
    file.write_text("question_id,gold,model,answer\n" + rows)
    return {"kind": "recorded", "file": str(file), "models": [f"m{node}" for node in range(n)]}


def enumerated(scenario: bft.Scenario, delta: tuple[float, ...]) -> Counter[str]:
    """Return the probability of each outcome, one run for each set of faulty nodes."""
    found: Counter[str] = Counter()
    for number in range(2**scenario.n):
        faulty = [node for node in range(scenario.n) if number >> node & 1]
        chance = 1.0
        for node, one in enumerate(delta):
            chance *= one if node in faulty else 1.0 - one
        if chance > 0:
            given = {"nodes": faulty, "behaviour": scenario.faults.behaviour}
            run = bft.Simulator(scenario.replace("faults", given), 1).run(number)
            found[run.outcome.value] += chance
    return found


def expected(law: OutcomeLaw) -> dict[str, Any]:
    """Return the probabilities of a law by the names of outcomes."""
    told = {"partial": law.partial, "stalled": law.stalled, "split": law.split}
    if law.correct is None:
        return told | {"agreed": law.agree}
    return told | {"agreed_correct": law.correct, "agreed_wrong": law.wrong}


def compare(first: int, laws: int, folder: Path) -> Counter[str]:
    """Compare random laws with runs; return how many of each behaviour there were."""
    compared: Counter[str] = Counter()
    number = first
    while compared.total() < laws:
        number += 1
        try:
            scenario, delta = random_scenario(Random(f"law {number}"), folder)
        except BftError:  # such as a quorum above what f allows
            continue
        law = law_of(scenario)
        if law is None:
            continue
        found = enumerated(scenario, delta)
        found["agreed"] = found["agreed_correct"] + found["agreed_wrong"]
        for outcome, chance in expected(law).items():
            assert found[outcome] == pytest.approx(float(chance), abs=1e-12), (number, outcome, scenario.to_toml())
        compared[type(scenario.faults.behaviour[0]).__name__] += 1
    return compared


def test_a_law_is_the_sum_over_fault_sets_of_what_runs_end_in(tmp_path: Path) -> None:
    assert len(compare(0, 45, tmp_path)) == len(BEHAVIOURS)


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(100_000, 600_000, 100_000))
def test_a_thousand_laws_are_the_sum_over_fault_sets(first: int, tmp_path: Path) -> None:
    assert len(compare(first, 1000, tmp_path)) == len(BEHAVIOURS)


@pytest.mark.parametrize("behaviour", ["silent_primary", "withhold"])
@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2, "stakes": (4, 2), "views": 1},
        {"n": 3, "stakes": (4, 1, 1), "views": 1},
        {"n": 4, "stakes": (9, 1, 1, 1), "views": 1},
        {"n": 4, "stakes": (9, 1, 1, 1)},
        {"n": 4, "stakes": (1, 1, 9, 1), "views": 2},
        {"n": 4, "stakes": (1, 1, 9, 1), "views": 3},
        {"n": 5, "quorum": 1, "views": 2},
    ],
)
def test_a_silent_node_that_is_a_quorum_by_itself_proves_what_it_decided(
    behaviour: str, fields: dict[str, Any]
) -> None:
    scenario = bft.Scenario(**fields, faults={"delta": 0.5, "behaviour": behaviour})
    law = law_of(scenario)
    assert law is not None
    assert enumerated(scenario, (0.5,) * scenario.n)["agreed_correct"] == pytest.approx(law.agree, abs=1e-12)
    for field, value in (("retransmission", False), ("retransmit_s", 10.1)):  # nobody asks it, or not in time
        assert law_of(scenario.replace(field, value)) is None
