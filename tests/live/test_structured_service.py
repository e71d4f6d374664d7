"""Structured output and certificates for clients: what a panel can, it answers; the rest it refuses, and for good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from bft.errors import ScenarioError
from bft.live import Certificate, NoQuorumError, Panel, PanelChat, ServedPanelChat, certificate_of
from bft.live.service_settings import ServiceSettings
from tests.live.test_service import Running, Serve, client_of, question

OSLO = ['fake:always={"city": "Oslo", "people": 700000}', 'fake:always={"people": 7e5, "city": "Oslo"}'] * 2
SPLIT = [f"fake:always={n}" for n in range(4)]


class City(BaseModel):
    """A city."""

    city: str
    people: int


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Running] = []

    def begin(models: list[str], **settings: Any) -> Running:
        running.append(Running(Panel(models, rule="quorum"), **settings))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


@contextmanager
def chat_of(running: Running) -> Iterator[ServedPanelChat]:
    with openai.DefaultHttpxClient(trust_env=False) as http_client:
        given: Any = {"api_key": "none", "max_retries": 2, "http_client": http_client}
        yield ServedPanelChat(base_url=running.url, model="panel", **given)


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output_is_what_members_vote_on(serve: Serve, method: Any) -> None:
    running = serve(OSLO)
    with chat_of(running) as chat:
        said = chat.with_structured_output(City, method=method, include_raw=True).invoke("Capital?")
    assert said["parsed"] == City(city="Oslo", people=700000)
    certificate = certificate_of(said["raw"])
    assert certificate.verify(running.panel.public_keys)
    assert certificate.to_json()["compare"] == "values"


def test_openais_client_parses_what_a_panel_decided_and_a_stream_carries_it_too(serve: Serve) -> None:
    running = serve(OSLO)
    with client_of(running) as client:
        messages: Any = [{"role": "user", "content": "Capital?"}]
        done = client.chat.completions.parse(model="panel", messages=messages, response_format=City)
        assert done.choices[0].message.parsed == City(city="Oslo", people=700000)
        function = {"name": "found", "parameters": City.model_json_schema()}
        chosen: Any = {"type": "function", "function": {"name": "found"}}
        for choice in (chosen, "required"):
            called = client.chat.completions.create(
                **question(tools=[{"type": "function", "function": function}], tool_choice=choice)
            )
            (call,) = called.choices[0].message.tool_calls or ()
            assert (call.function.name, json.loads(call.function.arguments)["city"]) == ("found", "Oslo")
        chunks = client.chat.completions.create(
            **question(tools=[{"type": "function", "function": function}], tool_choice=chosen, stream=True)
        )
        deltas = [each.choices[0].delta for each in chunks if each.choices]
        told = [delta.tool_calls for delta in deltas if delta.tool_calls]
        assert json.loads(told[0][0].function.arguments)["people"] == 700000


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools: is not something that a panel does unl"),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto"},
            "tools: is not something that a panel does unless tool_choice names one",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": {"function": {"name": "g"}}},
            "tools: is not something that a panel does unless tool_choice names one",
        ),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format: is not something"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"pattern": "x"}}}},
            "schema.pattern: is not something that a panel checks",
        ),
        ({"tool_choice": "required"}, None),
        ({"tools": [], "tool_choice": "auto"}, None),
        ({"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "none"}, None),
        ({"response_format": {"type": "text"}}, None),
    ],
)
def test_what_a_panel_cannot_is_refused_in_one_sentence(serve: Serve, more: Any, message: str | None) -> None:
    status, told, headers = serve(["fake:always=42"] * 4).ask(question(**more))
    if message is None:
        assert status == 200
        return
    assert status == 400
    assert told["error"]["message"].startswith(message)
    assert headers["x-should-retry"] == "false"


def test_a_final_refusal_is_asked_for_once(serve: Serve) -> None:
    running = serve(SPLIT)
    asked: list[Any] = []
    begin = running.server._service._begin
    running.server._service._begin = lambda request: asked.append(request) or begin(request)  # type: ignore[func-returns-value, method-assign]
    with chat_of(running) as chat, pytest.raises(openai.InternalServerError, match="no quorum"):
        chat.invoke("Which?")
    assert len(asked) == 1


def test_who_may_come_back_is_told_so(serve: Serve) -> None:
    running = serve(["fake:hang"] * 4, max_questions=1)
    running.server._service._until_s[object()] = 1e18  # type: ignore[index]  # a question that is under way
    status, _, headers = running.ask(question())
    running.server._service._until_s.clear()
    assert (status, headers["x-should-retry"]) == (429, "true")
    assert running.send("GET", "/v1/models/gpt")[2]["x-should-retry"] == "false"
    assert running.send("GET", "/nowhere")[2]["x-should-retry"] == "false"


def test_a_client_that_drops_the_certificate_can_ask_for_it_by_what_it_keeps(serve: Serve) -> None:
    running = serve(["fake:always=42"] * 4)
    with client_of(running) as client:
        done = client.chat.completions.create(**question())
    for name in (done.id, done.system_fingerprint):
        status, told, _ = running.send("GET", f"/v1/certificates/{name}")
        assert status == 200
        assert Certificate.from_json(told["certificate"]).verify(running.panel.public_keys)
    status, told, _ = running.send("GET", "/v1/certificates/chatcmpl-1")
    assert (status, told["error"]["code"]) == (404, "not_found")


def test_certificates_of_old_answers_are_forgotten(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bft.live.service.KEPT", 2)
    running = serve(["fake:always=42"] * 4)
    names = [running.ask(question())[1]["id"] for _ in range(4)]
    assert [running.send("GET", f"/v1/certificates/{name}")[0] for name in names] == [404, 404, 200, 200]


def test_a_panel_of_this_process_is_a_chat_model_whose_messages_hold_the_certificate() -> None:
    with Panel(OSLO, rule="quorum") as panel:
        chat = PanelChat(panel=panel)
        parsed = chat.with_structured_output(City, include_raw=True).invoke("Capital?")
        assert parsed["parsed"] == City(city="Oslo", people=700000)
        assert certificate_of(parsed["raw"]).verify(panel.public_keys)
        assert parsed["raw"].usage_metadata["output_tokens"] > 0


def test_a_tool_that_must_not_be_called_and_options_of_no_panel_are_refused() -> None:
    @tool
    def look_up(city: str) -> str:
        """Look a city up."""
        return city

    with Panel(["fake:always=42"] * 4) as panel:
        chat = PanelChat(panel=panel)
        assert certificate_of(chat.invoke("What is 6 · 7?")).verify(panel.public_keys)
        with pytest.raises(ScenarioError, match="a panel does not choose one"):
            chat.bind_tools([look_up])
        with pytest.raises(ScenarioError, match=r"temperature = 1\.0: is not an option of a panel"):
            chat.invoke("?", temperature=1.0)
        with pytest.raises(ScenarioError, match="stop"):
            chat.invoke("?", stop=["x"])
    with Panel(SPLIT, rule="quorum") as split, pytest.raises(NoQuorumError, match="no quorum"):
        PanelChat(panel=split).invoke("?")
    with pytest.raises(ScenarioError, match="holds no certificate"):
        certificate_of(AIMessage("hi"))


def test_the_key_of_a_service_guards_certificates_too() -> None:
    running = Running(Panel(["fake:always=42"] * 4), api_key="a-key-for-clients-0123456789")
    try:
        assert running.send("GET", "/v1/certificates/x")[0] == 401
    finally:
        running.stop()
    assert ServiceSettings().api_key is None
