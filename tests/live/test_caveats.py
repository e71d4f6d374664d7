"""A rule by which a minority of the seats may decide, and f = 0, are told at the start and with every answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bft.cli import main
from bft.live import Panel
from bft.live.answer import State
from bft.live.caveats import caveats, fewest_seats
from bft.live.rule_settings import read_rule, system_of

NO_FAULT = "f = 0: no faulty member is tolerated"
LOG_ODDS = {"kind": "log_odds", "accuracy": [0.9, 0.6, 0.6, 0.6]}


@pytest.mark.parametrize(
    ("rule", "n", "given", "fewest", "told"),
    [
        ("pbft", 4, {}, 3, []),
        ("quorum", 7, {}, 5, []),
        ("judge", 4, {}, 3, []),
        ("pbft", 3, {}, 2, [NO_FAULT]),
        ("quorum", 4, {"f": 0}, 3, [NO_FAULT]),
        ("quorum", 4, {"quorum": 2}, 2, ["2 of 4 seats may decide: a minority"]),
        ("judge", 4, {"quorum": 1}, 1, ["1 of 4 seats may decide: a minority"]),
        ("quorum", 5, {"quorum": 3}, 3, []),
        ("quorum", 4, {"stakes": (6.0, 1.0, 1.0, 1.0), "f": 2}, 1, ["1 of 4 seats may decide: a minority"]),
        ("plurality", 4, {}, 1, ["1 of 4 seats may decide if the others fail or scatter: a minority"]),
        ("stake", 4, {"stakes": (4.0, 1.0, 1.0, 1.0)}, 1, ["1 of 4 seats may decide if"]),
        ("confidence", 3, {}, 1, ["1 of 3 seats may decide if"]),
        (LOG_ODDS, 4, {}, 1, ["1 of 4 seats may decide if"]),
    ],
)
def test_what_a_rule_does_not_promise_is_told(
    rule: Any, n: int, given: dict[str, Any], fewest: int, told: list[str]
) -> None:
    read = read_rule(rule)
    system = system_of(read, n, **{"f": None, "quorum": None, "stakes": None, "views": None, **given})
    assert fewest_seats(read, system) == fewest
    found = caveats(read, system)
    assert len(found) == len(told)
    assert all(words in sentence for words, sentence in zip(told, found, strict=True))


def test_an_answer_of_a_minority_is_degraded_and_says_so() -> None:
    members = ["fake:always=41", "fake:always=41", "fake:always=42", "fake:always=43", "fake:always=44"]
    with Panel(members, rule="plurality", deadline_s=20.0, grace_s=5.0) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.text, answer.state) == ("41", State.DEGRADED)
    assert answer.caveats == panel.settings.caveats
    assert answer.to_json()["caveats"] == ["1 of 5 seats may decide if the others fail or scatter: a minority"]


def test_a_majority_of_a_panel_without_caveats_is_decided() -> None:
    with Panel(["fake:always=42"] * 4, deadline_s=20.0) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.state, answer.caveats) == (State.DECIDED, ())


def test_the_command_tells_it_at_the_start_and_beside_the_state(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["panel", "What is 6 · 7?", "--models", "fake:always=42,fake:always=42,fake:always=42"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith(f"bft: warning: {NO_FAULT}")
    assert out.splitlines()[1].strip().startswith(NO_FAULT)
    assert main(["panel", "What is 6 · 7?", "--models", "fake:always=42", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["caveats"][0].startswith(NO_FAULT)
