"""What evaluation tools write, in short made-up files of the same shape, becomes rows of a table."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from bft.errors import TableError
from bft.importing.tables import FORMS, import_answers
from bft.validators.tables import load_answers

TIME = "2026-01-02T03-04-05.678901"


def written(file: Path, value: Any) -> Path:
    """Write a value as JSON, or a list of them as lines of JSON."""
    lines = file.suffix == ".jsonl"
    text = "".join(f"{json.dumps(row)}\n" for row in value) if lines else json.dumps(value)
    file.write_text(text, encoding="utf-8")
    return file


def rows(*files: Path, **asked: Any) -> list[tuple[str | None, ...]]:
    """Return question, right answer, model and answer of every row."""
    gathered = import_answers(files, **asked).gathered
    return [tuple(row[name] for name in ("question_id", "gold", "model", "answer")) for row in gathered.rows]


def choice(doc: int, target: str, likelihoods: list[str], **more: Any) -> dict[str, Any]:
    texts = ["three", "four", "five"]
    return {
        "doc_id": doc,
        "target": target,
        "arguments": {f"gen_args_{at}": {"arg_0": "Q", "arg_1": f" {text}"} for at, text in enumerate(texts)},
        "resps": [[[each, "False"]] for each in likelihoods],
        "filtered_resps": [[each, "False"] for each in likelihoods],
        "filter": "none",
        "doc_hash": f"hash {doc}",
        **more,
    }


def generated(doc: int, target: str, text: Any, chosen: str = "strict", **more: Any) -> dict[str, Any]:
    return {"doc_id": doc, "target": target, "filtered_resps": [text], "filter": chosen, **more}


def test_of_log_likelihoods_the_largest_is_the_answer_as_a_number_and_not_as_a_text(tmp_path: Path) -> None:
    samples = [choice(0, "1", ["-10.5", "-9.25", "-11.0"], acc=1.0), choice(1, "five", ["-0.5", "nan", "-7e-2"])]
    file = written(tmp_path / f"samples_tiny_{TIME}.jsonl", samples)
    written(tmp_path / f"results_{TIME}.json", {"model_name": "org/model", "config": {"model_args": {}}})
    assert rows(file) == [("0", "1", "org/model", "1"), ("1", "2", "org/model", "2")]
    (first, _) = import_answers([file]).gathered.rows
    assert (first["category"], first["n_options"]) == ("tiny", "3")


def test_the_model_is_that_of_the_results_written_with_the_samples(tmp_path: Path) -> None:
    file = written(tmp_path / f"samples_a_{TIME}.jsonl", [choice(0, "1", ["-1", "-2", "-3"])])
    written(tmp_path / "results_2025-01-01T00-00-00.0.json", {"model_name": "older"})
    with pytest.raises(TableError, match="must be given with --model: no results file beside it names it"):
        rows(file)
    written(tmp_path / f"results_{TIME}.json", {"model_name": "this"})
    assert rows(file) == [("0", "1", "this", "0")]
    assert rows(file, models=["that"]) == [("0", "1", "that", "0")]
    other = written(tmp_path / "renamed.jsonl", [choice(0, "1", ["-1", "-2", "-3"])])
    with pytest.raises(TableError, match="of several is meant: older, this"):
        rows(other)


def test_a_filter_is_named_and_what_it_left_is_the_answer(tmp_path: Path) -> None:
    samples = [
        generated(0, "2 + 2 = 4\n#### 4", "[invalid]", exact_match=0.0),
        generated(1, "#### 1,000", "1000", exact_match=1.0),
        generated(0, "2 + 2 = 4\n#### 4", "4", "flexible"),
        generated(1, "#### 1,000", "7", "flexible"),
    ]
    file = written(tmp_path / "gsm.jsonl", samples)
    with pytest.raises(TableError, match="has several filters: strict, flexible; name one with --filter"):
        rows(file, models=["m"])
    with pytest.raises(TableError, match=r"filter = 'loose': must be a filter of .*: strict, flexible"):
        rows(file, models=["m"], chosen="loose")
    assert rows(file, models=["m"], chosen="strict") == [("0", "4", "m", None), ("1", "1,000", "m", "1,000")]
    assert rows(file, models=["m"], chosen="flexible") == [("0", "4", "m", "4"), ("1", "1,000", "m", "7")]
    evidence = import_answers([file], models=["m"], chosen="strict").files[0]
    assert (evidence.read, evidence.dropped) == (4, {"another filter than 'strict'": 2})


def test_several_texts_of_a_filter_are_samples(tmp_path: Path) -> None:
    file = written(tmp_path / "repeats.jsonl", [generated(0, "4", ["4", "5"])])
    assert rows(file, models=["m"]) == [("0", "4", "m #1", "4"), ("0", "4", "m #2", "5")]


def test_questions_of_several_tasks_have_different_names_and_must_be_the_same_in_all_files(tmp_path: Path) -> None:
    files = [
        written(tmp_path / f"samples_{task}_{TIME}.jsonl", [choice(0, "1", ["-1", "-2", "-3"])]) for task in ("a", "b")
    ]
    assert [row[0] for row in rows(*files, models=["m"])] == ["a/0", "b/0"]
    other = written(tmp_path / "x.jsonl", [choice(0, "1", ["-1", "-2", "-3"], doc_hash="another")])
    same = written(tmp_path / "y.jsonl", [choice(0, "1", ["-1", "-2", "-3"]), choice(1, "1", ["-1", "-2", "-3"])])
    imported = import_answers([other, same], models=["m", "n"])
    assert imported.gathered.dropped == {"its question is another one under the same name": 2}
    assert [row["question_id"] for row in imported.gathered.rows] == ["1"]


def sample(name: str, target: Any, answer: str | None, value: Any, **more: Any) -> dict[str, Any]:
    score = {} if value is None else {"choice": {"value": value, "answer": answer}}
    return {"id": name, "epoch": 1, "target": target, "choices": ["x", "y"], "scores": score, **more}


HEADER = {"version": 2, "status": "success", "eval": {"model": "openai/gpt", "task": "tiny"}}


def zipped(members: dict[str, Any], method: int) -> bytes:
    """Return a ZIP archive; Python's library does not write method 93, zstandard."""
    import pyarrow

    body, directory = b"", b""
    for name, value in members.items():
        data = json.dumps(value).encode()
        packed = pyarrow.compress(data, codec="zstd", asbytes=True) if method == 93 else data
        told = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0, zlib.crc32(data), len(packed), len(data), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + told + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        directory += name.encode()
        body += b"PK\3\4" + told + name.encode() + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


@pytest.mark.parametrize("form", ["json", "eval", "cut off"])
def test_an_inspect_log_says_what_its_scorer_took_for_the_answer(tmp_path: Path, form: str) -> None:
    samples = [
        sample("q1", "A", "A", "C"),
        sample("q2", "B", "", "I"),
        sample("q3", "A", "B", "I", error={"message": "gone"}),
        sample("q4", ["A", "B"], "A, B", "C"),
    ]
    if form == "json":
        file = written(tmp_path / "log.json", {**HEADER, "samples": samples})
    else:
        file = tmp_path / "log.eval"
        name = "header.json" if form == "eval" else "_journal/start.json"
        members = {f"samples/{each['id']}_epoch_1.json": each for each in samples}
        file.write_bytes(zipped({name: HEADER, **members}, 93 if form == "eval" else 0))
    assert rows(file) == [
        ("q1", "A", "openai/gpt", "A"),
        ("q2", "B", "openai/gpt", None),
        ("q3", "A", "openai/gpt", None),
        ("q4", "A, B", "openai/gpt", "A, B"),
    ]


def test_epochs_are_samples_of_one_model(tmp_path: Path) -> None:
    samples = [sample("q1", "A", "A", "C", epoch=1), sample("q1", "A", "B", "I", epoch=2)]
    assert rows(written(tmp_path / "log.json", {**HEADER, "samples": samples})) == [
        ("q1", "A", "openai/gpt #1", "A"),
        ("q1", "A", "openai/gpt #2", "B"),
    ]


def test_what_a_scorer_counts_as_right_is_right_in_whatever_words(tmp_path: Path) -> None:
    samples = [
        sample("q1", ["Paris", "City of Light"], "I think Paris", 1.0),
        sample("q2", ["Rome", "Roma"], "roma", "C"),
        sample("q3", "Oslo", "Oslo", "I"),
        sample("q4", "Bern", "Basel", "P"),
    ]
    for each in samples:
        each["scores"] = {"match": each["scores"]["choice"]}
    file = written(tmp_path / "log.json", {**HEADER, "samples": samples})
    assert [row[1:] for row in rows(file, models=["m"])] == [
        ("Paris", "m", "Paris"),
        ("Rome", "m", "Rome"),
        ("Oslo", "m", "Oslo"),
        ("Bern", "m", "Basel"),
    ]
    notes = import_answers([file]).gathered.notes
    assert notes == (
        "1 answers were counted as right by the tool in other words, and written as the right answer",
        "1 answers were counted as wrong by the tool, though they equal the right answer, and kept as they are",
    )


def test_a_log_without_scores_or_samples(tmp_path: Path) -> None:
    said = {"output": {"choices": [{"message": {"content": [{"type": "text", "text": "A"}]}}]}}
    log = {**HEADER, "status": "error", "samples": [sample("q1", "A", None, None, **said)]}
    imported = import_answers([written(tmp_path / "log.json", log)])
    assert imported.gathered.rows[0]["answer"] == "A"
    assert imported.files[0].notes == ["the log's status is 'error': it may lack questions"]
    with pytest.raises(TableError, match=r"holds no samples \(status 'started'\)"):
        rows(written(tmp_path / "b.json", {**HEADER, "status": "started"}))


def state(name: str, said: str, *, correct: str = "blue", **more: Any) -> dict[str, Any]:
    references = [
        {"output": {"text": text}, "tags": ["correct"] if text == correct else []} for text in ("red", "blue")
    ]
    return {
        "instance": {"id": name, "references": references},
        "train_trial_index": 0,
        "result": {"completions": [{"text": said, "logprob": -1.0}]},
        **more,
    }


def test_helm_writes_letters_texts_or_likelihoods(tmp_path: Path) -> None:
    letters = {"output_mapping": {"A": "red", "B": "blue"}}
    perturbed = state("id2", " B", **letters)
    perturbed["instance"]["perturbation"] = {"name": "typos"}
    likely = [state("id3", "red", reference_index=0), state("id3", "blue", reference_index=1)]
    likely[0]["result"]["completions"][0]["logprob"] = -0.5
    states = [state("id1", " B\n", **letters), perturbed, *likely, state("id4", "blue"), state("id5", "x", correct="")]
    spec = {"adapter_spec": {"model": "org/m", "method": "multiple_choice_joint"}}
    imported = import_answers([written(tmp_path / "scenario_state.json", {**spec, "request_states": states})])
    assert [(row["question_id"], row["gold"], row["answer"]) for row in imported.gathered.rows] == [
        ("id1", "B", "B"),
        ("id4", "blue", "blue"),
        ("id3", "1", "0"),
    ]
    assert imported.files[0].dropped == {"a perturbed copy of a question": 1, "no reference is tagged correct": 1}


def test_openai_evals_say_what_was_picked_or_else_sampled(tmp_path: Path) -> None:
    def event(kind: str, name: str, **data: Any) -> dict[str, Any]:
        return {"run_id": "r", "sample_id": name, "type": kind, "data": data}

    log = [
        {"spec": {"completion_fns": ["gpt-x"], "eval_name": "e.dev.v0"}},
        event("sampling", "e.0", prompt="p", sampled=["Paris, of course"]),
        event("match", "e.0", correct=True, expected=["Paris"], picked="Paris"),
        event("sampling", "e.1", prompt="p", sampled=["Milan"]),
        event("match", "e.1", correct=False, expected="Rome", picked=None),
        {"final_report": {"accuracy": 0.5}},
    ]
    file = written(tmp_path / "log.jsonl", log)
    assert rows(file) == [("e.0", "Paris", "gpt-x", "Paris"), ("e.1", "Rome", "gpt-x", "Milan")]
    graded = [log[0], event("metrics", "e.0", score=1.0)]
    with pytest.raises(TableError, match=r"no event of the type 'match' says what was expected \(found metrics\)"):
        rows(written(tmp_path / "graded.jsonl", graded))


def test_promptfoo_has_a_question_for_each_set_of_variables(tmp_path: Path) -> None:
    def result(provider: str, q: str, output: Any, success: bool, **more: Any) -> dict[str, Any]:
        asserted = [{"type": "icontains", "value": "4"}]
        return {
            "provider": {"id": provider},
            "vars": {"q": q},
            "response": {"output": output},
            "success": success,
            "testCase": {"assert": asserted},
            **more,
        }

    rubric = {"testCase": {"assert": [{"type": "llm-rubric", "value": "is polite"}]}}
    found = [
        result("a", "2+2", "It is 4.", True),
        result("b", "2+2", "five", False),
        result("a", "2+2", "4", True),
        result("a", "hello", "hi", True, **rubric),
    ]
    imported = import_answers([written(tmp_path / "out.json", {"results": {"version": 3, "results": found}})])
    assert [(row["question_id"], row["gold"], row["model"], row["answer"]) for row in imported.gathered.rows] == [
        ("2+2", "4", "a #1", "4"),
        ("2+2", "4", "b", "five"),
        ("2+2", "4", "a #2", "4"),
    ]
    (reason,) = imported.files[0].dropped
    assert reason.startswith("no assertion names a right answer")


def test_mmlu_pro_names_the_model_in_the_name_of_the_file(tmp_path: Path) -> None:
    row = {"question_id": 70, "question": "?", "options": ["x"] * 10, "answer": "I", "category": "law"}
    file = tmp_path / "model_outputs_org-m_5shots.json"
    assert rows(written(file, [{**row, "pred": "I"}, {**row, "question_id": 71, "pred": None}])) == [
        ("70", "I", "org-m", "I"),
        ("71", "I", "org-m", None),
    ]
    archive = tmp_path / "results.zip"
    archive.write_bytes(zipped({file.name: [{**row, "pred": "A"}]}, 0))
    assert rows(archive) == [("70", "I", "org-m", "A")]
    with pytest.raises(TableError, match="names no model; give it with --model NAME"):
        rows(written(tmp_path / "law_result.json", [{**row, "pred": "I"}]))


def test_zero_eval_has_the_answer_in_the_json_of_a_reply(tmp_path: Path) -> None:
    def row(name: str, output: str) -> dict[str, Any]:
        return {"id": name, "generator": "m", "output": [output], "answer": "18", "dataset": "gsm"}

    found = [
        row("g0", '{"reasoning": "he says \\"answer\\"", "answer": "18"}'),
        row("g1", 'So:\n{"reasoning": "x", "answer": 17.0}'),
        row("g2", '{"reasoning": "it was cut o'),
    ]
    answers = [answer for *_, answer in rows(written(tmp_path / "m.json", found))]
    assert answers == ["18", "17.0", None]


def test_a_record_of_a_live_panel_keeps_what_nobody_knows(tmp_path: Path) -> None:
    call = {"version": 1, "record": "call", "question": "q1", "role": "answer", "proposal": None, "verdict": None}
    call |= {"latency_s": 1.0, "attempts": []}
    said = [
        {**call, "node": 0, "member": "a #1", "answer": "4", "failure": None},
        {**call, "node": 1, "member": "a #2", "answer": None, "failure": "cancelled"},
        {
            "version": 1,
            "record": "question",
            "question": "q1",
            "text": "2+2?",
            "gold": "4",
            "models": ["a #1", "a #2", "b"],
        }
        | {"state": "decided", "answer": "4"},
    ]
    imported = import_answers([written(tmp_path / "said.jsonl", said)])
    assert [(row["model"], row["answer"], row["status"]) for row in imported.gathered.rows] == [
        ("a #1", "4", "answered"),
        ("a #2", None, "cancelled"),
        ("b", None, "not_asked"),
    ]
    imported.write(tmp_path / "answers.csv")
    table = load_answers(tmp_path / "answers.csv")
    assert table.answers.tolist() == [[0, -3, -3]]
    again = import_answers([tmp_path / "answers.csv"]).gathered.rows
    assert [row["status"] for row in again] == ["answered", "cancelled", "not_asked"]
    with pytest.raises(TableError, match="names its members itself"):
        import_answers([tmp_path / "said.jsonl"], models=["m"])


def test_every_form_is_recognised_as_itself_alone(tmp_path: Path) -> None:
    from bft.importing.documents import documents_of

    examples = {
        "record": written(tmp_path / "r.jsonl", [{"version": 1, "record": "question", "question": "q"}]),
        "lm-eval": written(tmp_path / "a.jsonl", [choice(0, "1", ["-1", "-2", "-3"])]),
        "inspect": written(tmp_path / "b.json", {**HEADER, "samples": [sample("q", "A", "A", "C")]}),
        "mmlu-pro": written(tmp_path / "c.json", [{"question_id": 1, "answer": "A", "pred": "A", "options": ["x"]}]),
        "zero-eval": written(tmp_path / "d.json", [{"id": 1, "generator": "m", "output": ["{}"], "answer": "A"}]),
        "helm": written(tmp_path / "e.json", {"adapter_spec": {"model": "m"}, "request_states": [state("i", "x")]}),
        "openai-evals": written(tmp_path / "f.jsonl", [{"spec": {"completion_fns": ["m"]}}]),
        "promptfoo": written(tmp_path / "g.json", {"results": {"results": [{"provider": "m", "vars": {}}]}}),
    }
    assert set(examples) == set(FORMS)
    for name, file in examples.items():
        (document,) = documents_of(file)
        assert [form for form, module in FORMS.items() if module.recognises(document)] == [name]
