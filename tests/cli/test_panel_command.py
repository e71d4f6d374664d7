"""`bft panel` and `bft serve`, without a key and without a network."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import tomli_w

from bft.cli import main

FAIR = "fake:always=42,fake:always=42,fake:always=42,fake:yes=41"
SPLIT = "fake:always=1,fake:always=2,fake:always=3,fake:always=4"
Q = "What is six times seven?"


def test_a_question_is_answered_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", Q, "--models", FAIR]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("state       decided\nanswer      42\nproposed by fake:always=42 #1\n")
    assert "3 signed votes, quorum 3 of 4" in said.out
    assert "proposes 42" in said.err
    assert "decided 42" in said.err


def test_a_question_is_answered_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", Q, "--models", FAIR, "--json", "--quiet"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert (told["state"], told["answer"], told["question"]) == ("decided", "42", Q)
    assert said.err == ""
    from bft.live import Certificate

    assert Certificate.from_json(told["certificate"]).verify()


@pytest.mark.parametrize(
    "words", [FAIR.split(","), FAIR.replace(",", ", ").split(), ["fake:always=42,", *FAIR.split(",")[1:]]]
)
def test_models_may_have_spaces_between_them(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", Q, "--models", *words, "--quiet"]) == 0
    assert "3 signed votes, quorum 3 of 4" in capsys.readouterr().out


def test_no_quorum_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", Q, "--models", SPLIT, "--quiet"]) == 1
    assert capsys.readouterr().out.startswith("state       no quorum (views exhausted)\n")


LIARS = "fake:always=42,fake:always=42,fake:always=42,fake:always=42,fake:always=41,fake:always=41,fake:hang"


def test_a_ballot_is_told_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["panel", Q, "--models", LIARS, "--rule", "quorum", "--quorum", "4", "--grace", "0.5"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out.startswith("state       decided\nanswer      42\nwords of    fake:always=42 #1\n")
    assert said.out.count("agreed (42)") == 4
    assert said.out.count("dissented (41)") == 2
    assert "late                   fake:hang" in said.out
    assert "ballot      quorum, 7 calls" in said.out
    assert "signed votes, quorum 4 of 7" in said.out
    assert "answers 42" in said.err
    assert "view" not in said.err


def test_a_rule_with_parameters_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    rule = '{kind = "log_odds", accuracy = [0.6, 0.6, 0.6, 0.99]}'
    models = "fake:always=42,fake:always=42,fake:always=42,fake:always=41"
    assert main(["panel", Q, "--models", models, "--rule", rule, "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    accuracy = [0.6, 0.6, 0.6, 0.99]
    assert told["answer"] == "41"
    assert told["rule"] == {"kind": "log_odds", "accuracy": accuracy, "options": 1, "ties": "undecided"}
    assert told["certificate"]["rule"] == told["rule"]
    from bft.live import Certificate

    assert Certificate.from_json(told["certificate"]).verify()
    assert main(["panel", Q, "--models", models, "--rule", "stake", "--stakes", "3,3,3,2"]) == 0
    assert "signed votes by stake" in capsys.readouterr().out


def test_a_tie_is_no_quorum(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", Q, "--models", "fake:always=1,fake:always=2", "--rule", "plurality", "--quiet"]) == 1
    assert capsys.readouterr().out.startswith("state       no quorum (the votes decide nothing)\n")


def test_the_question_may_come_from_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(Q + "\n"))
    assert main(["panel", "-", "--models", FAIR, "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["question"] == Q


@pytest.mark.parametrize("rule", ['check = "same_answer"', 'rule = { kind = "plurality", ties = "lowest_voter" }'])
def test_a_panel_may_be_described_in_a_file(rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, record, keys = tmp_path / "panel.toml", tmp_path / "said.jsonl", tmp_path / "keys.json"
    file.write_text(
        """
RULE
deadline_s = 20
grace_s = 10

[[members]]
name = "first"
model = "fake:error=503"
price_in = 1.0
price_out = 2.0
[[members.fallbacks]]
model = "fake:always=42"
price_in = 1.0
price_out = 2.0

[[members]]
model = "fake:always=42.0"
price_in = 1.0
price_out = 2.0
""".replace("RULE", rule),
        encoding="utf-8",
    )
    words = [
        "panel",
        Q,
        "--panel",
        str(file),
        "--attempts",
        "1",
        "--record",
        str(record),
        "--keys",
        str(keys),
        "--json",
    ]
    assert main([*words, "--quiet"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["state"], first["answer"]) == ("degraded", "42")
    assert first["seats"][0]["member"] == "first"
    assert first["seats"][0]["model"] == "fake:always=42"
    assert first["cost"] > 0
    assert main([*words, "--quiet"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["certificate"]["public_keys"] == first["certificate"]["public_keys"]
    assert record.read_text(encoding="utf-8").count('"record": "question"') == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["panel"], "the following arguments are required: QUESTION"),
        (["panel", Q], "models: name them with --models A,B,C,D or in a file with --panel FILE"),
        (["panel", "", "--models", FAIR], "question = '': must not be empty"),
        (["panel", Q, "--models", "fake:sing"], "model = 'fake:sing': must be fake: and one of"),
        (["panel", Q, "--models", "gpt"], "members.0.model = 'gpt': must be provider:model"),
        (["panel", Q, "--models", ","], "members.0.model = '': "),
        (["panel", Q, "--models", FAIR, "--panel", "x.toml"], "x.toml: cannot be read"),
        (
            ["panel", Q, "--models", FAIR, "--rule", "paxos"],
            "rule = 'paxos': must be one of pbft, tendermint, quorum, ",
        ),
        (["panel", Q, "--models", FAIR, "--rule", "stake"], "stakes = None: rule = 'stake' needs stakes"),
        (["panel", Q, "--models", FAIR, "--rule", "plurality", "--quorum", "2"], "quorum = 2: must be left out"),
        (["panel", Q, "--models", FAIR, "--deadline", "0"], "deadline_s = 0.0: must be more than 0"),
        (["panel", Q, "--models", FAIR, "--quorum", "5"], "quorum = 5: must be between 1 and 4"),
        (["panel", Q, "--models", FAIR, "--record", "/proc/nowhere/x"], "record = '/proc/nowhere/x': must be a file"),
        (["panel", Q, "--models", FAIR, "--keys", "/proc/nowhere/x"], "keys = '/proc/nowhere/x': must be a file"),
        (["serve", "--models", FAIR, "--host", "0.0.0.0"], "host = '0.0.0.0': can be reached from other machines"),
        (["serve", "--models", FAIR, "--api-key-env", "NO_KEY_HERE"], "api_key_env = 'NO_KEY_HERE': must name"),
        (["serve", "--models", FAIR, "--port", "70000"], "port = 70000: must be between 0 and 65535"),
        (["serve", "--models", "gpt"], "members.0.model = 'gpt': must be provider:model"),
        (["serve", "--models", FAIR, "--max-questions", "0"], "max_questions = 0: must be at least 1"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bft: error: {message}")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("command", ["panel", "serve"])
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"  bft {command} " in capsys.readouterr().out


@pytest.mark.parametrize("words", [["panel", Q], ["serve"]])
@pytest.mark.parametrize("missing", ["langchain_core", "cryptography"])
def test_a_missing_extra_is_one_clear_line(words: list[str], missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from bft.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--models", FAIR], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "bft: error: a live panel needs the extra 'langchain': pip install 'bft-lab[langchain]'\n"


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bft.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "LANGSMITH_TRACING": "false"},
    )


def test_ctrl_c_ends_a_question() -> None:
    models = "fake:always=1,fake:hang,fake:hang,fake:hang"
    with started("panel", Q, "--models", models) as process:
        assert process.stderr is not None
        assert "proposes 1" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "bft: interrupted\n")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_service_is_reached_and_stopped(sent: signal.Signals, code: int) -> None:
    with started("serve", "--models", FAIR, "--port", "0") as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        assert told.startswith("bft: listening on http://127.0.0.1:")
        url = told.split()[3].removesuffix(",")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        body = json.dumps({"model": "panel", "messages": [{"role": "user", "content": Q}]}).encode()
        asked = urllib.request.Request(f"{url}/chat/completions", body, {"content-type": "application/json"})
        with opener.open(asked, timeout=60) as answer:
            assert json.load(answer)["choices"][0]["message"]["content"] == "42"
        process.send_signal(sent)
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode == code


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with started("serve", "--models", FAIR, "--port", "0") as first:
        assert first.stderr is not None
        port = first.stderr.readline().split()[3].split(":")[2].split("/")[0]
        with started("serve", "--models", FAIR, "--port", port) as second:
            _, err = second.communicate(timeout=60)
        first.terminate()
        first.communicate(timeout=60)
    assert second.returncode == 2
    assert f"bft: error: port = {port}: cannot listen on 127.0.0.1" in err
    assert "Traceback" not in err


def test_one_reply_that_nobody_could_read_is_shown_escaped_and_shortened(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = "Well\x1b[2J!\nkey sk-0123456789abcdef is mine.\n" + "x" * 300
    members = [{"model": "fake:always=42", "name": f"m{node}"} for node in range(3)]
    members.append({"model": f"fake:always={said}", "name": "m3"})
    (tmp_path / "panel.toml").write_text(tomli_w.dumps({"members": members, "rule": "plurality"}), encoding="utf-8")
    assert main(["panel", Q, "--panel", str(tmp_path / "panel.toml"), "--grace", "1", "--quiet"]) == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("unreadable")]
    assert line.startswith("unreadable  m3 wrote: Well\\x1b[2J!\\nkey [redacted] is mine.\\nxxx")
    assert line.endswith("x…")
    assert len(line) < 200
    assert main(["panel", Q, "--models", FAIR, "--quiet"]) == 0
    assert "unreadable" not in capsys.readouterr().out


def test_comparison_forms_and_providers_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    near = ["--models", "fake:always=3.14,fake:always=3.141,fake:always=3.15", "--rule", "quorum", "--quorum", "2"]
    compare = ["--compare", '{kind = "tolerance", absolute = 0.02}']
    words = ["--f", "0", "--forms", "structured", "--reproducible", "--json", "--quiet"]
    assert main(["panel", "How large is pi?", *near, *compare, *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["certificate"]["compare"] == {"kind": "tolerance", "absolute": 0.02}
    assert main(["panel", Q, "--models", FAIR, "--rule", "quorum", "--min-providers", "2"]) == 2
    assert "min_providers = 2: must be at most 1: the panel has no more providers" in capsys.readouterr().err
    for wrong in (["--compare", "nearly"], ["--forms", "xml"], ["--forms", "[]"]):
        assert main(["panel", Q, "--models", FAIR, "--rule", "quorum", *wrong]) == 2
        assert wrong[0].removeprefix("--") in capsys.readouterr().err
