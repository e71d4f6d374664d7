"""Requests as bodies, without a network: what is odd in them is refused, and whatever is read can be answered."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bft.live.chat_requests import Completion, RefusedError, event, read_request
from bft.live.structured import read_value

ASKED: dict[str, Any] = {"model": "panel", "messages": [{"role": "user", "content": "?"}]}
CALL: dict[str, Any] = {
    **ASKED,
    "stream": True,
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "required": ["a"]}}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
}
FORM: dict[str, Any] = {
    **ASKED,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"items": {"enum": [1]}}}},
}
ANSWER: Any = SimpleNamespace(
    text="{}", tokens_in=1, tokens_out=2, certificate=SimpleNamespace(digest="d"), to_json=lambda: {"answer": "{}"}
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2), st.just(0.5), st.sampled_from(["", "f", "auto", "\ud800", "user"])
)
odd = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("fa"), inner, max_size=2)
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, each in inner for place in places_in(each, (*path, key))]


def changed(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = changed(value[path[0]], path[1:], by)
    return copied


@example((CALL, ("tool_choice", "function", "name"), []))
@settings(max_examples=40)
@given(st.sampled_from([CALL, FORM]).flatmap(lambda one: st.tuples(st.just(one), st.sampled_from(places_in(one)), odd)))
def test_a_request_with_an_odd_value_anywhere_is_refused_or_can_be_answered(drawn: tuple[Any, Any, Any]) -> None:
    asked, path, by = drawn
    read, refused = None, None
    try:
        read = read_request(json.dumps(changed(asked, path, by)).encode(), "panel")
    except RefusedError as error:
        refused = error
    if read is None:
        assert refused is not None
        assert refused.status in (400, 404)
        event(refused.body)
        return
    completion = Completion("panel", read)
    json.dumps(completion.whole(ANSWER))
    for chunk in (completion.first(), *completion.rest(ANSWER)):
        assert chunk.endswith(b"\n\n")
    if read.schema is not None:
        for reply in ("{}", "[1]", '{"a": [2]}', "null"):
            read_value(reply, read.schema)


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"tool_choice": {"function": {"name": []}}}, "tools"),
        ({"tools": [{"function": {"name": None}}], "tool_choice": "required"}, "tools"),
        ({"tools": [{"function": {"name": ""}}], "tool_choice": "required"}, "tools"),
        ({"tools": [{"function": {"name": "f", "parameters": []}}]}, "tools"),
        ({"stream": 1}, "stream"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(changes: dict[str, Any], parameter: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_request(json.dumps({**CALL, **changes}).encode(), "panel")
    assert (refused.value.status, refused.value.body["error"]["param"]) == (400, parameter)


@pytest.mark.parametrize("more", ['"model": "panel"', '"temperature": NaN', '"top_p": -Infinity'])
def test_a_name_that_stands_twice_and_a_number_that_is_none_are_no_json(more: str) -> None:
    body = json.dumps(ASKED)[:-1] + f", {more}}}"
    with pytest.raises(RefusedError, match="the body must be JSON"):
        read_request(body.encode(), "panel")


def test_a_stream_tells_back_half_a_surrogate_pair_in_ascii() -> None:
    tool = {"function": {"name": "\ud800"}}
    asked = read_request(json.dumps({**CALL, "tools": [tool], "tool_choice": tool}).encode(), "panel")
    said, *_ = Completion("panel", asked).rest(ANSWER)
    assert b'"name":"\\ud800"' in said
