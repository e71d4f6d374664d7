"""Keys where they do not belong, and echoes of keys: no message shows one, no callback of LangChain hears one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_openai import ChatOpenAI

from bft.cli import main
from bft.errors import BftError
from bft.live import Panel
from bft.live.secrecy import secrets_in, secrets_of, secrets_sent
from bft.shown_values import shown

SECRET = "Tq7SecretValue0123456789"
FAIR = "fake:always=42,fake:always=42,fake:always=42,fake:yes=41"
MEMBER = '[[members]]\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n'


@pytest.mark.parametrize(
    "words",
    [
        ["panel", "?", "--models", FAIR, "--api-key", SECRET],
        ["panel", "?", "--models", FAIR, f"--token={SECRET}"],
        ["panel", "?", SECRET],
        ["panel", "?", "--models", f"openai:gpt-4o:{SECRET}"],
        ["serve", "--models", FAIR, "--api-key", SECRET],
        ["serve", "--models", FAIR, "--api-key-env", SECRET],
        ["run", "--set", f'validators={{api_key="{SECRET}"}}'],
        ["run", "--set", f'members=[{{api_key="{SECRET}"}}]'],
    ],
)
def test_a_command_line_with_a_key_in_it_is_refused_without_it(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert main(words) == 2
    told = capsys.readouterr()
    assert "error:" in told.err
    assert SECRET not in told.err + told.out


@pytest.mark.parametrize(
    "text",
    [
        *(f'{MEMBER}{name} = "a-{SECRET}"' for name in ("apikeys", "accesstoken", "pass", "bearer", "whatever", "pw")),
        f'{MEMBER}api_keys = ["{SECRET}"]',
        f"{MEMBER}api_key = 1234567890123",
        f'{MEMBER}option = {{ api_key = "{SECRET}" }}',
        f'{MEMBER}extra = {{ inner = [{{ token = "{SECRET}" }}] }}',
        f'{MEMBER}fallbacks = "a-{SECRET}"',
        f'{MEMBER}fallbacks = {{ api_key = "{SECRET}" }}',
        f'[members]\napi_key = "{SECRET}"',
        f'[[members]]\nmodel = {{ api_key = "{SECRET}" }}',
        f'[[members]]\nmodel = "m"\nbase_url = "me:{SECRET}@host/v1"',
        f'[[members]]\nmodel = "m"\nbase_url = "http://me:a/{SECRET}@host:x/v1"',
        f'[[members]]\nmodel = "m"\nbase_url = "host/v1?code={SECRET}"',
    ],
)
def test_a_panel_described_with_a_key_in_it_is_refused_without_it(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "panel.toml").write_text(text)
    assert main(["panel", "?", "--panel", str(tmp_path / "panel.toml")]) == 2
    told = capsys.readouterr().err
    assert SECRET not in told
    assert "1234567890123" not in told


def test_what_is_no_secret_is_shown() -> None:
    assert shown("faults.delta", 1.4) == "1.4"
    assert shown("model", "gpt-4o-mini-2024-07-18") == "'gpt-4o-mini-2024-07-18'"
    assert shown("file", "out/answers_2024_07.csv") == "'out/answers_2024_07.csv'"
    assert shown("api_key_env", "OPENAI_API_KEY") == "'OPENAI_API_KEY'"
    assert shown("protcol", "ballot", known=False) == "'ballot'"
    assert shown("n_options", "1") == "'1'"
    assert shown("models", ["a", "b"]) == "['a', 'b']"
    assert shown("delta", {"from": 0, "to": (1,)}) == "{'from': 0, 'to': (1,)}"
    assert len(shown("models", ["a"] * 10**6)) < 200


def test_a_word_that_no_option_takes_says_which_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--replicaton", "3"]) == 2
    assert "--replicaton; did you mean --replication?" in capsys.readouterr().err


def test_headers_and_addresses_of_model_objects_are_known_secrets() -> None:
    headers = {"X-Team": "team-header-5555", "Authorization": "Token of-the-team-77"}
    chat = ChatOpenAI(
        model="m",
        api_key="the-key-itself",
        base_url="http://me:word-of-it@h/v1",
        default_headers=headers,
        max_retries=0,
    )
    assert {"the-key-itself", "team-header-5555", "of-the-team-77", "word-of-it"} <= set(secrets_in(chat))
    asked = secrets_of({"extra": {"proxy": "http://me:word-of-it@proxy"}}, "http://h/v1?api-key=in-the-query")
    assert {"word-of-it", "in-the-query"} <= set(asked)
    sent = secrets_sent([("authorization", "Basic bWU6d29yZC1vZi1pdA=="), ("x-stainless-lang", "python")], "http://h")
    assert {"word-of-it", "bWU6d29yZC1vZi1pdA=="} <= set(sent)
    assert "python" not in sent


class Listening(BaseCallbackHandler):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_llm_end(self, response: Any, **_: Any) -> None:
        self.heard.append(repr(response))

    def on_llm_error(self, error: BaseException, **_: Any) -> None:
        self.heard.append(repr(error) + str(getattr(error, "body", "")))


def test_callbacks_never_hear_an_echo_of_a_key(endpoint: Any, reply: Any) -> None:
    key = "sk-test-0123456789abcdef-do-not-tell"
    endpoint.script |= {
        "says": lambda *_: reply(text=f"ANSWER: {key}"),
        "fails": lambda *_: reply(status=401, headers={"x-key": key}, body=f'{{"error": "{key}"}}'.encode()),
    }
    listening = Listening()
    told = ""
    for name in ("says", "fails"):  # a panel of one each: nobody's answer cuts the other's call short
        with Panel([endpoint.member(name)], rule="quorum", attempts=1) as panel:
            told += repr(panel.invoke("?", {"callbacks": [listening]}))
    assert len(listening.heard) == 2
    assert all("[redacted]" in each for each in listening.heard)
    assert key not in "".join(listening.heard) + told


def test_a_message_names_no_key_of_a_member() -> None:
    with pytest.raises(BftError) as refused:
        Panel(["fake:yes=1"], api_key=SECRET)
    assert SECRET not in str(refused.value)
