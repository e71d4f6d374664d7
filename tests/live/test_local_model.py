"""The local model: a panel of real replies, asserted on structure and certificates, never on the model's wit.

Those that need the model are skipped where it is not installed; `make real` installs it and lets none be skipped.
"""

from __future__ import annotations

import json
import os
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bft.live import Certificate, Panel
from bft.live.answer import Stance
from bft.live.local.model import model_file
from bft.live.local.process import SHARED, LocalServer

HERE = find_spec("xllamacpp") is not None
try:
    model_file(fetch=False)
except Exception:
    HERE = False
needs_model = pytest.mark.skipif(
    not HERE and not os.environ.get("BFT_REQUIRE_LOCAL"), reason="the local model is not installed: make real"
)
Q = "What is 4 + 5?"
SHORT = {"options": {"max_tokens": 24, "temperature": 0.0}}
PATIENT = {"deadline_s": 3000.0, "call_deadline_s": 1000.0, "attempts": 1}
"""A processor that others use as well may write less than a token a second."""


@pytest.fixture(scope="module")
def served() -> Any:
    url = SHARED.use()
    yield url
    SHARED.leave()


@needs_model
@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("rule", ["quorum", "judge", "pbft"])
def test_a_panel_of_local_models_decides_or_says_why_not_and_proves_it(rule: str, tmp_path: Path) -> None:
    record = tmp_path / "said.jsonl"
    members = [{"model": "local", "name": f"m{node}", **SHORT} for node in range(4)]
    with Panel(members, rule=rule, grace_s=1000.0, record=record, finish=True, **PATIENT) as panel:
        answer = panel.invoke(Q)
        assert (answer.text is None) == (answer.certificate is None) == bool(answer.why)
        if answer.certificate is not None:
            assert answer.certificate.verify(panel.public_keys)
            assert Certificate.from_json(answer.certificate.to_json()).verify(panel.public_keys)
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    calls = [row for row in rows if row["record"] == "call" and row["failure"] is None]
    assert calls
    assert {call["model"] for call in calls} <= {f"m{node}" for node in range(4)}
    assert all(attempt["tokens_out"] > 0 for call in calls for attempt in call["attempts"])
    judged = [call for call in calls if call["role"] == "judge"]
    assert all(call["form"] == "grammar" and call["verdict"] for call in judged), "a grammar leaves nothing unreadable"
    if rule == "pbft":
        assert {call["role"] for call in calls} == {"answer", "judge"}
    else:
        polled = [call for call in calls if call["role"] == "answer"]
        assert len(polled) == 4
        assert all(call["form"] == "grammar" and call["text"].startswith("ANSWER: ") for call in polled)


@needs_model
@pytest.mark.usefixtures("served")
def test_at_temperature_0_a_reproducible_panel_hears_the_same_again() -> None:
    texts = []
    for _ in range(2):
        with Panel([{"model": "local", **SHORT}] * 1, rule="plurality", reproducible=True, **PATIENT) as panel:
            texts.append([call.text for call in panel.invoke(Q).calls])
    assert texts[0] == texts[1] != [None]


@needs_model
@pytest.mark.usefixtures("served")
def test_a_schema_is_obeyed() -> None:
    roles = {"poll": {"forms": "schema", "reasoning": False, "choices": ["9", "11"]}}
    with Panel([{"model": "local", "roles": roles, **SHORT}], rule="plurality", **PATIENT) as panel:
        (call,) = panel.invoke(Q).calls
    assert (call.form, call.read_by) == ("schema", "a JSON object")
    assert call.answer in ("9", "11")


@needs_model
def test_the_server_listens_on_loopback_alone_and_ends_with_its_owner() -> None:
    server = LocalServer(model_file(), slots=1, context=256, threads=1)
    where = urlsplit(server.url)
    assert where.hostname == "127.0.0.1"
    assert where.port is not None
    with socket.create_connection(("127.0.0.1", where.port), timeout=10):
        pass
    server.stop()
    assert not server.alive
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", where.port), timeout=10)


@needs_model
@pytest.mark.usefixtures("served")
def test_an_unreadable_reply_of_a_real_model_is_told_and_is_nobodys_vote() -> None:
    roles = {"check": {"forms": "text"}}
    members = [{"model": "local", "name": f"m{node}", "roles": roles, **SHORT} for node in range(4)]
    with Panel(members, grace_s=1000.0, views=1, **PATIENT) as panel:
        answer = panel.invoke("Can pigs fly? Answer yes or no.")
    unread = [seat for seat in answer.seats if seat.stance is Stance.UNPARSEABLE]
    assert bool(unread) == (answer.unreadable is not None)
