"""`bft run`: one run, said in words or in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bft
from bft.cli import main
from bft.record.outcome import Outcome


def test_json_holds_the_run_and_what_it_takes_to_repeat_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["run", "--set", "n=7", "--set", "faults.nodes=[0,3]", "--set", "faults.behaviour=crash", "--json"]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert {
        "outcome",
        "decided_at_s",
        "views",
        "messages_delivered",
        "faults",
        "seed",
        "trace_hash",
        "cpu_s",
        "scenario",
        "version",
    } <= set(said)
    run = bft.simulate(bft.Scenario.from_dict(said["scenario"]), said["seed"], replication=said["replication"])
    assert run.trace_hash == said["trace_hash"]
    assert said["faults"] == {"0": {"behaviour": "crash", "crashes": 1}, "3": {"behaviour": "crash", "crashes": 1}}
    assert said["views"] == 2
    assert said["version"] == bft.__version__


def test_a_scenario_file_may_be_named_and_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(bft.Scenario(n=5, views=3).to_toml())
    for words in ([str(file), "--set", "n=6", "views=2"], ["--set", "n=6", "views=2", str(file)]):
        assert main(["run", *words, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["scenario"]["n"], said["scenario"]["views"]) == (6, 2)


def test_seed_and_replication_choose_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    hashes = set()
    for words in ([], ["--seed", "1"], ["--seed", "1", "--replication", "1"], ["--seed", "1"]):
        assert main(["run", "--json", *words]) == 0
        hashes.add(json.loads(capsys.readouterr().out)["trace_hash"])
    assert len(hashes) == 3


def test_words_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = ["--set", "n=4", "faults.nodes=[0,1]", "faults.behaviour=equivocate"]
    assert main(["run", *scenario]) == 0
    text = capsys.readouterr().out
    assert "outcome     split" in text
    assert "n = 4, quorum 3 of 4, tolerates 1" in text
    assert "node 0: equivocate (equivocations 1)" in text
    assert "node 1: equivocate (had no occasion)" in text
    assert "S1 at " in text


def test_the_trace_is_written_with_everything_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.json"
    assert main(["run", "--trace", str(file)]) == 0
    assert "agreed, correct" in capsys.readouterr().out
    said = json.loads(file.read_text())
    assert said["outcome"] == "agreed_correct"
    assert sum(event["event"] == "Execute" for event in said["trace"]) == 4
    assert said["scenario"]["n"] == 4


def test_a_promise_that_the_protocol_breaks_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = bft.Scenario(n=4, quorum=2, f=0, faults=bft.Faults(nodes=(0,), behaviour="equivocate"))
    split = bft.simulate(scenario, 1)
    assert split.outcome is Outcome.SPLIT
    # The same run, were the quorum three as it should be.
    told = bft.Run(**{**vars(split), "scenario": scenario.replace_all({"quorum": 3, "f": 1})})
    monkeypatch.setattr(bft, "simulate", lambda *_, **__: told)
    assert main(["run"]) == 1
    monkeypatch.setattr(bft, "simulate", lambda *_, **__: split)
    assert main(["run"]) == 0


def test_a_run_is_exported_in_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {
        "perfetto": "run.json",
        "shiviz": "run.log",
        "mermaid": "run.mmd",
        "picture": "run.svg",
        "html": "run.html",
    }
    wanted = [f"{name}={tmp_path / file}" for name, file in names.items()]
    assert main(["run", "--set", "faults.nodes=[0]", "faults.behaviour=equivocate", "--export", *wanted]) == 0
    starts = {file: (tmp_path / file).read_text()[:16] for file in names.values()}
    assert starts["run.json"].startswith('{"traceEvents":')
    assert starts["run.log"].startswith("0.000000 s: ")
    assert starts["run.mmd"].startswith("sequenceDiagram\n")
    assert starts["run.svg"].startswith("<?xml")
    assert starts["run.html"].startswith("<!DOCTYPE html>")
    capsys.readouterr()


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("gif=run.gif", "must be FORMAT=FILE with a format among"),
        ("perfetto", "must be FORMAT=FILE"),
        ("picture=run.bmp", "must end in .png or .svg or .pdf"),
        ("mermaid=/nowhere/at/all/run.mmd", "must be a file that can be written: No such file or directory"),
    ],
)
def test_exports_that_cannot_be_are_refused(word: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--export", word]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert complaint in said.err
    assert "Traceback" not in said.err


def test_a_kind_may_be_named_before_its_fields_are_set(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--set", "validators=statistical", "--set", "validators.preset=gsm8k_diverse10", "--json"]
    assert main(["run", *words, "--set", "validators.check=judge", "validators.check.flip=0.5"]) == 0
    said = json.loads(capsys.readouterr().out)["scenario"]["validators"]
    assert (said["preset"], said["check"]["kind"], said["check"]["flip"]) == ("gsm8k_diverse10", "judge", 0.5)
    assert main(["run", "--set", "protocol.window=3"]) == 2
    assert "must be 'pbft'" in capsys.readouterr().err
