"""`bft validators`: fit, presets, describe; what is written is what `bft run` takes."""

from __future__ import annotations

import builtins
import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bft
from bft.cli import main
from bft.validators.comparison import COMPARISONS
from bft.validators.presets import load_numbers, preset_names
from bft.validators.settings import StatisticalValidators

MODELS = ("alpha", "beta", "gamma", "delta")
TRUTH = {
    "accuracy": (0.5, 0.6, 0.7, 0.8),
    "missing": 0.05,
    "options": 9,
    "errors": {"kind": "correlated", "r": 0.6, "tau": 0.2, "k_alpha": 5.0},
}
Fit = Callable[..., int]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up table drawn from known numbers."""
    drawn = StatisticalValidators(**TRUTH).model(len(MODELS)).answers  # type: ignore[arg-type, attr-defined]
    codes, _ = drawn.prepare(np.random.default_rng(3).random((600, drawn.uniforms)))
    file = tmp_path_factory.mktemp("tables") / "answers.csv"
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["question_id", "gold", "model", "answer", "n_options"])
        for question, given in enumerate(codes.tolist()):
            for model, code in zip(MODELS, given, strict=True):
                writer.writerow([question, "0", model, "" if code < 0 else code, 10])
    return file


@pytest.fixture
def fitted(answers: Path) -> Fit:
    def run(*words: str) -> int:
        quick = ["--resamples", "20", "--halvings", "2"]
        return main(["validators", "fit", str(answers), "--models", ",".join(MODELS), *quick, *words])

    return run


def test_a_fit_tells_the_numbers_their_intervals_and_what_they_predict(
    fitted: Fit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fitted("--json") == 0
    told = json.loads(capsys.readouterr().out)
    for value, truth in zip(told["accuracy"], TRUTH["accuracy"], strict=True):  # type: ignore[call-overload]
        assert value == pytest.approx(truth, abs=0.08), "four standard deviations of 600 questions"
    low, high = told["fit"]["intervals"]["r"]
    assert low <= told["errors"]["r"] <= high
    (size,) = told["fit"]["held_out"]["sizes"]
    assert (size["n"], size["quorum"], told["fit"]["questions"]) == (4, 3, 600)
    assert fitted() == 0
    text = capsys.readouterr().out
    assert "answers.csv: 600 questions that all 4 models answered" in text
    for word in (*MODELS, "r, correlation", "τ, probability", "α", "along δ, crash", "along δ, collude", "random"):
        assert word in text
    assert f"{100 * size['correct']['predicted']:.2f}" in text
    assert f"{told['errors']['r']:.3f}" in text


def test_what_is_written_runs(fitted: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "panel.toml"
    assert fitted("--out", str(file), "--source", "made\nup = 1", "--date", "2026-11-21", "--json") == 0
    said = capsys.readouterr()
    assert f"scenario in {file}" in said.err
    told = json.loads(said.out)
    scenario = bft.Scenario.from_toml(file)
    assert scenario.n == 4
    assert scenario.validators.accuracy == tuple(told["accuracy"])  # type: ignore[union-attr]
    assert scenario.validators.errors.r == told["errors"]["r"]  # type: ignore[union-attr]
    comments = [line for line in file.read_text().splitlines() if line.startswith("#")]
    assert "on 2026-11-21 to 600 questions of made up = 1." in comments[0]
    assert "# Node 3 stands for delta." in comments
    assert main(["run", str(file), "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenario"]["validators"]["kind"] == "statistical"
    assert main(["run", str(file), "--set", "faults.delta=0.2"]) == 0


def test_a_panel_that_is_alike_stands_for_any_number_of_nodes(
    fitted: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "panel.toml"
    assert fitted("--alike", "--out", str(file), "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert isinstance(load_numbers(str(file)).accuracy, float)
    words = ["validators=statistical", f"validators.file={file}", "n=7"]
    assert main(["run", "--set", *words]) == 0


def test_the_seed_decides_everything(fitted: Fit, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("1", "1", "2"):
        assert fitted("--seed", seed) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]


def test_a_preset_entry_is_named(fitted: Fit, tmp_path: Path) -> None:
    file = tmp_path / "entry.toml"
    assert fitted("--as", "preset", "--name", "mine", "--out", str(file)) == 0
    assert file.read_text().startswith("[mine]\n")


def test_presets_are_listed_with_source_and_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validators", "presets"]) == 0
    text = capsys.readouterr().out
    for word in (
        *preset_names(),
        "fitted 2026-11-21",
        "TIGER-AI-Lab/MMLU-Pro",
        "5269 questions",
        "missing_correlation 0.37",
    ):
        assert word in text
    assert main(["validators", "presets", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(preset_names())


def test_a_table_is_described(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validators", "describe", str(answers)]) == 0
    assert "600 questions, 600 of them answered by all 4 models" in capsys.readouterr().out
    assert main(["validators", "describe", str(answers), "--models", "beta,alpha", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["questions"], told["answered_by_all"]) == (600, 600)
    assert [each["model"] for each in told["models"]] == ["beta", "alpha"], "the best first"
    assert told["models"][0]["accuracy"] == pytest.approx(0.6, abs=0.08)
    assert told["models"][0]["missing"] == pytest.approx(0.05, abs=0.04)


def test_describe_counts_what_each_model_was_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("question_id,gold,model,answer\nq1,A,a,A\nq1,A,b,B\nq2,A,a,\n")
    assert main(["validators", "describe", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answered_by_all"] == 1
    assert told["models"][0] == {"model": "a", "questions": 2, "accuracy": 0.5, "missing": 0.5}
    assert told["models"][1] == {"model": "b", "questions": 1, "accuracy": 0.0, "missing": 0.0}


@pytest.mark.parametrize(
    ("comparison", "accuracy"), [(None, 1.0), *zip(COMPARISONS, (1.0, 0.5, 0.5, 0.0), strict=True)]
)
def test_a_table_is_compared_as_it_is_asked_for(
    comparison: str | None, accuracy: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("question_id,gold,model,answer\nq1,A,a,(a)\nq2,1000,a,1e3\n")
    words = [] if comparison is None else ["--compare", comparison]
    assert main(["validators", "describe", str(file), "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["accuracy"] == accuracy
    assert main(["validators", "fit", str(file), "--models", "a", *words]) == 2
    assert "these models share 2 questions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fit", "{}", "--models", "alpha,betta"], "'betta': is not a model of {}; did you mean beta, delta?"),
        (["fit", "{}", "--models", "alpha,alpha"], "'alpha': named twice"),
        (["fit", "{}"], "models: is needed; {} has 4: alpha, beta, delta, gamma"),
        (["fit", "{}", "--models", "alpha", "--like", "gsm8k_diverse10"], "must not be given together with --models"),
        (["fit", "{}", "--like", "gsm8k"], "validators.preset = 'gsm8k': must be one of"),
        (["fit", "{}", "--like", "gsm8k_diverse10"], "'gpt-4o-2024-08-06': is not a model of {}"),
        (["fit", "{}", "--models", "alpha,beta", "--halvings", "0"], "splits = 0: must be at least 1"),
        (["fit", "{}", "--models", "alpha,beta", "--resamples", "0"], "resamples = 0: must be at least 1"),
        (["fit", "{}", "--models", "alpha,beta", "--options", "0"], "options = 0: must be at least 1"),
        (["fit", "{}", "--models", "alpha,beta", "--seed", "-1"], "seed = -1: must be"),
        (["fit", "{}", "--models", "alpha,beta", "--date", "today"], "date = 'today': must be a day, YYYY-MM-DD"),
        (["fit", "{}", "--models", "alpha,beta", "--as", "preset"], "name: is needed with --as preset"),
        (["fit", "{}", "--models", "alpha,beta", "--name", "a b"], "name = 'a b': must be letters, digits, _ and -"),
        (["fit", "{}", "--models", "alpha,beta", "--out", "/no/such/p.toml"], "must be in a folder that exists"),
        (["fit", "nowhere.csv", "--models", "alpha,beta"], "nowhere.csv': cannot be read"),
        (["describe", "nowhere.csv"], "nowhere.csv': cannot be read"),
        (["describe", "{}", "--models", "alfa"], "did you mean alpha?"),
        (["fit"], "the following arguments are required: FILE"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    words: list[str], message: str, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validators", *(word.format(answers) for word in words)]) == 2
    said = capsys.readouterr().err
    assert message.format(answers) in said
    assert said.count("\n") == 1


def test_too_few_questions_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "few.csv"
    file.write_text("question_id,gold,model,answer\n" + "".join(f"q{i},A,{m},A\n" for i in range(3) for m in "ab"))
    assert main(["validators", "fit", str(file), "--models", "a,b"]) == 2
    assert "these models share 3 questions; a fit needs 4 or more" in capsys.readouterr().err


def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "answers.parquet").write_bytes(b"PAR1")
    imported = builtins.__import__

    def without(name: str, *given: object, **named: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imported(name, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["validators", "fit", str(tmp_path / "answers.parquet"), "--models", "a,b"]) == 2
    assert "parquet files need the extra 'tables': pip install 'bft-lab[tables]'" in capsys.readouterr().err


@pytest.mark.parametrize("right", ["A", "B"], ids=["all right", "none right"])
def test_tables_without_any_doubt_are_fitted_too(
    right: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sure.csv"
    file.write_text(
        "question_id,gold,model,answer\n" + "".join(f"q{i},A,{m},{right}\n" for i in range(8) for m in "ab")
    )
    out = tmp_path / "panel.toml"
    assert main(["validators", "fit", str(file), "--models", "a,b", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["accuracy"] == ([1.0, 1.0] if right == "A" else [0.0, 0.0])
    assert main(["run", str(out)]) == 0
