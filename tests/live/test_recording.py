"""What a panel says is written down without secrets, and played again under faults."""

from __future__ import annotations

import errno
import json
import os
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import bft
from bft.cli import main
from bft.core.verdict import Verdict
from bft.errors import BftError, ScenarioError, TableError
from bft.experiments.replay import replay
from bft.live import Panel, State
from bft.plotting.scenario_words import validator_words
from bft.randomness import Randomness
from bft.record.outcome import Outcome
from bft.validators.panel_record import read_record
from bft.validators.replayed import ReplayedModel
from bft.validators.tables import load_answers
from bft.vectorised import VectorisedSimulator

FAIR = ["fake:always=42+latency_s=0.03", "fake:always=42", "fake:always=42", "fake:yes=41"]
Q = "What is six times seven?"


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_there_is_a_line_for_each_call_and_one_for_the_question(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    with Panel(FAIR, record=file, grace_s=10.0) as panel:
        answer = panel.invoke({"question": Q, "id": "q1", "gold": "42"})
        *calls, question = lines_of(file)  # flushed: it is there before the panel is closed
    assert [row["record"] for row in calls] == ["call"] * 4
    assert {row["question"] for row in [*calls, question]} == {"q1"}
    asked, *judged = calls
    assert (asked["role"], asked["node"], asked["answer"], asked["text"]) == ("answer", 0, "42", "42")
    assert Q in asked["prompt"][1][1]
    assert {(row["role"], row["proposal"], row["verdict"]) for row in judged} == {("judge", "42", "accept")}
    assert asked["latency_s"] >= 0.03
    assert asked["attempts"][0]["tokens_in"] > 0
    assert (question["state"], question["answer"], question["gold"]) == ("decided", "42", "42")
    assert question["certificate"]["digest"] == answer.certificate.digest if answer.certificate else False


def test_a_record_is_only_ever_added_to(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    for _ in range(2):
        with Panel(FAIR, record=file) as panel:
            panel.invoke(Q)
    assert [row["record"] for row in lines_of(file)].count("question") == 2


def test_calls_that_were_cut_off_are_recorded_as_such(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    with Panel([*FAIR[1:], FAIR[1], "fake:hang"], record=file) as panel:
        panel.invoke(Q)
    (cut,) = [row for row in lines_of(file) if row.get("member") == "fake:hang"]
    assert (cut["failure"], cut["text"], cut["verdict"]) == ("cancelled", None, None)


def test_no_key_and_no_header_is_ever_written_or_shown(endpoint: Any, reply: Any, saying: Any, tmp_path: Path) -> None:
    secret = "sk-test-0123456789abcdef-do-not-tell"
    endpoint.script |= {
        "honest": saying("fake:always=42"),
        "indiscreet": lambda *_: reply(text=f"I was sent Authorization: Bearer {secret}\nVERDICT: ACCEPT"),
        "hostile": lambda *_: reply(status=401, body=json.dumps({"error": {"message": f"bad key {secret}"}}).encode()),
    }
    file = tmp_path / "record.jsonl"
    members = [endpoint.member(name, name=f"{name}@{node}") for node, name in enumerate(["honest"] * 2)]
    members += [endpoint.member("indiscreet"), endpoint.member("hostile")]
    with Panel(members, record=file, grace_s=10.0) as panel:
        answer = panel.invoke(Q)
        told = json.dumps(answer.to_json()) + repr(answer.seats) + repr(panel.settings)
    assert all(asked.headers["authorization"] == f"Bearer {secret}" for asked in endpoint.asked)
    written = file.read_text(encoding="utf-8")
    assert answer.seats[3].reason == "status 401"
    for text in (written, told):
        assert secret not in text
        assert "sk-test" not in text
    assert "[redacted]" in written
    assert "authorization: bearer sk" not in written.lower()


def test_a_record_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BftError, match=r"record = .*: must be a file that can be written"):
        Panel(FAIR, record=tmp_path / "nowhere" / "record.jsonl")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Three questions; node 3 lies about all of them, node 2 does not know the last."""
    file = tmp_path / "record.jsonl"
    for number, right in enumerate(["42", "7", "9"]):
        unsure = "fake:mumble=hm" if number == 2 else f"fake:always={right}"
        models = [f"fake:always={right}+latency_s=0.02", f"fake:always={right}", unsure, "fake:yes=41"]
        members = [{"model": model, "name": f"m{node}"} for node, model in enumerate(models)]
        with Panel(members, record=file) as panel:
            panel.survey({"question": f"question {number}", "id": f"q{number}", "gold": right})
    return file


def test_a_survey_asks_everyone_everything(recorded: Path) -> None:
    record = read_record(recorded)
    assert [question.state for question in record.questions] == ["surveyed"] * 3
    first, _, last = record.questions
    assert [first.own_answer(node) for node in range(4)] == ["42", "42", "42", "41"]
    assert len(first.calls) == 4 + 2 * 4
    assert {call.verdict for call in last.calls if call.role == "judge" and call.node == 2} == {None}


def test_a_record_is_played_again_answer_by_answer(recorded: Path) -> None:
    panel = ReplayedModel(read_record(recorded).of_panel(None)).panel(Randomness(7), 0)
    truths = {panel.truth(question) for question in range(20)}
    assert truths == {"42", "7", "9"}
    for question in range(20):
        right = panel.truth(question)
        assert right is not None
        proposed = panel.propose(0, question)
        assert (proposed.answer, proposed.tokens) == (right, 1)
        assert proposed.latency_s >= 0.02
        assert panel.propose(3, question).answer == panel.wrong_answer(3, question) == "41"
        assert panel.judge(0, question, right).verdict is Verdict.ACCEPT
        assert panel.judge(0, question, "41").verdict is Verdict.REJECT
        assert panel.judge(3, question, right).verdict is Verdict.ACCEPT
        unsure = Verdict.UNSURE if right == "9" else Verdict.ACCEPT
        assert panel.judge(2, question, right).verdict is unsure
        assert panel.judge(1, question, "never heard of").verdict is Verdict.REJECT


def settings_of(file: Path, **more: Any) -> dict[str, Any]:
    return {"kind": "replayed", "file": str(file), **more}


def test_yesterdays_panel_is_simulated_under_todays_faults(recorded: Path) -> None:
    scenario = bft.Scenario(n=4, validators=settings_of(recorded))
    runs = [bft.simulate(scenario, seed=7, replication=number) for number in range(20)]
    assert {run.outcome for run in runs} == {Outcome.AGREED_CORRECT}
    assert all(run.metrics.decided_at_s is not None and run.metrics.decided_at_s > 0.02 for run in runs)
    down = scenario.replace_all({"faults.nodes": (0,), "faults.behaviour": "crash"})
    outcomes = {bft.simulate(down, seed=7, replication=number).outcome for number in range(20)}
    assert outcomes == {Outcome.AGREED_CORRECT, Outcome.STALLED}  # where node 2 does not know, three are not enough
    assert bft.simulate(scenario, seed=7).trace_hash == runs[0].trace_hash


def test_without_a_right_answer_agreement_is_neither_correct_nor_wrong(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    with Panel(FAIR, check="same_answer", record=file, grace_s=10.0) as panel:
        assert panel.invoke(Q).state is State.DECIDED
    scenario = bft.Scenario(n=4, validators=settings_of(file))
    assert bft.simulate(scenario, seed=1).outcome is Outcome.AGREED


def test_the_command_line_replays_a_record(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--set", "validators=replayed", f"validators.file={recorded}", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "agreed_correct"
    assert main([*words[:-1], "n=7"]) == 2
    assert "holds a panel of 4: must have one member for each of the n = 7 nodes" in capsys.readouterr().err
    assert main(["run", "--set", "validators=replayed", "validators.file=nowhere.jsonl"]) == 2
    assert "validators.file = 'nowhere.jsonl': cannot be read" in capsys.readouterr().err


def test_a_sweep_over_a_replayed_panel_has_no_law_and_says_what_it_was(recorded: Path) -> None:
    sweep = bft.sweep(
        bft.Scenario(n=4, validators=settings_of(recorded)), over={"faults.delta": [0.0, 0.5]}, replications=40, seed=7
    )
    assert sweep.rows[0]["p_agree"] == 1.0
    assert all(row.get("exact_agree") is None for row in sweep.rows)
    assert validator_words(sweep.scenario) == "a live panel replayed (record.jsonl)"


def test_the_vectorised_engine_refuses_it_by_name(recorded: Path) -> None:
    scenario = bft.Scenario(n=4, validators=settings_of(recorded))
    with pytest.raises(BftError, match=r"validators.kind = 'replayed'"):
        VectorisedSimulator(scenario, seed=1)


def test_own_answers_become_a_table_of_recorded_answers(recorded: Path, tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    assert read_record(recorded).write_answers(table) == 3
    loaded = load_answers(table)
    assert (loaded.questions, loaded.models) == (("q0", "q1", "q2"), ("m0", "m1", "m2", "m3"))
    scenario = bft.Scenario(
        n=4, validators={"kind": "recorded", "file": str(table), "models": ("m0", "m1", "m2", "m3")}
    )
    assert bft.simulate(scenario, seed=7).outcome in (Outcome.AGREED_CORRECT, Outcome.STALLED)


def test_a_line_that_a_crash_left_unfinished_loses_nothing_else(recorded: Path) -> None:
    whole = read_record(recorded)
    with recorded.open("a", encoding="utf-8") as lines:
        lines.write('{"version": 1, "record": "call", "quest')
    assert read_record(recorded).questions == whole.questions
    with Panel(FAIR, record=recorded) as panel:
        panel.invoke(Q)
    assert any(line.endswith('"quest') for line in recorded.read_text(encoding="utf-8").splitlines())
    later = read_record(recorded)
    assert (len(later.questions), later.torn) == (len(whole.questions) + 1, 1)


class _FullDisk:
    """Takes so many bytes, and then none until it is emptied."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.write = os.write

    def __call__(self, file: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = self.write(file, bytes(data)[: self.room])
        self.room -= taken
        return taken


def test_a_full_disk_costs_lines_of_the_record_and_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "record.jsonl"
    with Panel(FAIR, record=file) as panel:
        assert panel.unrecorded is None
        disk = _FullDisk(room=3000)
        monkeypatch.setattr("bft.live.recorder.os.write", disk)
        assert [panel.invoke(Q).text for _ in range(2)] == ["42", "42"]
        lost, reason = panel.unrecorded
        assert (lost > 3, reason) == (True, "No space left on device")
        disk.room = 10**9
        assert panel.invoke(Q).text == "42"
    warnings = [each.getMessage() for each in caplog.records if "cannot be written" in each.getMessage()]
    assert warnings == ["bft: the record record.jsonl cannot be written: No space left on device"]
    record = read_record(file)
    assert (record.torn, len(record.questions)) == (1, 1)
    assert file.stat().st_mode & 0o777 == 0o600, "prompts and replies are nobody else's"


def test_health_tells_what_was_not_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.live.test_service import Running, question

    served = Running(Panel(FAIR, record=tmp_path / "record.jsonl"))
    try:
        assert "record" not in served.send("GET", "/health")[1]
        monkeypatch.setattr("bft.live.recorder.os.write", _FullDisk(room=0))
        assert served.ask(question())[0] == 200
        assert served.send("GET", "/health")[1]["record"]["reason"] == "No space left on device"
    finally:
        served.stop()


def test_what_an_endpoint_echoes_of_its_secrets_goes_no_further(
    endpoint: Any, reply: Any, saying: Any, tmp_path: Path
) -> None:
    """A key, a header, a password in an address, as they are or coded, in a reply that becomes a proposal."""
    key, header, password = "sk-test-0123456789abcdef-do-not-tell", "team-header-5555", "word-of-the-pass"
    coded = b64encode(key.encode()).decode()
    said = f"{key} {header} {password} {coded} {quote(header, safe='')}"
    endpoint.script |= {"echo": lambda *_: reply(text=said), "honest": saying("fake:always=42")}
    url = endpoint.url.replace("http://", f"http://me:{password}@")
    options = {"default_headers": {"X-Team": header, "X-Title": "laboratory"}}
    echo = endpoint.member("echo", options=options) | {"base_url": url}
    honest = [endpoint.member("honest", name=f"honest@{node}") for node in range(3)]
    file = tmp_path / "record.jsonl"
    with Panel([echo, *honest], record=file, grace_s=10.0) as panel:
        told = [repr(each) for each in panel.stream(Q)]
        answer = panel.invoke(Q)
        told += [json.dumps(answer.to_json()), repr(answer), repr(panel.settings), file.read_text("utf-8")]
    told += [asked.prompt for asked in endpoint.of("honest")]
    assert any("[redacted]" in each for each in told)
    for secret in (key, header, password, coded):
        assert not any(secret in each for each in told), secret


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        (
            {"api_key": "a-key-of-mine"},
            "members.0.api_key = [redacted]: unknown key; did you mean members.0.api_key_env?",
        ),
        ({"api_key_env": "a-key-of-mine"}, "api_key_env = [redacted]: must name an environment variable"),
        ({"options": "a-key-of-mine"}, "members.0.options = [redacted]: must be a table"),
        ({"base_url": "http://me:a-key-of-mine@[::1/v1"}, "base_url = 'http://[redacted]@[::1/v1': is no address"),
        ({"base_url": "ftp://me:a-key-of-mine@host"}, "base_url = 'ftp://[redacted]@host': must begin with http"),
        ({"headers": {"authorization": "a-key-of-mine"}}, "members.0.headers = [redacted]: unknown key"),
        ({"options": {"temperature": "a-key-of-mine"}}, "cannot be built: options.temperature"),
    ],
)
def test_a_key_that_is_put_where_it_does_not_belong_is_not_printed(member: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BftError) as refused:
        Panel([{"model": "m", "base_url": "http://127.0.0.1:9/v1"} | member]).check()
    assert sentence in str(refused.value)
    assert "a-key-of-mine" not in str(refused.value)


def test_calls_of_a_question_that_never_ended_are_left_out_and_counted(recorded: Path) -> None:
    lines = recorded.read_text(encoding="utf-8").splitlines()
    recorded.write_text("\n".join(lines[:-1]), encoding="utf-8")
    record = read_record(recorded)
    assert (len(record.questions), record.unfinished) == (2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no question that has ended"),
        ("[]\n[]\n", "line 1: is no record of a call or a question"),
        ('{"record": "call"}\n', "line 1: version = None: must be 1"),
        ('{"record": "call", "version": 1}\n', "line 1: is no record of a call or a question"),
        ('{"record": "song", "version": 1}\n', "line 1: is no record of a call or a question"),
        ("{\n{}\n", "line 1: is not JSON"),
    ],
)
def test_what_is_no_record_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=message):
        read_record(file).of_panel(None)


ODD: list[Any] = [True, 1.5, float("inf"), 10**300, [None], {"a": 1}]


def test_whatever_stands_in_a_field_of_a_record_is_read_or_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    with Panel(["fake:always=42"] * 3 + ["fake:yes=41"], record=file, finish=True) as panel:
        panel.invoke({"question": Q, "id": "q", "gold": "42"})
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    scenario = bft.Scenario(protocol="pbft", validators={"kind": "replayed", "file": str(file)})
    told: list[str] = []
    for at in (0, len(rows) - 1):
        for name in rows[at]:
            for odd in ODD:
                changed = [{**row, name: odd} if place == at else row for place, row in enumerate(rows)]
                file.write_text("".join(f"{json.dumps(row)}\n" for row in changed), encoding="utf-8")
                try:
                    read_record(file)
                    replay(scenario)
                except BftError as error:
                    told.append(str(error))
    assert len(told) > 50
    assert not [each for each in told if "\n" in each]


def test_a_file_of_several_panels_is_read_for_one_of_them(recorded: Path) -> None:
    with Panel(["fake:always=1"], record=recorded) as panel:
        panel.invoke(Q)
    record = read_record(recorded)
    assert len(record.of_panel(None)) == 1
    assert len(record.of_panel(("m0", "m1", "m2", "m3"))) == 3
    with pytest.raises(TableError, match=r"no question in .* was put to them"):
        record.of_panel(("nobody",))
    with pytest.raises(ScenarioError, match="holds a panel of 1"):
        bft.Scenario(n=4, validators=settings_of(recorded))
