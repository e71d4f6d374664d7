"""When two answers of members are the same: by forms, in pairs, by an embedding, by a model, by a user's object."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.errors import ScenarioError
from bft.live import Certificate, Panel, State
from bft.live.answer import Stance
from bft.live.comparing import Groups, comparison_of, described, number, read_compare, set_form

Q = "How large is pi?"


def ask(says: list[str], compare: Any, **settings: Any) -> tuple[Any, Mapping[Any, bytes]]:
    with Panel([f"fake:always={each}" for each in says], compare=compare, grace_s=2.0, **settings) as panel:
        return panel.invoke(Q), panel.public_keys


@pytest.mark.parametrize(
    ("compare", "says", "decided"),
    [
        ("canonical", ["1,000", "1e3", "$1000", "999"], "1000"),
        ("as_written", ["1,000", "1e3", "1,000", "1,000"], "1,000"),
        ("letters", ["(B).", "b", "B", "c"], "b"),
        ("sets", ["red, blue and green", "Green, red, blue", "{blue; green; red}", "red"], "blue, green, red"),
        ({"kind": "tolerance", "absolute": 0.01}, ["3.14", "3.1416", "3.149 m", "3.2"], "3.14"),
        ({"kind": "tolerance", "relative": 0.05}, ["100", "104", "98", "120"], "100"),
    ],
)
def test_answers_that_are_the_same_decide_together(compare: Any, says: list[str], decided: str) -> None:
    answer, keys = ask(says, compare, rule="quorum")
    assert answer.certificate is not None
    assert answer.certificate.answer == decided
    assert answer.certificate.verify(keys)
    assert [seat.stance for seat in answer.seats].count(Stance.AGREED) == 3
    told = json.loads(json.dumps(answer.certificate.to_json()))
    assert told.get("compare", "canonical") == compare
    assert Certificate.from_json(told).verify(keys)


def test_a_certificate_whose_comparison_was_changed_is_refused() -> None:
    answer, keys = ask(["3.14"] * 4, {"kind": "tolerance", "absolute": 0.01}, rule="quorum")
    told = answer.certificate.to_json()
    for other in ({"kind": "tolerance", "absolute": 0.5}, "sets", {"kind": "own", "name": "mine"}):
        assert not Certificate.from_json({**told, "compare": other}).verify(keys)
    without = {name: value for name, value in told.items() if name != "compare"}
    assert not Certificate.from_json(without).verify(keys)
    for written in ("canonical", "near", {"kind": "tolerance"}, {"kind": "sets"}, 1, None):
        with pytest.raises(ScenarioError, match="certificate"):
            Certificate.from_json({**told, "compare": written})


def test_what_is_no_number_is_nobodys_vote_where_numbers_are_compared() -> None:
    answer, _ = ask(["3.14", "3.14", "3.14", "about three"], {"kind": "tolerance", "absolute": 0.01}, rule="quorum")
    assert (answer.state, answer.seats[3].stance) == (State.DEGRADED, Stance.UNPARSEABLE)
    assert answer.unreadable.text == "about three"


def test_pairs_that_do_not_chain_are_grouped_by_the_answer_that_came_first() -> None:
    async def group(answers: list[str]) -> list[str | None]:
        groups = Groups(comparison_of(read_compare({"kind": "tolerance", "absolute": 0.01})))
        return [await groups.vote_for(answer) for answer in answers]

    assert asyncio.run(group(["1.00", "1.01", "1.02"])) == ["1", "1", "1.02"]
    assert asyncio.run(group(["1.01", "1.00", "1.02"])) == ["1.01"] * 3
    assert asyncio.run(group(["one"])) == [None]


def test_a_record_is_decided_as_it_was_whatever_compared_its_answers(tmp_path: Path) -> None:
    record = tmp_path / "said.jsonl"
    answer, _ = ask(
        ["3.14", "3.1416", "3.149 m", "3.2"], {"kind": "tolerance", "absolute": 0.01}, rule="quorum", record=record
    )
    assert answer.certificate is not None
    assert [seat.vote for seat in answer.seats] == ["3.14", "3.14", "3.14", "3.2"]
    described = bft.Scenario(
        protocol="ballot", rule="quorum", n=4, validators={"kind": "replayed", "file": str(record)}
    )
    assert bft.Simulator(described, 1).run(0).outcome.agreed


class Initials:
    name = "initials"

    def same(self, one: str, other: str) -> bool:
        return one[0].casefold() == other[0].casefold()


class Unsure:
    name = "unsure"

    async def same(self, one: str, other: str) -> bool:
        await asyncio.sleep(0)
        raise RuntimeError("no idea")


class Slow:
    name = "slow"

    async def same(self, one: str, other: str) -> bool:
        await asyncio.sleep(30.0)
        return True


def test_a_users_object_compares_and_is_named_in_the_certificate() -> None:
    answer, keys = ask(["Oslo", "oslo city", "Old Oslo", "Bergen"], Initials(), rule="quorum")
    assert answer.certificate is not None
    assert answer.certificate.verify(keys)
    assert answer.certificate.to_json()["compare"] == {"kind": "own", "name": "initials"}
    assert answer.text in ("Oslo", "oslo city", "Old Oslo")
    same, _ = ask(["Oslo", "oslo city", "Old Oslo", "Bergen"], Initials(), rule="pbft", check="same_answer")
    assert same.who(Stance.REJECTED) == ("fake:always=Bergen",)
    assert same.certificate is not None
    assert same.certificate.to_json()["compare"]["name"] == "initials"


@pytest.mark.parametrize(("own", "reason"), [(Unsure(), "comparison"), (Slow(), "deadline")])
def test_a_comparison_that_fails_or_takes_too_long_leaves_the_member_without_a_vote(own: Any, reason: str) -> None:
    answer, _ = ask(["Oslo", "Bergen", "Narvik"], own, rule="quorum", deadline_s=1.0)
    assert answer.text is None
    assert {seat.reason for seat in answer.seats} == {"", reason}
    assert [seat.stance for seat in answer.seats].count(Stance.FAILED) == 2


VECTORS = {"big": [1.0, 0.0], "large": [0.95, 0.2], "huge": [0.98, 0.1], "tiny": [-1.0, 0.0]}


def test_an_embedding_compares_each_text_once(endpoint: Any, reply: Any) -> None:
    endpoint.script["e"] = lambda _, text: reply(text=json.dumps(VECTORS[text]))
    compare = {"kind": "embedding", "model": "e", "base_url": endpoint.url, "api_key_env": "PANEL_TEST_KEY"}
    answer, keys = ask(["big", "large", "huge", "tiny"], compare, rule="quorum")
    assert answer.certificate is not None
    assert answer.certificate.verify(keys)
    assert answer.text in VECTORS
    assert answer.seats[3].stance is Stance.DISSENTED
    named = answer.certificate.to_json()["compare"]
    assert named == {"kind": "embedding", "model": "e", "base_url": endpoint.url, "at_least": 0.9}  # and no key
    assert len(endpoint.asked) == 4


def test_a_model_compares_and_its_calls_are_recorded_as_nobodys(endpoint: Any, reply: Any, tmp_path: Path) -> None:
    def compares(_: int, prompt: str) -> Any:
        return reply(text="DIFFERENT" if "tiny" in prompt else "Same.")

    endpoint.script["judge"] = compares
    compare = {"kind": "meaning", "model": "judge", "base_url": endpoint.url}
    record = tmp_path / "said.jsonl"
    answer, keys = ask(["big", "large", "huge", "tiny"], compare, rule="quorum", record=record)
    assert answer.certificate is not None
    assert answer.certificate.verify(keys)
    assert answer.seats[3].stance is Stance.DISSENTED
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    compared = [row for row in rows if row.get("role") == "compare"]
    assert len(compared) == len(endpoint.asked) == 3
    assert {row["node"] for row in compared} == {-1}
    assert answer.tokens_in >= 300  # what the comparison read, too


@pytest.mark.parametrize("said", ["perhaps", "", "SAME or DIFFERENT", "They are the same"])
def test_a_model_that_says_neither_has_compared_nothing(endpoint: Any, reply: Any, said: str) -> None:
    endpoint.script["judge"] = lambda *_: reply(text=said)
    compare = {"kind": "meaning", "model": "judge", "base_url": endpoint.url}
    answer, _ = ask(["big", "large", "huge"], compare, rule="quorum")
    assert answer.text is None
    assert "comparison" in {seat.reason for seat in answer.seats}


@pytest.mark.parametrize(
    ("compare", "message"),
    [
        ("close", "compare = 'close': must be one of canonical, letters, numbers, as_written, sets"),
        ({"kind": "tolerance"}, "compare: needs absolute or relative"),
        ({"kind": "tolerance", "absolute": -1}, "absolute"),
        ({"kind": "embedding"}, "model"),
        ({"kind": "own", "name": "mine"}, "names an object of Python"),
        (object(), "must be a name, a table, or an object with a name"),
        (lambda one, other: one == other, "must be a name, a table, or an object with a name"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(compare: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Panel(["fake:always=1"] * 4, rule="quorum", compare=compare)


def test_where_members_judge_there_is_nothing_to_compare() -> None:
    with pytest.raises(ScenarioError, match="compare = 'sets': must be left out: members judge"):
        Panel(["fake:always=1"] * 4, compare="sets")
    with pytest.raises(ScenarioError, match="reader"):
        Panel(["fake:always=1"] * 4, reader="last line")


def test_a_reader_of_the_user_reads_answers_and_its_errors_are_nothing_read(caplog: pytest.LogCaptureFixture) -> None:
    def second_word(reply: str) -> str | None:
        return reply.split()[1]

    with Panel(["fake:always=so 42 it is", "fake:always=well 42", "fake:always=42"], rule="plurality",
               reader=second_word, grace_s=1.0) as panel:  # fmt: skip
        answer = panel.invoke(Q)
    assert answer.text == "42"
    assert answer.seats[2].stance is Stance.UNPARSEABLE
    assert {call.read_by for call in answer.calls if call.answer} == {"reader second_word"}
    assert "IndexError" in caplog.text


@pytest.mark.parametrize(
    ("answer", "form"),
    [("b, a", "a, b"), ("[1, 2, 1]", "1, 2"), ("a and b", "a, b"), ("", None), ("x", "x"), ("a,\nb", "a, b")],
)
def test_a_set_is_its_members_in_order(answer: str, form: str | None) -> None:
    assert set_form(answer) == form


def test_numbers_are_read_with_units_and_without() -> None:
    assert [str(number(each)) for each in ("12 km", "50%", "-3", "ten", "3 4")] == [
        "12", "50", "-3", "None", "None"
    ]  # fmt: skip
    assert described(read_compare("sets")) == "sets"
