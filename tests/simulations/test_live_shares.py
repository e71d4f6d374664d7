"""The script on live shares against forecasts, with a made-up model in the place of the local one."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.simulations.test_voting_questions import script

MODULE = script("live_shares")
RIGHT = dict(MODULE.pool())


def made_up(body: bytes) -> bytes:
    """Reply with one digit, which follows from prompt and seed: right more often on some questions than on others."""
    asked = json.loads(body)
    question = asked["messages"][-1]["content"]
    assert asked["grammar"] == "root ::= [0-9]"
    drawn = sha256(f"{asked['seed']} {question}".encode()).digest()
    hard = sha256(question.encode()).digest()[0] % 2
    right = RIGHT[question.split("\n")[1]]
    digit = right if drawn[0] < (60 if hard else 230) else str((int(right) + 1 + drawn[1] % 2) % 10)
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": digit}}
    return json.dumps(
        {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()


def test_live_shares_stand_beside_their_forecasts_and_no_call_is_sent_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The draws are always the same, so this is no test of the rate at which intervals hold."""
    found = MODULE.main(str(tmp_path), 10, ["quorum", "plurality"], ask=made_up)
    out = capsys.readouterr().out
    assert [(seen.n, seen.rule, seen.outcome) for seen in found[:3]] == [
        (4, "quorum", each) for each in ("right", "wrong", "none")
    ]
    assert len(found) == 12
    for panel in range(0, 12, 3):
        assert sum(seen.live for seen in found[panel : panel + 3]) == pytest.approx(1.0)
        assert sum(seen.forecast for seen in found[panel : panel + 3]) == pytest.approx(1.0)
    assert all(seen.inside for seen in found)
    assert all(seen.fitted is not None for seen in found if seen.rule == "quorum")
    asked = [json.loads(line)["asked"] for line in (tmp_path / "calls.jsonl").read_text("utf-8").splitlines()]
    assert len(asked) == len(set(asked)) <= 2 * 10 * 7
    again = MODULE.main(str(tmp_path), 10, ["quorum"], ask=made_up)
    assert again == [seen for seen in found if seen.rule == "quorum"]
    assert "12 of 12 inside" in out
    assert " 0 calls sent" in capsys.readouterr().out


def test_questions_are_enough_different_and_answered_by_one_digit() -> None:
    every = MODULE.pool()
    assert len({question for question, _ in every}) == len(every) >= 600
    assert all(len(gold) == 1 and gold.isdigit() for _, gold in every)
    table, fresh = MODULE.drawn(300)
    assert not {each["question"] for each in table} & {each["question"] for each in fresh}
