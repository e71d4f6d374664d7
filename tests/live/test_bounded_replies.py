"""What endpoints send is bounded where it arrives, and what they report of themselves never costs a reply."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from bft.live import Panel
from bft.live.answer import State
from bft.live.calls import MOST_TOKENS, tokens
from bft.live.transport import BODY_BYTES, JSON_CHOICES, JSON_VALUES, UnusableReplyError, checked


def body(content: str = "ANSWER: 42", **more: Any) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    told = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps({**told, **more}).encode()


def first_seat(endpoint: Any, reply: Callable[..., Any], sent: bytes, **headers: str) -> Any:
    endpoint.script["m"] = lambda *_: reply(
        body=sent, headers={name.replace("_", "-"): told for name, told in headers.items()}
    )
    members = [{"model": "m", "base_url": endpoint.url, "price_in": 1.0, "price_out": 1.0}, *["fake:always=42"] * 3]
    with Panel(members, rule="quorum", deadline_s=20.0, grace_s=10.0, attempts=1) as panel:
        answer = panel.invoke("What is six times seven?")
    assert answer.text == "42"
    return answer, answer.seats[0], next(call for call in answer.calls if call.node == 0)


@pytest.mark.parametrize("encoding", [None, "gzip", "deflate"])
def test_a_body_beyond_the_bound_is_an_unusable_reply_and_one_within_is_read(
    endpoint: Any, reply: Callable[..., Any], encoding: str | None
) -> None:
    pack = {None: bytes, "gzip": gzip.compress, "deflate": zlib.compress}[encoding]
    headers = {} if encoding is None else {"content_encoding": encoding}
    _, seat, call = first_seat(endpoint, reply, pack(body() + b" " * BODY_BYTES), **headers)
    assert (seat.stance.value, seat.reason) == ("failed", "empty")
    assert "8388608 bytes" in call.detail
    _, seat, _ = first_seat(endpoint, reply, pack(body() + b" " * 1_000_000), **headers)
    assert (seat.stance.value, seat.reason) == ("agreed", "")


def test_a_body_that_is_packed_a_thousandfold_is_not_unpacked_whole(endpoint: Any, reply: Callable[..., Any]) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * 2**20) for _ in range(64)) + packer.flush()
    began_s = time.process_time()
    _, seat, _ = first_seat(endpoint, reply, bomb, content_encoding="gzip")
    assert (seat.stance.value, seat.reason) == ("failed", "empty")
    assert time.process_time() - began_s < 2.0


@pytest.mark.parametrize(
    "sent",
    [
        b'{"choices": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        b"[" * 900 + b"]" * 900,
    ],
)
def test_json_that_nests_deeply_is_an_unusable_reply(endpoint: Any, reply: Callable[..., Any], sent: bytes) -> None:
    _, seat, call = first_seat(endpoint, reply, sent)
    assert (seat.stance.value, seat.reason) == ("failed", "empty")
    assert "an unusable reply" in call.detail


def test_json_of_more_values_than_a_reply_has_is_refused_before_objects_are_made_of_it() -> None:
    for sent in (
        b"[" + b"1," * 2 * JSON_VALUES + b"1]",
        body(choices=[{}] * (JSON_CHOICES + 1)),
        b"[" * 10_000 + b"]" * 10_000,
        b'""' * 3 * JSON_VALUES,
    ):
        with pytest.raises(UnusableReplyError):
            checked(sent)
    long = body("ANSWER: 42" + ", [{" * JSON_VALUES)
    assert checked(long) is long, "what stands in a text counts once"


WILD = [-5, 10**30, 10**4299, "12", "many", True, 1.5, 1e999, float("nan"), [], {}]


@pytest.mark.parametrize("wild", WILD, ids=lambda wild: f"{type(wild).__name__} {len(str(wild))} {str(wild)[:4]}")
def test_a_usage_that_cannot_be_meant_is_unknown_and_does_not_cost_the_reply(
    endpoint: Any, reply: Callable[..., Any], wild: Any
) -> None:
    for usage in (wild, {"prompt_tokens": wild, "completion_tokens": 7, "total_tokens": 8}):
        answer, seat, call = first_seat(endpoint, reply, body(usage=usage))
        assert seat.stance.value == "agreed"
        assert (call.attempts[0].tokens_in, call.attempts[0].tokens_out, call.attempts[0].cost) == (0, 0, None)
        json.dumps(answer.to_json(), allow_nan=False)


def test_a_usage_of_five_thousand_digits_does_not_cost_the_reply_either() -> None:
    sent = body(usage={"prompt_tokens": 1}).replace(b'"prompt_tokens": 1', b'"prompt_tokens": ' + b"9" * 5000)
    assert json.loads(checked(sent))["choices"][0]["message"]["content"] == "ANSWER: 42"


@pytest.mark.parametrize(
    ("told", "read"), [(0, 0), (12, 12), (12.0, 12), (MOST_TOKENS, MOST_TOKENS), (MOST_TOKENS + 1, None)]
)
def test_plausible_numbers_of_tokens_are_believed(told: object, read: int | None) -> None:
    assert tokens(told) == read


def test_a_redirect_is_not_followed_and_reaches_the_stand_in(endpoint: Any, reply: Callable[..., Any]) -> None:
    endpoint.script["moved"] = lambda *_: reply(status=307, headers={"location": f"{endpoint.url}/chat/completions"})
    endpoint.script["second"] = lambda *_: reply(text="ANSWER: 42")
    moved = {"model": "moved", "base_url": endpoint.url, "fallbacks": [{"model": "second", "base_url": endpoint.url}]}
    with Panel([moved, *["fake:always=42"] * 3], rule="quorum", deadline_s=20.0, grace_s=10.0) as panel:
        seat = panel.invoke("What is six times seven?").seats[0]
    assert (seat.stance.value, seat.model, seat.as_stated) == ("agreed", "second", False)
    assert len(endpoint.of("moved")) == 1


@pytest.mark.parametrize(
    ("status", "asked"), [(400, False), (422, False), (401, True), (403, True), (404, True), (413, True)]
)
def test_what_concerns_one_endpoint_reaches_its_stand_in(
    endpoint: Any, reply: Callable[..., Any], status: int, asked: bool
) -> None:
    endpoint.script["first"] = lambda *_: reply(status=status, text="no")
    endpoint.script["second"] = lambda *_: reply(text="ANSWER: 42")
    first = {"model": "first", "base_url": endpoint.url, "fallbacks": [{"model": "second", "base_url": endpoint.url}]}
    with Panel([first, *["fake:always=42"] * 3], rule="quorum", deadline_s=20.0, grace_s=10.0) as panel:
        seat = panel.invoke("What is six times seven?").seats[0]
    assert bool(endpoint.of("second")) is asked
    assert (seat.stance.value, seat.reason) == (("agreed", "") if asked else ("failed", f"status {status}"))


def test_a_reply_that_nobody_can_read_is_asked_for_again_although_there_is_a_cache(
    endpoint: Any, reply: Callable[..., Any]
) -> None:
    endpoint.script["m"] = lambda nth, _: reply(text="ANSWER: 42" if nth else "I am not\nsure yet.")
    members = [{"model": "m", "base_url": endpoint.url}, *["fake:always=42"] * 3]
    with Panel(members, rule="quorum", deadline_s=20.0, grace_s=10.0, cache_ttl_s=600.0) as panel:
        seats = [panel.invoke("What is six times seven?").seats[0] for _ in range(3)]
    assert [seat.stance.value for seat in seats] == ["unparseable", "agreed", "agreed"]
    assert len(endpoint.of("m")) == 2


@pytest.mark.parametrize("given", [{}, {"call_deadline_s": 30.0}, {"call_deadline_s": 0.9}])
def test_one_hanging_proposer_of_four_leaves_time_for_the_next_and_its_breaker_learns(given: dict[str, Any]) -> None:
    with Panel(["fake:hang", *["fake:always=42"] * 3], deadline_s=1.6, breaker_failures=2, **given) as panel:
        answers = [panel.invoke("What is six times seven?") for _ in range(3)]
    assert [answer.text for answer in answers] == ["42"] * 3
    assert answers[2].seats[0].reason == "breaker open"
    assert answers[2].latency_s < 0.5


@pytest.mark.parametrize("rule", ["pbft", "quorum", "judge"])
def test_the_breaker_learns_from_calls_that_the_deadline_cut_off(rule: str) -> None:
    given = {"views": 1} if rule == "pbft" else {}
    with Panel(
        ["fake:hang"] * 4, rule=rule, deadline_s=0.5, call_deadline_s=90.0, breaker_failures=1, **given
    ) as panel:
        first, second = (panel.invoke("What is six times seven?") for _ in range(2))
    assert first.state is second.state is State.NO_QUORUM
    assert second.seats[0].reason == "breaker open"


def test_the_breaker_learns_nothing_from_calls_that_were_not_needed() -> None:
    with Panel(["fake:hang", *["fake:always=42"] * 3], rule="quorum", deadline_s=20.0, breaker_failures=1) as panel:
        answers = [panel.invoke("What is six times seven?") for _ in range(3)]
    assert [answer.seats[0].stance.value for answer in answers] == ["late"] * 3
