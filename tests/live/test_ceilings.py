"""Ceilings: on what a question and a panel may spend, on requests at a time and a minute to an endpoint."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from bft.errors import ScenarioError
from bft.live import Panel, State
from bft.live.answer import Stance
from bft.live.gates import Gate, Spend
from bft.resilience.exchange import Course

Q = "What is six times seven?"
PRICED = {"price_in": 1000.0, "price_out": 1000.0}  # of a million tokens: a thousandth for each


def member(endpoint: Any, name: str, **more: Any) -> dict[str, Any]:
    return endpoint.member("m", name=name, options={"max_tokens": 10}, **more)


def test_what_would_cost_too_much_is_not_sent_and_the_member_abstains(endpoint: Any, saying: Any) -> None:
    endpoint.script["m"] = saying("fake:always=42")
    members = [member(endpoint, f"m{node}", **PRICED) for node in range(4)]
    # Each is estimated at some 80 characters a third of it in tokens, and 10 written; each costs 110 thousandths.
    with Panel(members, rule="plurality", max_cost=0.35) as panel:
        answer = panel.invoke(Q)
    failed = [seat for seat in answer.seats if seat.stance is Stance.FAILED]
    assert 1 <= len(failed) <= 3
    assert len(endpoint.asked) == 4 - len(failed)
    assert {seat.reason for seat in failed} == {"spend"}
    assert all(seat.detail.startswith("max_cost = 0.35 leaves nothing for it") for seat in failed)
    assert answer.state is State.DEGRADED
    assert answer.cost is not None
    assert answer.cost <= 0.35 + 0.11


def test_a_question_that_nobody_may_afford_says_so(endpoint: Any, saying: Any) -> None:
    endpoint.script["m"] = saying("fake:always=42")
    with Panel([member(endpoint, f"m{node}", **PRICED) for node in range(4)], rule="quorum", max_cost=0.0) as panel:
        answer = panel.invoke(Q)
    assert (answer.text, answer.why, endpoint.asked) == (None, "spend", [])


def test_a_panel_has_a_ceiling_for_all_its_questions(endpoint: Any, saying: Any) -> None:
    endpoint.script["m"] = saying("fake:always=42")
    with Panel([member(endpoint, "m", **PRICED)], rule="plurality", max_total_cost=0.4) as panel:
        answers = [panel.invoke(Q) for _ in range(6)]
    told = [answer.text for answer in answers]
    assert told[0] == "42"
    assert told[-1] is None
    assert answers[-1].seats[0].detail.startswith("max_total_cost = 0.4")
    assert 2 <= len(endpoint.asked) <= 4


def test_a_stand_in_that_costs_less_is_asked_where_the_first_is_too_dear(endpoint: Any, saying: Any) -> None:
    endpoint.script |= {"dear": saying("fake:always=42"), "cheap": saying("fake:always=42")}
    cheap = endpoint.member("cheap", price_in=0.0, price_out=0.0)
    dear = endpoint.member("dear", fallbacks=[cheap], **PRICED)
    with Panel([dear], rule="plurality", max_cost=0.01) as panel:
        answer = panel.invoke(Q)
    assert (answer.text, answer.seats[0].model) == ("42", "cheap")
    assert [asked.model for asked in endpoint.asked] == ["cheap"]


def test_spend_counts_what_is_under_way_and_gives_back_what_was_not_charged() -> None:
    total = Spend(1.0, name="max_total_cost")
    one, other = Spend(0.8, above=total), Spend(0.8, above=total)
    assert one.refused(0.6) == ""
    assert one.refused(0.3).startswith("max_cost = 0.8")
    assert other.refused(0.5).startswith("max_total_cost = 1")
    assert (one.reserved, other.reserved, total.reserved) == (0.6, 0.0, 0.6)
    one.settle(0.6, 0.1)
    assert (one.reserved, one.spent, total.spent) == (0.0, 0.1, 0.1)
    assert other.refused(0.7) == ""


def test_a_call_that_is_cut_off_counts_by_its_estimate(endpoint: Any, reply: Any) -> None:
    endpoint.script["m"] = lambda *_: reply(hang=True)
    with Panel([member(endpoint, "m", **PRICED)], rule="plurality", max_total_cost=10.0, deadline_s=0.4) as panel:
        panel.invoke(Q)
        spend = panel._run._spend
        assert spend.reserved == 0.0
        assert spend.spent > 0.01


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_cost": 1.0}, "max_cost = 1.0: needs price_in and price_out of every model"),
        ({"max_total_cost": 1.0}, "max_total_cost = 1.0: needs price_in"),
        ({"max_cost": -1.0}, "max_cost"),
    ],
)
def test_a_ceiling_without_prices_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Panel(["fake:always=42"], **settings)


def test_members_of_one_endpoint_share_its_places_across_questions(endpoint: Any, saying: Any) -> None:
    at_once, most, lock = [0], [0], threading.Lock()
    says = saying("fake:always=42")

    def counted(nth: int, prompt: str) -> Any:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        answer = says(nth, prompt)
        answer.delay_s = 0.03
        threading.Timer(0.03, leave).start()
        return answer

    def leave() -> None:
        with lock:
            at_once[0] -= 1

    endpoint.script["m"] = counted
    members = [member(endpoint, f"m{node}", max_concurrent=2 if node == 1 else None) for node in range(4)]
    with Panel(members, rule="quorum", grace_s=5.0) as panel:
        assert [answer.text for answer in panel.batch([Q, Q])] == ["42", "42"]
    assert most[0] <= 3  # two, and one whose timer is late
    assert len(endpoint.asked) == 8


def test_requests_a_minute_are_spread() -> None:
    async def three() -> list[float]:
        gate, began_s, at_s = Gate(None, 60.0 / 0.05), time.monotonic(), []

        async def one() -> None:
            async with gate.passing(Course()):
                at_s.append(time.monotonic() - began_s)

        await asyncio.gather(*(one() for _ in range(3)))
        return sorted(at_s)

    first, second, third = asyncio.run(three())
    assert first < 0.05
    assert second >= 0.045
    assert third >= 0.095


def test_who_waits_in_our_queue_until_its_time_is_up_is_not_blamed_on_the_endpoint(endpoint: Any, saying: Any) -> None:
    says = saying("fake:always=42")

    def slow(nth: int, prompt: str) -> Any:
        answer = says(nth, prompt)
        answer.delay_s = 0.6
        return answer

    endpoint.script["m"] = slow
    members = [member(endpoint, f"m{node}", max_concurrent=1) for node in range(3)]
    settings: dict[str, Any] = {"call_deadline_s": 0.9, "deadline_s": 10.0, "breaker_failures": 1, "attempts": 1}
    with Panel(members, rule="plurality", grace_s=3.0, **settings) as panel:
        answers = [panel.invoke(Q) for _ in range(2)]
    for answer in answers:
        reasons = [seat.reason for seat in answer.seats]
        assert "shed" in reasons
        assert "breaker open" not in reasons  # though one failure would open it
