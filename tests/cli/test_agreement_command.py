"""`bft agreement`: the main job."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from scipy.stats import binom

from bft.cli import main
from bft.experiments.predictions import independent_errors_prediction
from bft.experiments.sweeps import Plan, sweep
from bft.scenario import Scenario

QUICK = ["--replications", "6", "--delta", "0:0.5:3", "--workers", "1", "--quiet"]

# Five questions on which the models err together.
TABLE = "question_id,gold,model,answer\n" + "".join(
    f"{question},A,{model},{answer}\n"
    for question, answers in enumerate(("AAAA", "AAAB", "BBBB", "BBBA", "ABCD"))
    for model, answer in zip(("one", "two", "three", "four"), answers, strict=True)
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "answers.csv"
    file.write_text(TABLE)
    return file


def test_perfect_and_fallible_validators_stand_in_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", *QUICK, "--n", "4,7", "--out", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["validators.kind"], row["n"], row["faults.delta"]) for row in rows] == [
        *[("perfect", n, delta) for n in (4, 7) for delta in (0.0, 0.25, 0.5)],
        *[("statistical", 7, delta) for delta in (0.0, 0.25, 0.5)],
    ]
    for row in rows[:6]:
        f = (row["n"] - 1) // 3
        assert row["exact_agree"] == pytest.approx(binom.cdf(f, row["n"], row["faults.delta"]))
    assert {file.name for file in tmp_path.iterdir()} == {
        "agreement.png",
        "agreement.svg",
        "estimates.csv",
        "manifest.json",
        "report.html",
    }
    assert len(list(csv.DictReader((tmp_path / "estimates.csv").read_text().splitlines()))) == 9
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["scenario"]["validators"] == {"kind": "perfect"}
    assert manifest["more"][0]["scenario"]["validators"]["preset"] == "mmlu_pro_strong7"


def test_the_behaviour_is_that_of_all_panels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agreement", *QUICK, "--n", "5", "--behaviour", "equivocate", "--out", str(tmp_path)]
    assert main(words) == 0
    assert "LLM validators (mmlu_pro_strong7), faulty nodes equivocate, n = 5" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [each["scenario"]["faults"]["behaviour"][0]["kind"] for each in (manifest, *manifest["more"])] == [
        "equivocate",
        "equivocate",
    ]


@pytest.mark.parametrize("behaviour", ["crash", "collude", "lie"])
def test_recorded_answers_have_their_own_figure(
    table: Path, behaviour: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--answers", str(table), "--models", "one,two, three,four", "--behaviour", behaviour]
    assert main(["agreement", *QUICK, *words, "--out", str(tmp_path / "out"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["validators.kind"], row["n"]) for row in rows] == [("recorded", 4)] * 3
    assert ("exact_correct" in rows[1]) == (behaviour != "lie")
    # Without faults: a quorum of three on the right answer in two of five questions, on a wrong one in two.
    assert (rows[0]["exact_correct"], rows[0]["exact_wrong"]) == pytest.approx((0.4, 0.4))
    assert (tmp_path / "out" / "agreement.png").stat().st_size > 20_000


def test_independent_errors_predict_less_wrong_agreement_than_there_is(table: Path) -> None:
    validators = {"kind": "recorded", "file": str(table), "models": ("one", "two", "three", "four")}
    done = sweep(Scenario(validators=validators), {"faults.delta": [0.0, 0.5]}, replications=2)
    prediction = independent_errors_prediction(done)
    assert prediction is not None
    assert prediction.deltas[[0, -1]].tolist() == [0.0, 0.5]
    assert prediction.law.wrong[0] < 1e-3  # type: ignore[index]
    # Each model is right in 3 or 2 of 5 questions: P(at least three of four) by hand.
    accuracy = [0.6, 0.4, 0.4, 0.4]
    right = 1.0
    for share in accuracy:
        right *= share
    three = sum(right / share * (1 - share) for share in accuracy)
    assert prediction.law.correct[0] == pytest.approx(right + three)  # type: ignore[index]


def test_the_number_of_options_makes_wrong_answers_coincide_as_often_as_in_the_table(tmp_path: Path) -> None:
    file = tmp_path / "options.csv"
    rows = [f"{question},A,{model},B,{3 if question else 5}\n" for question in range(2) for model in ("x", "y")]
    file.write_text("question_id,gold,model,answer,n_options\n" + "".join(rows))
    validators = {"kind": "recorded", "file": str(file), "models": ("x", "y")}
    done = sweep(Scenario(n=2, validators=validators), {"faults.delta": [0.0, 0.5]}, replications=2)
    prediction = independent_errors_prediction(done)
    assert prediction is not None
    # Two and four wrong answers: (1/2 + 1/4) / 2 = 1/2.67, so K = 3; both models always err.
    assert prediction.law.wrong[0] == pytest.approx(1 / 3)  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--models", "one,two"], "models = 'one,two': needs --answers"),
        (["--answers", "TABLE"], "models: is needed with --answers; TABLE has 4: four, one, three, two"),
        (["--answers", "TABLE", "--models", "one,nine"], "validators.models = 'nine': is not a model of TABLE"),
        (["--answers", "TABLE", "--models", "one,one"], "validators.models = 'one': named twice"),
        (["--answers", "TABLE", "--models", "one,two", "--n", "4"], "n = '4': must be the number of models, 2"),
        (["--answers", "TABLE", "--models", "one,two", "--preset", "x"], "preset = 'x': must not be given together"),
        (["--answers", "nofile.csv", "--models", "one"], "validators.file = 'nofile.csv': cannot be read"),
        (["--preset", "nothing"], "validators.preset = 'nothing': must be one of mmlu_pro_strong7"),
        (["--behaviour", "sulk"], "faults.behaviour = 'sulk': must be one of crash"),
        (["--delta", "0:1.4:3"], "faults.delta = 1.4: must be between 0 and 1"),
        (["--n", "0"], "n = 0: must be at least 1"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_folder(
    words: list[str], message: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = [word.replace("TABLE", str(table)) for word in words]
    assert main(["agreement", *given, "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bft: error: {message.replace('TABLE', str(table))}")
    assert said.err.count("\n") == 1
    assert not out.exists()


def test_protocols_stand_side_by_side_on_the_same_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agreement", *QUICK, "--protocols", "tendermint,hotstuff,ballot", "--n", "4", "--out", str(tmp_path)]
    assert main([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["validators.kind"], row["protocol"], row["faults.delta"]) for row in rows] == [
        (kind, protocol, delta)
        for kind in ("perfect", "statistical")
        for protocol in ("tendermint", "hotstuff", "ballot")
        for delta in (0.0, 0.25, 0.5)
    ]
    agreed = {(row["protocol"], row["faults.delta"]): row["p_agree"] for row in rows[:9]}
    for delta in (0.0, 0.25, 0.5):  # the same nodes are down under each
        assert len({agreed[protocol, delta] for protocol in ("tendermint", "hotstuff", "ballot")}) == 1
    assert (tmp_path / "agreement.png").exists()


@pytest.mark.parametrize(("protocols", "replications"), [("pbft,ballot", 10_000), ("pbft,tendermint", 400)])
def test_protocols_have_as_many_replications_as_the_slowest_engine_among_them_runs_by_itself(
    protocols: str, replications: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[Plan] = []
    monkeypatch.setattr("bft.cli.agreement.run_plans", lambda plans: (planned.extend(plans) or [], 1))
    monkeypatch.setattr("bft.cli.agreement.report", lambda *_, **__: None)
    assert main(["agreement", "--protocols", protocols, "--out", str(tmp_path)]) == 1
    assert [plan.replications for plan in planned] == [replications] * 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--protocols", "raft"], "protocol = 'raft': must be"),
        (["--protocols", "pbft,ballot", "--n", "4,7"], "n = '4,7': must be one number with --protocols"),
        (["--protocols", "pbft", "--source-documents"], "must be left out with --protocols"),
        (["--protocols", "pbft", "--answers", "x.csv"], "must be left out with --protocols"),
    ],
)
def test_protocols_that_cannot_be_compared_are_refused(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["agreement", *QUICK, *words]) == 2
    assert sentence in capsys.readouterr().err
