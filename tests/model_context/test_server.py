"""The tools, asked by the official client: in this process, and as the command that a client starts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from mcp import Client, StdioServerParameters

from bft.live import Certificate, Panel
from bft.model_context import server as servers
from bft.model_context.server import MissingMcpError, server

T = TypeVar("T")
FAIR = ["fake:always=42"] * 3 + ["fake:yes=41"]


def with_client(made: Any, work: Callable[[Client], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Client(made, read_timeout_seconds=60) as client:
            return await work(client)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result()


def call(made: Any, name: str, given: dict[str, Any]) -> Any:
    return with_client(made, lambda client: client.call_tool(name, given))


def told(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content
    found: dict[str, Any] = json.loads(result.content[0].text)
    return found


def test_a_client_is_offered_a_panel_only_where_there_is_one() -> None:
    async def names(client: Client) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    assert with_client(server(), names) == ["check_tally", "design_panel"]
    with Panel(FAIR) as panel:
        assert with_client(server(panel), names) == ["ask_panel", "check_tally", "design_panel"]


def test_a_panel_answers_with_its_certificate() -> None:
    with Panel(FAIR) as panel:
        said = told(call(server(panel), "ask_panel", {"question": "What is six times seven?"}))
        assert (said["state"], said["answer"]) == ("decided", "42")
        assert Certificate.from_json(said["certificate"]).verify(panel.public_keys)
    values = ['fake:always={"city": "Oslo"}'] * 4
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    with Panel(values, rule="quorum") as panel:
        said = told(call(server(panel), "ask_panel", {"question": "Capital?", "schema": schema}))
        assert json.loads(said["answer"]) == {"city": "Oslo"}


def test_a_panel_without_a_quorum_says_why_and_has_no_answer() -> None:
    with Panel([f"fake:always={n}" for n in range(4)], rule="quorum") as panel:
        said = told(call(server(panel), "ask_panel", {"question": "?"}))
    assert (said["answer"], said["certificate"], said["why"]) == (None, None, "the votes decide nothing")


def test_a_tally_is_judged() -> None:
    said = told(call(server(), "check_tally", {"members": 5, "agreeing": 3, "failed": 1}))
    assert (said["safe"], said["quorum"]) == (False, 4)
    assert said["verdict"].startswith("Not safe: 3 of 5")


def test_a_panel_is_designed() -> None:
    said = told(call(server(), "design_panel", {"accuracies": [0.9, 0.85, 0.8, 0.8], "max_wrong": 0.2}))
    assert said["recommended"] is None or said["recommended"]["n"] <= 4
    assert said["reason"]
    assert "front" not in said


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("check_tally", {"members": 5, "agreeing": 6}, "agreeing = 6: must be at most 5"),
        ("design_panel", {"accuracies": [1.5]}, "accuracies"),
        ("check_tally", {"members": "many", "agreeing": 1}, "members"),
        ("ask_panel", {"question": "?"}, "ask_panel"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_the_server_goes_on(
    name: str, given: dict[str, Any], message: str
) -> None:
    async def twice(client: Client) -> tuple[str, dict[str, Any]]:
        try:
            refused = await client.call_tool(name, given)
            text = refused.content[0].text if refused.is_error else ""  # type: ignore[union-attr]
        except Exception as error:  # a tool that is not there is an error of the protocol
            text = str(error)
        return text, told(await client.call_tool("check_tally", {"members": 4, "agreeing": 3}))

    text, after = with_client(server(), twice)
    assert message in text
    assert "Traceback" not in text
    assert after["safe"]


def test_a_question_that_is_none_is_refused() -> None:
    with Panel(FAIR) as panel:
        refused = call(server(panel), "ask_panel", {"question": "  "})
    assert refused.is_error
    assert "must not be empty" in refused.content[0].text


def test_the_command_is_a_server_that_a_client_starts() -> None:
    words = ["-m", "bft", "mcp", "--models", ",".join(FAIR)]
    parameters = StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ))
    said = told(call(parameters, "ask_panel", {"question": "What is six times seven?"}))
    assert said["answer"] == "42"


def test_without_the_library_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(MissingMcpError, match=r"pip install 'bft-lab\[mcp\]'"):
        servers.server()
