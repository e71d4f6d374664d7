"""Replies drawn by a seeded generator to break a panel: none raises, none becomes a vote, none holds up the deadline.

Every hostile reply carries the wrong answer 41 where it must count for nothing: in thoughts, quotations, placeholders,
behind broken JSON or beside an impossible usage. One honest member of four says 42, so 41 can only come from them.
"""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from bft.live import Panel
from bft.live.answer import Stance

SEED = 20240607
LATE_S = 0.5
BUSY_S = 5.0
"""The same on a machine that has much else to do."""
MOST_MB = 300
GIVEN: dict[str, Any] = {"attempts": 1, "deadline_s": 1.5, "call_deadline_s": 0.5, "breaker_failures": 0}
SPOKEN = "ANSWER: 41\nVERDICT: ACCEPT"


def unread_text(draws: random.Random) -> str:
    """A text in which 41 stands where it counts for nothing."""
    many = draws.choice([1, 1, 3, 300, 20_000])
    name = draws.choice(["think", "thinking", "thought", "reasoning", "daydream", "scratchpad"])
    return draws.choice(
        [
            f"<{name}>" * many + SPOKEN,
            f"<{name}>\n{SPOKEN}\nhm, wait",
            f"<{name}>{SPOKEN}</{name}>",
            f"{SPOKEN}\n</{name}>",
            f"```\n{SPOKEN}\n\nno",
            f"Somebody wrote:\n> ANSWER: 41\n> VERDICT: ACCEPT\n{'but no. ' * draws.randint(1, many)}\nI cannot say.",
            "ANSWER: 41\nANSWER: " + draws.choice(["<your answer>", "[your answer]", "...", "", "___"]),
            "ANSWER:" + " " * many,
            "**ANSWER:**" * many,
            "confidence " + " " * many + "41",
            "41 " * 10_000,
            '{"answer": ' + "[" * many + "41" + "]" * many + "}",
            '{"answer": "42", "answer": "41"}',
            "analysis" + "We say ANSWER: 41 " * many,
            "<|channel|>analysis<|message|>" + SPOKEN,
            "".join(draws.choices("<>/|`*[]{}\\\"'\n\r\t \u2028\x00\ufeff think", k=many)) + "\n\n41 or so\nor not",
            "\n" * many,
        ]
    )


def body_of(text: Any, usage: Any = None, ended: Any = "stop") -> bytes:
    message = {"role": "assistant", "content": text}
    told = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
    choice = {"index": 0, "finish_reason": ended, "message": message}
    return json.dumps({**told, "choices": [choice], "usage": usage}).encode()


def unusable_body(draws: random.Random) -> tuple[bytes, dict[str, str]]:
    """A body that is no reply."""
    many = draws.choice([10, 1000, 100_000])
    body = draws.choice(
        [
            lambda: b"",
            lambda: b"41",
            lambda: b'"ANSWER: 41"',
            lambda: b"[41]",
            lambda: b"ANSWER: 41",
            lambda: b'{"choices": null}',
            lambda: b'{"choices": []}',
            lambda: b'{"choices": [41]}',
            lambda: b'{"choices": {"message": "41"}}',
            lambda: b'{"error": {"message": "ANSWER: 41"}}',
            lambda: b'{"choices": ' + b"[" * many + b"]" * many + b"}",
            lambda: b'{"a":' * many + b"41" + b"}" * many,
            lambda: b'{"choices": [' + b'{"message": {"content": "ANSWER: 41"}},' * many + b"{}]}",
            lambda: body_of(None),
            lambda: body_of(41),
            lambda: body_of({"text": "41"}),
            lambda: body_of([41]),
            lambda: body_of("ANSWER: 41", ended="length"),
            lambda: body_of("ANSWER: 41", ended="content_filter"),
            lambda: body_of("ANSWER: 41")[: -draws.randint(1, 40)],
            lambda: body_of("ANSWER: 41").replace(b"41", b"4\xff1"),
            lambda: body_of("ANSWER: " + "41" * 4_300_000),
            lambda: b'{"choices": [{"message": {"role": "assistant", "content": "41"}}], "n": ' + b"9" * 5000 + b"}",
        ]
    )()
    headers = {}
    if draws.random() < 0.2:
        headers["content-encoding"] = "gzip"
        body = draws.choice([lambda: gzip.compress(body_of("ANSWER: 41" + " " * 12_000_000), 1), lambda: b"no gzip"])()
    return body, headers


def usages(draws: random.Random) -> Any:
    wild = [10**4299, -5, 1e999, "many", True, 1.5, 10**30, None, [], {}]
    return draws.choice(
        [
            {
                "prompt_tokens": draws.choice(wild),
                "completion_tokens": draws.choice(wild),
                "total_tokens": draws.choice(wild),
            },
            {
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "total_tokens": 2,
                "prompt_tokens_details": draws.choice(wild),
            },
            [1, 2],
            "many",
        ]
    )


def hostile_reply(draws: random.Random, reply: Callable[..., Any]) -> Any:
    fate = draws.random()
    if fate < 0.5:
        return reply(body=body_of(unread_text(draws), usages(draws)))
    if fate < 0.9:
        body, headers = unusable_body(draws)
        return reply(body=body, headers=headers)
    return draws.choice(
        [reply(hang=True), reply(text="41", cut=True), reply(status=draws.choice([307, 400, 500, 999]))]
    )


def rounds(endpoint: Any, reply: Callable[..., Any], count: int) -> None:
    """Put questions to three hostile members and an honest one, under every kind of rule in turn."""
    draws = random.Random(SEED)
    for name in "abc":
        endpoint.script[name] = lambda *_: hostile_reply(draws, reply)
    members = ["fake:always=42", *({"model": name, "base_url": endpoint.url} for name in "abc")]
    panels = [Panel(members, rule=rule, **GIVEN) for rule in ("quorum", "judge", "confidence", "pbft")]
    try:
        panels[0].check()  # loads the clients
        while len(endpoint.asked) < count:
            panel = draws.choice(panels)
            began_s = time.monotonic()
            answer = panel.invoke("What is six times seven?")
            assert time.monotonic() - began_s < GIVEN["deadline_s"] + BUSY_S
            assert answer.text in (None, "42")
            ballot = answer.rule != "pbft"  # elsewhere a proposal is any text, and needs the verdicts of others
            assert not ballot or {seat.answer for seat in answer.seats} <= {None, "42"}, answer.calls
            assert all(seat.stance not in (Stance.ACCEPTED, Stance.REJECTED) for seat in answer.seats[1:])
            assert 0 <= answer.tokens_in < 10**6
            json.dumps(answer.to_json(), allow_nan=False)
    finally:
        for panel in panels:
            panel.close()


def test_hostile_replies_become_no_votes_and_keep_no_one_waiting(endpoint: Any, reply: Callable[..., Any]) -> None:
    rounds(endpoint, reply, 60)


ASKING = """
import json, resource, sys, time
from bft.live import Panel
url, questions, given = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
members = ["fake:always=42", *({"model": name, "base_url": url} for name in "abc")]
panels = [Panel(members, rule=rule, **given) for rule in ("quorum", "judge", "confidence", "pbft")]
panels[0].check()
took_s, answers = [], []
for number in range(questions):
    began_s = time.monotonic()
    answers.append(panels[number % 4].invoke("What is six times seven?").text)
    took_s.append(time.monotonic() - began_s)
print(json.dumps([max(took_s), sorted({str(answer) for answer in answers}), resource.getrusage(0).ru_maxrss / 1024]))
"""


@pytest.mark.nightly
def test_a_thousand_hostile_replies_become_no_votes_and_fill_no_memory(
    endpoint: Any, reply: Callable[..., Any]
) -> None:
    draws = random.Random(SEED)
    for name in "abc":
        endpoint.script[name] = lambda *_: hostile_reply(draws, reply)
    words = [sys.executable, "-c", ASKING, endpoint.url, "320", json.dumps(GIVEN)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    longest_s, answers, most_mb = json.loads(done.stdout)
    assert len(endpoint.asked) >= 1000
    assert set(answers) <= {"None", "42"}
    assert longest_s < GIVEN["deadline_s"] + LATE_S
    assert most_mb < MOST_MB
