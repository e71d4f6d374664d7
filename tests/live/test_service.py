"""A panel as a service: real clients of OpenAI's chat completions against it, and everything that it must refuse."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI

from bft.errors import ScenarioError
from bft.live import Certificate, Panel
from bft.live.server import Server
from bft.live.service import Service
from bft.live.service_settings import ServiceSettings, is_loopback

KEY = "a-key-for-clients-0123456789"
WAIT_S = 30.0
FAIR = ["fake:always=42"] * 3 + ["fake:yes=41"]
SPLIT = ["fake:always=42", "fake:always=41", "fake:always=40", "fake:always=39"]

Serve = Callable[..., Any]


class Running:
    def __init__(self, panel: Panel, **settings: Any) -> None:
        self.panel = panel
        self.url = ""
        self.ready = threading.Event()
        self.server = Server(Service(panel, ServiceSettings(port=0, **settings)), announce=self._announced)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        assert self.ready.wait(WAIT_S)

    def _announced(self, url: str) -> None:
        self.url = url
        self.ready.set()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        host = self.url.removeprefix("http://").removesuffix("/v1")
        connection = http.client.HTTPConnection(host, timeout=WAIT_S)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            given = {
                "content-type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            }
            connection.request(method, path, data, given)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null"), dict(response.getheaders())
        finally:
            connection.close()

    def ask(self, body: Any, **headers: str) -> tuple[int, Any, dict[str, str]]:
        return self.send("POST", "/v1/chat/completions", body, **headers)


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Running] = []

    def begin(models: list[str] = FAIR, *, panel: dict[str, Any] | None = None, **settings: Any) -> Running:
        running.append(Running(Panel(models, **(panel or {})), **settings))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


@contextmanager
def client_of(running: Running, key: str = "none") -> Iterator[openai.OpenAI]:
    http_client = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(base_url=running.url, api_key=key, max_retries=0, http_client=http_client) as client:
        yield client


def asking(running: Running) -> tuple[threading.Thread, list[int]]:
    """Ask in a thread; the list will hold the status, 0 where the connection was cut."""
    got: list[int] = []

    def ask() -> None:
        try:
            got.append(running.ask(question())[0])
        except (OSError, http.client.HTTPException):
            got.append(0)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread, got


def question(text: str = "What is six times seven?", **more: Any) -> dict[str, Any]:
    return {"model": "panel", "messages": [{"role": "user", "content": text}], **more}


@pytest.mark.parametrize("rule", ["quorum", "plurality", "confidence", "judge", {"kind": "log_odds", "accuracy": 0.8}])
def test_a_panel_that_votes_is_a_model_too(rule: Any, serve: Serve) -> None:
    running = serve(["fake:always=42"] * 3 + ["fake:always=41"], panel={"rule": rule})
    with client_of(running) as client:
        done = client.chat.completions.create(**question())
        *_, last = [chunk for chunk in client.chat.completions.create(**question(stream=True)) if chunk.choices]
    for told in (done.model_extra or {}, last.model_extra or {}):
        assert (told["bft"]["state"], told["bft"]["answer"]) == ("decided", "42")
        certificate = Certificate.from_json(told["bft"]["certificate"])
        assert certificate.verify(running.panel.public_keys)
    assert done.choices[0].message.content == "42"


def test_votes_that_decide_nothing_are_an_error_of_the_service(serve: Serve) -> None:
    status, told, _ = serve(SPLIT, panel={"rule": "plurality"}).ask(question())
    assert (status, told["error"]["code"]) == (503, "no_quorum")
    assert told["error"]["message"] == "the panel reached no quorum: the votes decide nothing"
    late = serve(["fake:hang"] * 4, panel={"rule": "quorum", "deadline_s": 0.3, "call_deadline_s": 60})
    assert late.ask(question())[0] == 504


def test_the_openai_client_uses_a_panel_as_a_model(serve: Serve) -> None:
    running = serve()
    with client_of(running) as client:
        assert [model.id for model in client.models.list()] == ["panel"]
        done = client.chat.completions.create(**question(temperature=0.5))
    assert done.choices[0].message.content == "42"
    assert done.choices[0].finish_reason == "stop"
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
    told = done.model_extra["bft"] if done.model_extra else {}
    assert (told["state"], told["ignored"]) == ("decided", ["temperature"])
    certificate = Certificate.from_json(told["certificate"])
    assert certificate.verify(running.panel.public_keys)
    assert (certificate.question, certificate.answer) == ("What is six times seven?", "42")


def test_the_openai_client_streams(serve: Serve) -> None:
    running = serve()
    with (
        client_of(running) as client,
        client.chat.completions.create(**question(), stream=True, stream_options={"include_usage": True}) as stream,
    ):
        chunks = list(stream)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == "42"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert any("bft" in (chunk.model_extra or {}) for chunk in chunks)


@pytest.mark.parametrize("streaming", [False, True])
def test_langchains_client_uses_a_panel_as_a_model(serve: Serve, streaming: bool) -> None:
    running = serve()
    http_client = openai.DefaultHttpxClient(trust_env=False)
    with http_client:
        chat = ChatOpenAI(
            model="panel",
            base_url=running.url,
            api_key="none",
            max_retries=0,
            http_client=http_client,
            streaming=streaming,
        )
        assert chat.invoke("What is six times seven?").text == "42"


def test_a_panel_can_be_a_member_of_a_panel(serve: Serve) -> None:
    inner = {"model": "panel", "base_url": serve().url}
    with Panel([inner, *FAIR[:3]]) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.text, answer.proposer) == ("42", 0)


def test_a_conversation_reaches_the_panel_with_who_said_what(serve: Serve) -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Six?"}]},
        {"role": "assistant", "content": "6"},
        {"role": "user", "content": "Times seven?"},
    ]
    status, body, _ = serve().ask({"model": "panel", "messages": messages})
    assert status == 200
    assert body["bft"]["question"] == "system: Be brief.\n\nhuman: Six?\n\nai: 6\n\nhuman: Times seven?"


def test_no_quorum_is_an_error_and_no_answer(serve: Serve) -> None:
    running = serve(SPLIT)
    with client_of(running) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**question())
    assert raised.value.status_code == 503
    assert raised.value.code == "no_quorum"
    status, body, _ = running.ask(question())
    assert (status, body["bft"]["state"], body["bft"]["answer"]) == (503, "no_quorum", None)


def test_no_quorum_ends_a_stream_with_an_error(serve: Serve) -> None:
    running = serve(SPLIT)
    with client_of(running) as client:
        stream = client.chat.completions.create(**question(), stream=True)
        with pytest.raises(openai.APIError, match="no quorum: views exhausted"):
            list(stream)


def test_a_deadline_that_passed_is_a_gateway_timeout(serve: Serve) -> None:
    status, body, _ = serve(["fake:hang"] * 4, panel={"deadline_s": 0.3}).ask(question())
    assert (status, body["error"]["code"]) == (504, "deadline_exceeded")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "the body must be JSON"),
        (b"[" * 100_000, 400, "the body must be JSON"),
        ([1], 400, "the body must be a JSON object"),
        ({"messages": []}, 400, "model: must be the name"),
        (question() | {"model": "gpt"}, 404, "model = 'gpt': does not exist; this service has 'panel'"),
        (question() | {"messages": []}, 400, "messages: must be a list of messages, not empty"),
        (question() | {"messages": [{"role": "wizard", "content": "x"}]}, 400, "messages[0].role: must be one of"),
        (question() | {"messages": [{"role": "user", "content": None}]}, 400, "messages[0].content: must be text"),
        (question() | {"messages": [{"role": "system", "content": "x"}]}, 400, "messages: must hold one of a user"),
        (question() | {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "messages[0].content"),
        (question(" \n "), 400, "question = '': must not be empty"),
        (question(tools=[{"type": "function"}]), 400, "tools: is not something that a panel does"),
        (question(n=2), 400, "n: is not something that a panel does"),
        (question(response_format={"type": "json_object"}), 400, "response_format: is not something"),
        (question(stop=["x"]), 400, "stop: is not something that a panel does"),
        (question(frobnicate=1), 400, "frobnicate: is not known"),
        (question(stream="yes"), 400, "stream: must be true or false"),
    ],
)
def test_what_cannot_be_done_is_refused_in_openais_form(body: Any, status: int, message: str, serve: Serve) -> None:
    got, told, _ = serve().ask(body)
    assert (got, set(told["error"])) == (status, {"message", "type", "param", "code"})
    assert told["error"]["message"].startswith(message)


def test_a_stranger_path_a_wrong_method_and_another_content_type_are_refused(serve: Serve) -> None:
    running = serve()
    assert running.send("GET", "/v2")[0] == 404
    assert running.send("GET", "/v1/models/gpt")[1]["error"]["code"] == "model_not_found"
    assert running.send("GET", "/v1/models/panel")[1]["id"] == "panel"
    assert running.send("GET", "/v1/chat/completions")[0] == 405
    assert running.ask(question(), content_type="text/plain")[0] == 400


def test_a_body_that_is_too_long_is_refused(serve: Serve) -> None:
    running = serve(max_body_bytes=1000)
    assert running.ask(question("x" * 1000))[0] == 413
    assert running.ask(question("x" * 100))[0] == 200


def test_the_key_is_asked_for(serve: Serve) -> None:
    running = serve(api_key=KEY)
    assert running.ask(question())[0] == 401
    assert running.ask(question(), authorization=f"Bearer {KEY}x")[0] == 401
    assert running.ask(question(), authorization=f"Basic {KEY}")[0] == 401
    assert running.ask(question(), authorization="Bearer \xe9\xe8")[0] == 401
    assert running.ask(question(), authorization=f"Bearer {KEY}")[0] == 200
    assert running.send("GET", "/health")[1]["status"] == "ok"  # says nothing that matters
    with client_of(running, "wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_without_a_key_only_names_of_this_machine_are_answered(serve: Serve) -> None:
    running = serve()
    assert running.ask(question(), host="panel.example:80")[0] == 403
    assert running.ask(question(), host="localhost")[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "panel.example", ""])
def test_it_does_not_start_without_a_key_where_others_can_reach_it(host: str) -> None:
    with pytest.raises(ScenarioError, match="an API key is needed"):
        ServiceSettings(host=host)
    assert ServiceSettings(host=host, api_key=KEY).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


def test_too_many_questions_are_told_when_to_come_back(serve: Serve, endpoint: Any, reply: Any) -> None:
    endpoint.script["hanging"] = lambda *_: reply(hang=True)
    running = serve(
        [endpoint.member("hanging", name=str(node)) for node in range(4)], panel={"deadline_s": 60.0}, max_questions=1
    )
    first, _ = asking(running)
    assert endpoint.wait_until(lambda: endpoint.of("hanging"))
    status, body, headers = running.ask(question())
    assert (status, body["error"]["type"]) == (429, "rate_limit_error")
    # The one question has 60 s in all, and no more than what was waited here of them has passed.
    assert 60 - WAIT_S <= int(headers["retry-after"]) <= 60
    endpoint.stop()
    first.join(WAIT_S)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_client_that_leaves_ends_its_question(
    serve: Serve,
    endpoint: Any,
    reply: Any,
    streaming: bool,
) -> None:
    endpoint.script["hanging"] = lambda *_: reply(hang=True)
    running = serve([endpoint.member("hanging", name=str(node)) for node in range(4)])
    connection = http.client.HTTPConnection(running.url.removeprefix("http://").removesuffix("/v1"), timeout=WAIT_S)
    body = json.dumps(question(stream=streaming))
    connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
    assert endpoint.wait_until(lambda: endpoint.of("hanging"))
    connection.close()
    assert endpoint.wait_until(lambda: all(asked.disconnected for asked in endpoint.of("hanging")))
    assert endpoint.wait_until(lambda: running.send("GET", "/health")[1]["questions"] == 0)


def test_stopping_ends_what_was_begun(
    serve: Serve,
    endpoint: Any,
    reply: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bft.live.service.GRACEFUL_S", 0.2)
    endpoint.script["hanging"] = lambda *_: reply(hang=True)
    running = serve([endpoint.member("hanging", name=str(node)) for node in range(4)])
    first, got = asking(running)
    assert endpoint.wait_until(lambda: endpoint.of("hanging"))
    running.stop()
    first.join(WAIT_S)
    assert got == [503]
    assert endpoint.wait_until(lambda: all(asked.disconnected for asked in endpoint.of("hanging")))


@pytest.mark.parametrize("host", ["LOCALHOST", "localhost.:80", "[::1]", "[::1]:8000", "127.0.0.2:1"])
def test_names_of_this_machine_are_known_however_they_are_written(host: str, serve: Serve) -> None:
    assert serve().send("GET", "/v1/models", host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "[::2]:8000", "localhost.evil.example", "[::1].evil.example", ""])
def test_other_names_are_refused_without_a_key(host: str, serve: Serve) -> None:
    assert serve().send("GET", "/v1/models", host=host)[0] == 403


def test_half_a_surrogate_pair_is_told_back_in_ascii(serve: Serve) -> None:
    body = b'{"model":"panel","messages":[{"role":"user","content":"a"}],"\\ud800":1}'
    status, told, _ = serve().ask(body)
    assert (status, told["error"]["code"]) == (400, "unknown_parameter")
