"""Random scenarios that the vectorised engine supports, small enough for the event engine to follow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import bft
from bft.vectorised import supported

LAWS: tuple[dict[str, Any], ...] = (
    {"law": "lognormal"},
    {"law": "lognormal", "median_s": 0.2, "log_sd": 0.9},  # slow: messages cross timers now and then
    {"law": "constant", "delay_s": 0.25},
    {"law": "uniform", "low_s": 0.0, "high_s": 0.5},
    {"law": "normal", "mean_s": 0.25, "sd_s": 0.2},
    {"law": "exponential", "mean_s": 0.1},
)
BEHAVIOURS = ("crash", "withhold", "silent_primary", "lie", "collude")
MODELS = tuple(f"model-{number}" for number in range(7))


def write_table(file: Path) -> Path:
    """Write a small table of recorded answers, with missing and equally popular wrong ones."""
    random = Random(5)
    lines = ["question_id,gold,model,answer"]
    for question in range(40):
        for model in MODELS:
            answer = random.choices(("A", "B", "C", "10", "9", ""), (10, 3, 3, 2, 2, 1))[0]
            lines.append(f"q{question},A,{model},{answer}")
    file.write_text("\n".join(lines) + "\n")
    return file


def random_validators(random: Random, n: int, table: Path) -> dict[str, Any]:
    """Return perfect validators, or some that err."""
    kind = random.choice(("perfect", "perfect", "statistical", "recorded"))
    if kind == "perfect" or (kind == "recorded" and n > len(MODELS)):
        return {"kind": "perfect"}
    check: dict[str, Any] = {"kind": "same_answer"}
    if random.random() < 0.4:
        own_wrong = random.choice((None, 0.6))
        check = {"kind": "judge", "unsure": random.choice((0.0, 0.1)), "accept_given_wrong_own_wrong": own_wrong}
    if kind == "recorded":
        return {"kind": kind, "file": str(table), "models": MODELS[:n], "check": check}
    accuracy = random.choice((0.5, 0.8, 0.95))
    errors = random.choice(
        (
            {"kind": "independent"},
            {"kind": "beta_binomial", "correlation": 0.3},
            {"kind": "correlated", "r": 0.5, "flawed": 0.02, "tau": 0.2, "k_alpha": 2.0},
        )
    )
    missing = random.choice((0.0, 0.05))
    options = random.choice((1, 3, 12))
    return {
        "kind": kind, "accuracy": accuracy, "options": options, "errors": errors, "check": check,
        "missing": missing, "missing_correlation": random.choice((0.0, 0.5)),
    }  # fmt: skip


def random_faults(random: Random, n: int, timing: bool) -> dict[str, Any]:
    """Return faults of any kind and mixture."""
    delta = random.choice((0.0, 0.1, 0.3, 0.6))
    behaviour = random.choice(BEHAVIOURS if timing else (*BEHAVIOURS, "equivocate"))
    faults: dict[str, Any] = {"delta": delta, "behaviour": behaviour}
    kind = random.random()
    if kind < 0.15:
        faults["behaviour"] = random.sample(BEHAVIOURS, 2)
        faults["shares"] = (2.0, 1.0)
    elif kind < 0.3:
        faults["draw"] = "fraction"
    elif kind < 0.4:
        faults["delta"] = tuple(random.choice((0.0, 0.2, 0.9)) for _ in range(n))
    elif kind < 0.5:
        del faults["delta"]
        faults["nodes"] = random.sample(range(n), random.randint(0, n // 2))
    return faults


@pytest.fixture(scope="session")
def random_scenario(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Random, bool], bft.Scenario]:
    """Return what draws a scenario that the vectorised engine supports, with timing or without."""
    table = write_table(tmp_path_factory.mktemp("tables") / "answers.csv")
    return lambda random, timing: draw_scenario(random, table, timing)


def draw_scenario(random: Random, table: Path, timing: bool) -> bft.Scenario:
    """Return a scenario that the vectorised engine supports."""
    while True:
        n = random.choice((1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 10))
        described: dict[str, Any] = {
            "n": n,
            "faults": random_faults(random, n, timing),
            "validators": random_validators(random, n, table),
            "network": {"delay": random.choice(LAWS)},
        }
        if random.random() < 0.2:
            described["stakes"] = [random.randint(1, 5) for _ in range(n)]
        elif random.random() < 0.2:
            described["quorum"] = random.randint(1, n)
        kind = random.random()
        if kind < 0.15 and timing:
            described |= {"views": 1, "retransmission": False}
            described["network"]["loss"] = random.choice((0.02, 0.2))
        elif kind < 0.3:
            described["retransmission"] = False
        elif kind < 0.4:
            described |= {"pbft": {"view_timeout_s": 5.0}, "retransmit_s": random.choice((2.0, 5.0, 7.0))}
        if "views" not in described and random.random() < 0.4:
            described["views"] = random.choice((1, 2, 3, "unlimited"))
        if random.random() < 0.1:
            described["horizon_s"] = random.choice((0.3, 11.0))
        scenario = bft.Scenario(**described)
        if supported(scenario, timing=timing) is None:
            return scenario
