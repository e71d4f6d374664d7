"""Answers that are JSON values: they fit the schema, and two are the same if they are the same value."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.errors import ScenarioError
from bft.live import Panel
from bft.live.answer import Stance
from bft.live.structured import check_schema, fits, form_of_text, read_value, value_form

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
        "partner": {"anyOf": [{"$ref": "#/$defs/Person"}, {"type": "null"}]},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"Person": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
}


@pytest.mark.parametrize(
    ("value", "fitting"),
    [
        ({"name": "Ada"}, True),
        ({"name": "Ada", "age": 36.0, "tags": ["a"], "partner": None}, True),
        ({"name": "Ada", "partner": {"name": "Bob"}}, True),
        ({"name": ""}, False),
        ({"age": 3}, False),
        ({"name": "Ada", "age": 3.5}, False),
        ({"name": "Ada", "age": True}, False),
        ({"name": "Ada", "age": -1}, False),
        ({"name": "Ada", "tags": ["c"]}, False),
        ({"name": "Ada", "tags": ["a", "b", "a"]}, False),
        ({"name": "Ada", "x": 1}, False),
        ({"name": "Ada", "partner": {}}, False),
        (["Ada"], False),
        ("Ada", False),
    ],
)
def test_a_value_fits_its_schema_or_is_not_read(value: Any, fitting: bool) -> None:
    check_schema(PERSON)
    assert fits(value, PERSON) == fitting
    read, rule = read_value(json.dumps(value), PERSON)
    assert (read is not None, rule != "") == (fitting, fitting)


@pytest.mark.parametrize(
    "reply",
    [
        '{"name": "Ada"} or so',
        '{"name": "Ada", "name": "Bob"}',
        '{"name": "Ada", "age": NaN}',
        '{"name": "Ada"',
        "<think>{}",
        '{"name": "Ada", "age": 1e999}',
        "[" * 5000,
    ],
)
def test_what_is_no_single_json_value_is_not_read(reply: str) -> None:
    assert read_value(reply, PERSON) == (None, "")


def test_equal_values_have_one_form() -> None:
    same = ['{"a": 1, "b": [1.50, null]}', '{"b":[1.5,null],"a":1.0}', ' {"b" : [15e-1, null], "a" : 1e0} ']
    assert {form_of_text(text) for text in same} == {'{"a":1,"b":[1.5,null]}'}
    assert form_of_text('{"a": "x"}') != form_of_text('{"a": "X"}')
    assert form_of_text("true") != form_of_text("1")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_a_form_is_its_own_form(value: Any) -> None:
    form = value_form(value)
    assert form_of_text(form) == form
    assert read_value(json.dumps(value), {})[0] == form


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ([], "schema = 'list': must be a JSON schema"),
        ({"type": "thing"}, "schema.type = 'thing': must be of object"),
        ({"pattern": "^a$"}, "schema.pattern: is not something that a panel checks"),
        ({"properties": {"a": {"multipleOf": 2}}}, "schema.multipleOf: is not something"),
        ({"$ref": "http://elsewhere"}, "schema.\\$ref"),
        ({"required": "a"}, "schema.required = 'a': must be a list"),
        ({"required": [["a"]]}, "schema.required = \\[\\['a'\\]\\]: must be a list of names"),
        ({"minimum": "1"}, "schema.minimum"),
        ({"description": "x" * 40_000}, "schema: has 40"),
        ({"default": object()}, "schema: must be JSON"),
    ],
)
def test_a_schema_that_nobody_checks_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        check_schema(schema)


def test_a_schema_that_refers_to_itself_ends() -> None:
    loop = {"$ref": "#"}
    check_schema(loop)
    assert read_value("1", loop) == (None, "")


def test_a_short_schema_that_asks_for_the_same_exponentially_often_takes_no_time() -> None:
    def doubling(depth: int, last: bool) -> dict[str, Any]:
        places = {f"a{at}": {"anyOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(depth)}
        return {"$ref": "#/$defs/a0", "$defs": {**places, f"a{depth}": last}}

    began_s = time.process_time()
    for depth in (2, 15):  # 2^15 questions take a second, asked one by one
        assert read_value("42", check_schema(doubling(depth, True))) == ("42", "a JSON value")
        assert read_value("42", check_schema(doubling(depth, False))) == (None, "")
    assert time.process_time() - began_s < 0.2


CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "number"}},
    "required": ["city"],
}


@pytest.mark.parametrize("settings", [{"rule": "quorum"}, {"rule": "judge"}, {"check": "same_answer"}, {}])
def test_a_panel_decides_json_values(settings: dict[str, Any]) -> None:
    first, second = '{"city": "Oslo", "people": 700000}', '{"people": 7e5, "city": "Oslo"}'
    models = [f"fake:yes={text}" for text in (first, second, first, '{"city": 7}')]
    with Panel(models, grace_s=1.0, **settings) as panel:
        answer = panel.invoke({"question": "What is the capital of Norway?", "schema": CITY})
        assert answer.text == '{"city":"Oslo","people":700000}'
        assert answer.certificate is not None
        assert answer.certificate.verify(panel.public_keys)
        if settings:
            assert answer.seats[3].stance is Stance.UNPARSEABLE
            assert answer.certificate.to_json()["compare"] == "values"
        said = panel.invoke("And of Italy?")  # the next question is none of values: these texts differ, or are none
        assert (said.text is None) == bool(settings)


def test_the_schema_stands_in_the_prompt_and_in_the_request(endpoint: Any, reply: Any) -> None:
    endpoint.script["m"] = lambda *_: reply(text='{"city": "Oslo"}')
    member = endpoint.member("m", roles={"poll": {"forms": "structured"}})
    with Panel([member], rule="plurality") as panel:
        assert panel.invoke({"question": "Capital?", "schema": CITY}).text == '{"city":"Oslo"}'
    (asked,) = endpoint.asked
    assert asked.body["response_format"]["json_schema"]["schema"] == CITY
    assert json.dumps(CITY, sort_keys=True) in asked.prompt


def test_stated_confidence_and_json_values_do_not_go_together() -> None:
    with Panel(["fake:always=1"] * 3, rule="confidence") as panel, pytest.raises(ScenarioError, match="states none"):
        panel.invoke({"question": "?", "schema": {}})
