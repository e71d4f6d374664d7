"""Forms of reply: schema, grammar, tool and text, in the order in which an endpoint takes them, and as recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bft.live import Panel, State
from bft.live.answer import Stance
from bft.live.forms import grammar, schema

Q = "What is 6 · 7?"


def form_of(body: dict[str, Any]) -> str:
    named = [name for name in ("response_format", "grammar", "tools") if name in body]
    return {"response_format": "schema", "grammar": "grammar", "tools": "tool"}[named[0]] if named else "text"


class Choosy:
    """An endpoint's model that knows some forms, and refuses the others as servers do."""

    def __init__(self, endpoint: Any, reply: Any, knows: set[str], status: int = 400, answer: str = "42") -> None:
        self.endpoint, self.reply, self.knows, self.status, self.says = endpoint, reply, knows, status, answer

    def __call__(self, _: int, prompt: str) -> Any:
        body = self.endpoint.asked[-1].body
        form = form_of(body)
        if form not in self.knows:
            refused = json.dumps({"error": {"message": f"unknown: {form}", "type": "invalid_request_error"}}).encode()
            return self.reply(status=self.status, body=refused)
        judges = "PROPOSAL" in prompt
        label, value = ("verdict", "ACCEPT") if judges else ("answer", self.says)
        said = json.dumps({"reasoning": "6 · 7", label: value})
        if form == "tool":
            call = {"id": "c", "type": "function", "function": {"name": "reply", "arguments": said}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
            told = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            return self.reply(body=json.dumps(told).encode())
        return self.reply(text=said if form == "schema" else f"6 · 7 it is\n{label.upper()}: {value}")


@pytest.mark.parametrize(
    ("knows", "tried", "read_by"),
    [
        ({"schema", "grammar", "tool", "text"}, ["schema"], "a JSON object"),
        ({"grammar", "tool", "text"}, ["schema", "grammar"], "the last label"),
        ({"tool", "text"}, ["schema", "grammar", "tool"], "a JSON object"),
        ({"text"}, ["schema", "grammar", "tool", "text"], "the last label"),
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_an_endpoint_is_asked_in_the_first_form_that_it_takes_and_what_it_refused_is_remembered(
    endpoint: Any, reply: Any, tmp_path: Path, knows: set[str], tried: list[str], read_by: str, status: int
) -> None:
    endpoint.script["m"] = Choosy(endpoint, reply, knows, status)
    record = tmp_path / "said.jsonl"
    roles = {"poll": {"forms": "structured"}}
    with Panel([endpoint.member("m")], rule="plurality", roles=roles, record=record, attempts=1) as panel:
        answers = [panel.invoke(Q) for _ in range(2)]
    assert [answer.text for answer in answers] == ["42", "42"]
    assert [form_of(asked.body) for asked in endpoint.asked] == [*tried, tried[-1]]
    calls = [json.loads(line) for line in record.read_text().splitlines() if '"record": "call"' in line]
    assert [call["form"] for call in calls] == [tried[-1]] * 2
    assert [call["read_by"] for call in calls] == [read_by] * 2
    assert [attempt["form"] for attempt in calls[0]["attempts"]] == tried


def test_verdicts_come_in_forms_too(endpoint: Any, reply: Any) -> None:
    endpoint.script["m"] = Choosy(endpoint, reply, {"grammar", "text"})
    members = [endpoint.member("m", name=f"m{node}") for node in range(4)]
    with Panel(members, roles={"check": {"forms": "structured", "reasoning": False}}, grace_s=5.0) as panel:
        answer = panel.invoke(Q)
    assert (answer.state, answer.who(Stance.ACCEPTED)) == (State.DECIDED, ("m1", "m2", "m3"))
    assert {call.form for call in answer.calls if call.role == "judge"} == {"grammar"}
    asked = next(each.body for each in endpoint.asked if "grammar" in each.body)
    assert asked["grammar"] == 'root ::= "VERDICT: " ("ACCEPT" | "REJECT" | "UNSURE")'


def test_a_failure_that_is_not_for_the_form_is_not_remembered_as_one(endpoint: Any, reply: Any) -> None:
    knows = Choosy(endpoint, reply, {"schema", "text"})
    endpoint.script["m"] = lambda nth, prompt: reply(status=503) if nth == 0 else knows(nth, prompt)
    with Panel(
        [endpoint.member("m")], rule="plurality", roles={"poll": {"forms": ["schema", "text"]}}, retry_pause_s=0.01
    ) as panel:
        assert panel.invoke(Q).text == "42"
    assert [form_of(asked.body) for asked in endpoint.asked] == ["schema", "schema"]


def test_an_endpoint_that_refuses_every_form_has_failed_and_is_asked_in_all_of_them_again(
    endpoint: Any, reply: Any
) -> None:
    endpoint.script["m"] = lambda *_: reply(status=400)
    with Panel([endpoint.member("m")], rule="plurality", roles={"poll": {"forms": ["schema", "tool"]}}) as panel:
        answers = [panel.invoke(Q) for _ in range(2)]
    assert [answer.seats[0].reason for answer in answers] == ["status 400"] * 2
    assert [form_of(asked.body) for asked in endpoint.asked] == ["schema", "tool"] * 2


@pytest.mark.parametrize(
    ("text", "answer"),
    [("ANSWER: 42", "42"), ("hm, what?\nI do not know", None), ('{"reasoning": "x"}', None), ('{"answer": "42"', None)],
)
def test_an_endpoint_that_ignores_the_form_is_read_as_text_and_never_guessed(
    endpoint: Any, reply: Any, text: str, answer: str | None
) -> None:
    endpoint.script["m"] = lambda *_: reply(text=text)
    with Panel([endpoint.member("m")], rule="plurality", roles={"poll": {"forms": "structured"}}) as panel:
        said = panel.invoke(Q)
    assert said.text == answer
    assert (said.unreadable is None) == (answer is not None)


def test_a_tool_called_twice_with_two_answers_says_nothing(endpoint: Any, reply: Any) -> None:
    def twice(*_: Any) -> Any:
        calls = [
            {"id": f"c{n}", "type": "function", "function": {"name": "reply", "arguments": json.dumps({"answer": n})}}
            for n in ("41", "42")
        ]
        choice = {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": calls}}
        told = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return reply(body=json.dumps(told).encode())

    endpoint.script["m"] = twice
    with Panel([endpoint.member("m")], rule="plurality", roles={"poll": {"forms": "tool"}}) as panel:
        assert panel.invoke(Q).seats[0].stance is Stance.UNPARSEABLE


def test_options_of_a_role_reach_the_endpoint_beside_those_of_the_model(endpoint: Any, reply: Any) -> None:
    endpoint.script["m"] = Choosy(endpoint, reply, {"grammar", "text"})
    options = {"temperature": 0.5, "extra_body": {"cache_prompt": True}}
    roles = {
        "poll": {"forms": "grammar", "options": {"temperature": 0.0, "max_tokens": 64, "extra_body": {"id_slot": 1}}}
    }
    with Panel([endpoint.member("m", options=options, roles=roles)], rule="plurality") as panel:
        assert panel.invoke(Q).text == "42"
    (asked,) = endpoint.asked
    given = {name: asked.body.get(name) for name in ("temperature", "cache_prompt", "id_slot")}
    assert given == {"temperature": 0.0, "cache_prompt": True, "id_slot": 1}
    assert 64 in (asked.body.get("max_tokens"), asked.body.get("max_completion_tokens"))
    assert "grammar" in asked.body


def test_choices_bound_schema_grammar_and_what_is_read(endpoint: Any, reply: Any) -> None:
    assert schema("final", reasoning=False, choices=("A", "B"))["properties"]["answer"] == {
        "type": "string",
        "enum": ["A", "B"],
    }
    assert grammar("final", reasoning=False, choices=("A", "B")) == 'root ::= "ANSWER: " ("A" | "B")'
    assert '"\\nCONFIDENCE: "' in grammar("sure", reasoning=True)
    endpoint.script["m"] = Choosy(endpoint, reply, {"schema"}, answer="C")
    roles = {"poll": {"forms": "schema", "choices": ["A", "B"]}}
    with Panel([endpoint.member("m")], rule="plurality", roles=roles) as panel:
        assert panel.invoke(Q).seats[0].stance is Stance.UNPARSEABLE


def test_fakes_reply_in_the_form_that_they_are_asked_for() -> None:
    roles = {name: {"forms": "structured"} for name in ("propose", "check")}
    with Panel(["fake:always=42"] * 3 + ["fake:no=41"], roles=roles, grace_s=1.0) as panel:
        answer = panel.invoke(Q)
    assert (answer.text, answer.state) == ("42", State.DECIDED)
    assert {call.form for call in answer.calls} == {"schema"}
    assert all(call.text.startswith("{") for call in answer.calls if call.text)
