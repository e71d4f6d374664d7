"""The scripts on voting rules and debates answer as their docstrings say, with fewer runs than they use by themselves.

Runs of one script have common random numbers; what is compared differs by many standard errors, so that false alarms
stay below 1e-4 for each comparison.
"""

from __future__ import annotations

import csv
import importlib.util
import random
from math import isnan
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "simulations"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"simulations_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_label(rows: Any) -> dict[str, Any]:
    return {row.label: row for row in rows}


def share(row: Any, outcome: str) -> float:
    return float(row.shares[outcome].value)


def test_rules_trade_silence_against_precision(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = script("voting_rules").main(replications=40, out=tmp_path)
    rules = by_label(found["without faults"])
    quorum, plurality = rules["quorum of own answers"], rules["plurality"]
    assert quorum.precision.value > plurality.precision.value
    assert share(quorum, "agree") < share(plurality, "agree")
    rotation = rules["PBFT, f + 1 views"]
    assert (share(rotation, "correct"), share(rotation, "wrong")) == (share(quorum, "correct"), share(quorum, "wrong"))
    assert share(rules["PBFT, 1 view"], "agree") < share(quorum, "agree")
    assert 0.15 < quorum.saved.value < 0.25
    assert rules["judge, then vote"].calls.value > 2 * quorum.calls.value
    attacked = by_label(found["under attack"])
    assert share(attacked["stake, rich colluders"], "wrong") == 1.0 > share(attacked["stake, poor colluders"], "wrong")
    loud, modest = attacked["confidence, colluders state 1.0"], attacked["confidence, colluders state 0.5"]
    assert share(loud, "wrong") > share(modest, "wrong")
    assert share(attacked["plurality, voting twice"], "split") > 0 == share(attacked["quorum, voting twice"], "split")
    injected, plain = attacked["PBFT of judges, injected texts"], attacked["PBFT of judges, colluders"]
    assert share(injected, "wrong") > share(plain, "wrong")
    assert injected.faults["injections obeyed"] > 0
    assert len(list(tmp_path.glob("*.png"))) == 2
    told = capsys.readouterr().out
    assert "injections obeyed" in told
    assert "NEVER" not in told


def test_rules_on_a_recorded_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seven made-up models: one right on nine of ten questions, six that err together half of the time."""
    luck = random.Random(2)
    path = tmp_path / "answers.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["question_id", "gold", "model", "answer"])
        for question in range(300):
            trap = luck.random() < 0.5
            for model in range(7):
                right = luck.random() < (0.9 if model == 0 else 0.2 if trap else 0.95)
                table.writerow([question, "A", f"m{model}", "A" if right else "B"])
    found = script("voting_rules").main(str(path), [f"m{each}" for each in range(7)], replications=40, out=tmp_path)
    rules = by_label(found["without faults"])
    assert share(rules["by learnt log-odds"], "correct") > share(rules["plurality"], "correct"), (
        "the best outweighs all"
    )
    assert "the best member alone is right on 0." in capsys.readouterr().out


def test_debate_buys_agreement_not_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = script("debate").main(replications=40, out=tmp_path)
    for rows in found.values():
        debates = by_label(rows)
        assert share(debates["plain, 4 rounds"], "agree") > share(debates["plain, 0 rounds"], "agree")
        assert debates["plain, 4 rounds"].precision.value < debates["plain, 0 rounds"].precision.value
        assert share(debates["colluders, 4 rounds"], "wrong") > share(debates["colluders, 0 rounds"], "wrong") + 0.2
        assert debates["plain, 4 rounds"].calls.value == 35
        assert not isnan(debates["plain, 1 rounds"].latency_s.value)
    assert "honest validators right after" in capsys.readouterr().out
