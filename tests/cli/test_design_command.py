"""`bft design`: one JSON object, files that run, refusals in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bft.cli import main
from tests.designing.conftest import WriteCodes, drawn_codes
from tests.designing.conftest import write_codes as write_codes

NAMES = ("ann", "bob", "cat", "dan")


@pytest.fixture
def answers(write_codes: WriteCodes) -> str:
    return str(write_codes(drawn_codes(600, (0.92, 0.9, 0.88, 0.86), seed=1, hard=0.01), NAMES))


def test_json_is_one_object_with_the_panel_the_front_and_the_votes(
    answers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["design", "--answers", answers, "--max-wrong", "0.05", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["recommended"]["models"]) <= set(NAMES)
    for panel in (told["recommended"], *told["front"], told["best_single"]):
        held = panel["held_out"]
        assert {"models", "rule", "quorum", "n"} <= set(panel)
        for name in ("correct", "wrong", "none"):
            assert 0.0 <= held[f"{name}_low"] <= held[name] <= held[f"{name}_high"] <= 1.0
        assert held["correct"] + held["wrong"] + held["none"] == pytest.approx(1.0)
    assert told["recommended"]["held_out"]["wrong_high"] <= 0.05
    assert 3.0 <= told["effective_votes"] < 4.0  # a hundredth of the questions is hard for all four
    assert told["best_single"]["model"] == "ann"
    assert told["reason"]
    assert told["confidence"] == 0.95
    assert main(["design", "--answers", answers, "--max-wrong", "0.05", "--confidence", "0.8", "--repeats", "1"]) == 0
    assert "with 80 % confidence" in capsys.readouterr().out


def test_where_nothing_is_feasible_the_panel_is_null_and_the_reason_tells_by_how_much(
    answers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["design", "--answers", answers, "--max-wrong", "0.0001", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["recommended"] is None
    assert "cannot decide" in told["reason"] or "more than" in told["reason"]
    assert told["nearest"]["models"]


def test_accuracies_are_designed_by_the_exact_law(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["design", "--accuracies", ".9,.85,.8,.8,.7", "--r", ".5", "--tau", ".3", "--max-wrong", ".01", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    panel = told["recommended"]
    assert (panel["n"], panel["rule"], panel["quorum"]) == (4, "quorum", 4)
    assert panel["held_out"]["wrong"] == panel["held_out"]["wrong_high"] < 0.01
    assert told["basis"] == "exact"


def test_files_are_written_that_run(answers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "design"
    assert main(["design", "--answers", answers, "--max-wrong", "0.05", "--out", str(out), "--quiet"]) == 0
    told = capsys.readouterr()
    assert "recommended" in told.out
    assert told.err == ""
    names = {file.name for file in out.iterdir()}
    assert names == {"design.json", "front.csv", "design.png", "design.svg", "scenario.toml", "panel.toml"}
    assert main(["run", str(out / "scenario.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "needs one of answers, accuracies and fit"),
        (["--accuracies", "a,b"], "must be numbers with commas between them"),
        (["--accuracies", ".9,.8", "--max-wrong", "1.2"], "max-wrong = 1.2"),
        (["--answers", "nowhere.csv"], "cannot be read"),
        (["--accuracies", ".9,.8,.7", "--prices", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["--accuracies", ".9"], "one model is no panel"),
        (["--accuracies", ".9,.8", "--confidence", "95"], "confidence = 95"),
        (["--accuracies", ".9,.8", "--stakes", "1.5,2"], "must be whole numbers with commas between them"),
        (["--accuracies", ".9,.8,.7", "--models", "a,b"], "must name one for each of the 3 models"),
        (["--accuracies", ".9,.8", "--without-gold"], "needs a table"),
        (["--accuracies", ".9,.8,.7", "--max-cost", "1"], "needs the price of every model"),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["design", *words]) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_prices_are_read_from_csv_and_toml_and_wrong_ones_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "\n".join(f"model-{k},{k},0.{k}" for k in (1, 2, 3))
    (tmp_path / "p.csv").write_text(f"model,price,latency_s\n{rows}\n")
    tables = "\n".join(f'[models."model-{k}"]\nprice = {k}\nlatency_s = 0.{k}' for k in (1, 2, 3))
    (tmp_path / "p.toml").write_text(tables)
    costs = []
    for name in ("p.csv", "p.toml"):
        given = ["--accuracies", ".9,.9,.9", "--prices", str(tmp_path / name), "--max-cost", "6.5", "--json"]
        assert main(["design", *given]) == 0
        panel = json.loads(capsys.readouterr().out)["recommended"]
        costs.append((panel["cost"], panel["latency_s"]))
    assert costs == [(6.0, 0.3), (6.0, 0.3)]
    (tmp_path / "p.csv").write_text("model,price\nmodel-1,-2\n")
    assert main(["design", "--accuracies", ".9,.9,.9", "--prices", str(tmp_path / "p.csv")]) == 2
    assert "must be a number of at least 0" in capsys.readouterr().err


def test_accuracies_are_estimated_without_right_answers_and_compared_where_they_are_known(
    answers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["design", "--answers", answers, "--without-gold", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for estimate, truth in zip(told["one_parameter"]["accuracy"], told["truth"], strict=True):
        assert estimate == pytest.approx(truth, abs=0.04), "three standard errors of 600 questions"
    assert "err together" in told["warning"]
    lines = [line.split(",") for line in Path(answers).read_text().splitlines()]
    bare = tmp_path / "bare.csv"
    bare.write_text("".join(f"{question},{model},{answer}\n" for question, _, model, answer in lines))
    assert main(["design", "--answers", str(bare), "--without-gold"]) == 0
    printed = capsys.readouterr().out
    assert "truth" not in printed
    assert "Warning" in printed
    assert main(["design", "--answers", str(bare), "--max-wrong", ".05"]) == 2
    assert "column 'gold' is missing" in capsys.readouterr().err


def test_judges_and_early_stop_are_asked_for_on_the_command_line(
    answers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text("model,price,latency_s\n" + "".join(f"{name},1,{2 + k}\n" for k, name in enumerate(NAMES)))
    base = ["design", "--answers", answers, "--prices", str(prices), "--json", "--repeats", "1"]
    assert main([*base, "--rules", "judge", "--accept-right", "0.9", "--accept-wrong", "0.2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["judges"] == {"accept_right": 0.9, "accept_wrong": 0.2}
    assert told["recommended"]["rule"] == "judge"
    assert told["recommended"]["calls"] > told["recommended"]["n"]
    assert main([*base, "--early-stop", "--sizes", "4"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["early_stop"] is True
    assert 2.0 < told["recommended"]["latency_s"] < 5.0
