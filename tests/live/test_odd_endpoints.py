"""Endpoints that reply in another form than was asked for: never a vote, and one sentence says what came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bft.live import Panel
from bft.live.answer import Stance
from bft.live.completions import fault_of, fault_of_body

Q = "What is 6 · 7?"
SAID = "ANSWER: 42"


def completion(message: object = None, ended: str = "stop", **more: Any) -> bytes:
    message = {"role": "assistant", "content": SAID} if message is None else message
    choice = {"index": 0, "finish_reason": ended, "message": message}
    told = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps({**told, **more}).encode()


def message(content: object = None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def call(name: object, arguments: object) -> dict[str, Any]:
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}


TOOL = call("reply", '{"answer": "42"}')
SEARCH = call("search", '{"answer": "42"}')
STREAM = b'data: {"choices": [{"index": 0, "delta": {"content": "ANSWER: 42"}}]}\n\ndata: [DONE]\n\n'

NOT_OFFERED = "a call of the tool 'search', which was not offered"
NO_CALL = "a call of a tool that is not in the form of one"

NO_VOTES = [
    (completion(choices=[]), "no choices: nothing was answered"),
    (completion(choices=None), "no choices: nothing was answered"),
    (completion(choices={"0": {"message": message(SAID)}}), "no choices: nothing was answered"),
    (completion(choices=[None]), "a choice without a message"),
    (completion(choices=[SAID]), "a choice without a message"),
    (completion(choices=[{"index": 0, "finish_reason": "stop", "text": SAID}]), "a choice without a message"),
    (completion(choices=[{"index": 0, "delta": message(SAID)}]), "a choice without a message"),
    (completion(message(42)), "a message that is a number and no text"),
    (completion(message({"text": SAID})), "a message that is an object and no text"),
    (completion({"role": "user", "content": SAID}), "a message by 'user', where the assistant's was asked for"),
    (completion({"role": "tool", "content": SAID}), "a message by 'tool', where the assistant's was asked for"),
    (completion({"content": SAID}), "a message of nobody, where the assistant's was asked for"),
    (completion(message(SAID, refusal="I cannot help with that.")), "a refusal"),
    (completion(message(refusal="I cannot help with that.")), "a refusal"),
    (completion(message()), "an empty reply"),
    (completion(message("", reasoning_content=SAID)), "an empty reply"),
    (completion(message(SAID), "length"), "the reply was cut off: length"),
    (completion(message(tool_calls=[SEARCH]), "tool_calls"), NOT_OFFERED),
    (
        completion(message(SAID, tool_calls=[SEARCH]), "tool_calls"),
        NOT_OFFERED,
    ),
    (
        completion(message(tool_calls=[call("reply", {"answer": "42"})])),
        NO_CALL,
    ),
    (completion(message(tool_calls=[None])), NO_CALL),
    (completion(message(tool_calls=SAID)), NO_CALL),
    (completion(message(SAID), "error"), "the reply was cut off: error"),
    (completion(message(SAID), "ABORT"), "the reply was cut off: abort"),
    (completion(message(SAID), "insufficient_system_resource"), "the reply was cut off: insufficient_system_resource"),
    (completion().replace(b'"content": ', b'"content": "ANSWER: 41", "content": '), "two things under one name"),
    (completion()[:-1] + b', "choices": []}', "two things under one name"),
    (STREAM, "a stream of events, where one reply was asked for"),
    (b"<html>ANSWER: 42</html>", "a body that says it is JSON and is none"),
    (completion() + completion(), "a body that says it is JSON and is none"),
    (b"", "a body that says it is JSON and is none"),
    (b'"ANSWER: 42"', "JSON that is a text, where a chat completion is an object"),
    (b"[]", "JSON that is a list, where a chat completion is an object"),
    (b'{"error": {"message": "ANSWER: 42"}}', "ANSWER: 42"),
]


def test_what_is_no_reply_is_no_vote_and_is_told_in_one_sentence(endpoint: Any, reply: Any) -> None:
    bodies = [body for body, _ in NO_VOTES]
    endpoint.script["m"] = lambda nth, _: reply(body=bodies[nth])
    with Panel([endpoint.member("m")], rule="plurality", attempts=1, breaker_failures=0) as panel:
        answers = [panel.invoke(Q) for _ in bodies]
    for answer, (body, sentence) in zip(answers, NO_VOTES, strict=True):
        (seat,) = answer.seats
        assert (answer.text, seat.stance) == (None, Stance.FAILED), body
        assert sentence in seat.detail, body
        assert "\n" not in seat.detail, body


def test_an_error_in_several_lines_is_told_in_one(endpoint: Any, reply: Any) -> None:
    body = json.dumps({"error": {"message": "down\r\n and\tout"}}).encode()
    endpoint.script["m"] = lambda *_: reply(status=500, body=body)
    with Panel([endpoint.member("m")], rule="plurality", attempts=1, breaker_failures=0) as panel:
        (seat,) = panel.invoke(Q).seats
    assert "down and out" in seat.detail


WITH_TOOL = [
    (completion(message(tool_calls=[TOOL]), "tool_calls"), "42", ""),
    (completion(message(SAID)), "42", ""),  # it ignored the tool, and is read as text
    (
        completion(message(tool_calls=[SEARCH]), "tool_calls"),
        None,
        NOT_OFFERED,
    ),
    (completion(message(tool_calls=[TOOL, SEARCH])), None, NOT_OFFERED),
    (completion(message(tool_calls=[TOOL, call("reply", '{"answer": "41"}')])), None, ""),
    (completion(message(tool_calls=[call("reply", "{}")])), None, ""),
    (completion(message(tool_calls=[call("reply", '{"answer": ["42"]}')])), None, ""),
    (completion(message(tool_calls=[])), None, "an empty reply"),
]


def test_of_a_tool_that_was_to_be_called_only_its_own_call_is_an_answer(endpoint: Any, reply: Any) -> None:
    endpoint.script["m"] = lambda nth, _: reply(body=WITH_TOOL[nth][0])
    roles = {"poll": {"forms": ["tool"]}}
    with Panel([endpoint.member("m")], rule="plurality", roles=roles, attempts=1, breaker_failures=0) as panel:
        answers = [panel.invoke(Q) for _ in WITH_TOOL]
    told = [(answer.text, answer.seats[0].detail) for answer in answers]
    assert told == [(text, sentence) for _, text, sentence in WITH_TOOL]


@pytest.mark.parametrize(
    "said",
    [
        {"choices": [{"message": {"role": "assistant", "content": SAID}}]},
        {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [TOOL]}}]},
        {"choices": [{"message": {"role": "model", "content": [{"type": "text", "text": SAID}], "tool_calls": None}}]},
        {"choices": [{"message": {"role": "assistant", "content": SAID, "refusal": None}}], "error": None},
    ],
)
def test_what_is_a_completion_passes(said: dict[str, Any]) -> None:
    assert fault_of(said) is None


def test_a_body_says_what_it_is() -> None:
    assert fault_of_body(b"{}", "application/json; charset=utf-8") is None
    assert fault_of_body(STREAM, "text/event-stream") == "a stream of events, where one reply was asked for"
    assert fault_of_body(b"<html>", "text/html") == "a body 'text/html', where JSON was asked for"
    assert fault_of_body(b"{}", "") == "a body of no stated type, where JSON was asked for"


def test_text_in_two_parts_is_one_text_and_two_answers_in_it_are_none(endpoint: Any, reply: Any) -> None:
    parts = [[SAID], ["ANSWER: 4", "2"], ["ANSWER: 41", SAID], ["It is so.\n", SAID]]
    bodies = [completion(message([{"type": "text", "text": part} for part in each])) for each in parts]
    endpoint.script["m"] = lambda nth, _: reply(body=bodies[nth])
    with Panel([endpoint.member("m")], rule="plurality", attempts=1, breaker_failures=0) as panel:
        assert [panel.invoke(Q).text for _ in parts] == ["42", "42", None, "42"]


def test_of_several_choices_the_first_counts(endpoint: Any, reply: Any) -> None:
    said = [message(f"ANSWER: {42 - nth}") for nth in range(3)]
    choices = [{"index": nth, "finish_reason": "stop", "message": each} for nth, each in enumerate(said)]
    endpoint.script["m"] = lambda *_: reply(body=completion(choices=choices))
    with Panel([endpoint.member("m")], rule="plurality") as panel:
        assert panel.invoke(Q).text == "42"


def test_an_endpoint_that_refuses_every_form_says_so_once_and_votes_for_nothing(endpoint: Any, reply: Any) -> None:
    refused = json.dumps({"error": {"message": "failed to parse grammar", "type": "invalid_request_error"}}).encode()
    endpoint.script["m"] = lambda *_: reply(status=400, body=refused)
    roles = {"poll": {"forms": "structured"}}
    with Panel([endpoint.member("m")], rule="plurality", roles=roles, attempts=1) as panel:
        answer = panel.invoke(Q)
    assert (answer.text, len(endpoint.asked)) == (None, 4)
    assert "failed to parse grammar" in answer.seats[0].detail
    assert "\n" not in answer.seats[0].detail
