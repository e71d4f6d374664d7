"""The scripts of `simulations/` answer as their docstrings say, with fewer replications than they use by themselves.

Statistical statements are held at five standard errors or compare runs on common random numbers: false alarms below
1e-5.
"""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "simulations"
RUNS = 60


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"simulations_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(sweep: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in sweep.rows]


def close(row: dict[str, Any], outcome: str, probability: float) -> bool:
    error = np.sqrt(max(probability * (1 - probability), 1e-9) / row["replications"])
    return bool(abs(row[f"p_{outcome}"] - probability) <= 5 * error + 1e-9)


def test_agreement_follows_the_law_and_larger_systems_fall_more_steeply(tmp_path: Path) -> None:
    table = rows(script("agreement_against_delta").main(replications=RUNS, out=tmp_path, workers=1))
    assert all(close(row, "agree", row["exact_agree"]) for row in table)
    exact = {(row["n"], row["faults.delta"]): row["exact_agree"] for row in table}
    assert exact[13, 0.1] > exact[4, 0.1]
    assert exact[13, 0.5] < exact[4, 0.5]
    assert list(tmp_path.glob("*.png"))


def test_a_larger_quorum_buys_safety_with_liveness(tmp_path: Path) -> None:
    table = rows(script("quorum_size").main(replications=RUNS, out=tmp_path, workers=1))
    split = [row["p_split"] for row in table if row["faults.behaviour"] == "equivocate"]
    stalled = [row["p_stalled"] for row in table if row["faults.behaviour"] == "crash"]
    assert split[0] > split[2] > split[-1] == 0.0
    assert stalled[0] < stalled[2] < stalled[-1]


def test_which_behaviour_hurts_most(tmp_path: Path) -> None:
    sweeps = script("behaviours").main(replications=RUNS, out=tmp_path, workers=1)
    perfect = {row["faults.behaviour"]: row for row in rows(sweeps["perfect"])}
    for kind in ("crash", "withhold", "equivocate", "lie"):
        assert close(perfect[kind], "correct", 0.64707), kind
    assert {kind for kind, row in perfect.items() if row["p_split"] > 0} == {"equivocate", "twins"}
    assert {kind for kind, row in perfect.items() if row["p_wrong"] > 0} <= {"lie", "collude", "inject"}
    fallible = {row["faults.behaviour"]: row for row in rows(sweeps["statistical"])}
    assert fallible["collude"]["p_wrong"] == max(row["p_wrong"] for row in fallible.values())


def test_three_views_are_worth_having(tmp_path: Path) -> None:
    table = rows(script("rounds").main(replications=RUNS, out=tmp_path, workers=1))
    perfect = {row["views"]: row["p_agree"] for row in table if row["validators.kind"] == "perfect"}
    views = sorted(perfect)
    assert all(perfect[one] <= perfect[other] for one, other in pairwise(views))
    assert perfect[1] < perfect[3] == perfect[views[-1]]


@pytest.fixture
def made_up_answers(tmp_path: Path) -> Path:
    """Five models, forty questions: on half of them all are right, on a quarter they err together, else each alone."""
    lines = ["question_id,gold,model,answer"]
    for question in range(40):
        for model in range(5):
            answer = "A" if question % 4 < 2 else ("B" if question % 4 == 2 else "ABCDE"[model])
            lines.append(f"{question},A,model-{model},{answer}")
    path = tmp_path / "answers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_colluders_turn_recorded_agreement_from_right_to_wrong(made_up_answers: Path, tmp_path: Path) -> None:
    models = [f"model-{model}" for model in range(5)]
    sweeps = script("recorded_panel").main(
        str(made_up_answers), models, replications=RUNS, out=tmp_path / "out", workers=1
    )
    for sweep in sweeps.values():
        table = rows(sweep)
        assert all(close(row, name, row[f"exact_{name}"]) for row in table for name in ("correct", "wrong"))
    exact = {kind: rows(sweep)[-1]["exact_wrong"] for kind, sweep in sweeps.items()}
    assert exact["collude"] > exact["crash"]
