"""A panel over real clients and a real socket: the endpoint misbehaves, the panel decides what a quorum signed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bft.live import Panel, State
from bft.live.answer import Stance

GENEROUS_S = 30.0
"""For a loaded machine; what is asserted exactly are states and attributions."""


def panel_of(endpoint: Any, models: list[str], **settings: Any) -> Panel:
    given: dict[str, Any] = {"deadline_s": GENEROUS_S, "call_deadline_s": 10.0, "retry_pause_s": 0.01, **settings}
    return Panel([endpoint.member(model, name=f"{model}@{node}") for node, model in enumerate(models)], **given)


@pytest.fixture
def honest_and_liars(endpoint: Any, saying: Any, reply: Any) -> Any:
    endpoint.script |= {
        "honest": saying("fake:always=42"),
        "flatterer": saying("fake:yes=41"),  # proposes what is wrong, vouches for everything
        "denier": saying("fake:always=41"),  # proposes what is wrong, and rejects what is right
        "hanging": lambda *_: reply(hang=True),
    }
    return endpoint


def test_two_flatterers_and_a_hanging_endpoint_of_seven_do_not_keep_it_from_the_right_answer(
    honest_and_liars: Any,
) -> None:
    models = ["flatterer", "flatterer", "honest", "honest", "honest", "honest", "hanging"]
    with panel_of(honest_and_liars, models, call_deadline_s=90.0) as panel:
        answer = panel.invoke("What is six times seven?")
        assert (answer.state, answer.text, answer.proposer) == (State.DECIDED, "42", 2)
        assert [view.answer for view in answer.views] == ["41", "41", "42"]
        assert answer.views[0].stances[2:6].count(Stance.REJECTED) >= 3  # three of seven lose a view
        assert answer.seats[6].stance is Stance.LATE
        assert {seat.stance for seat in answer.seats[:6]} <= {Stance.PROPOSED, Stance.ACCEPTED, Stance.LATE}
        accepted = [seat.node for seat in answer.seats if seat.stance in (Stance.ACCEPTED, Stance.PROPOSED)]
        assert len(accepted) >= 5
        assert answer.latency_s < GENEROUS_S
        assert answer.certificate is not None
        assert answer.certificate.verify(panel.public_keys)
        hanging = honest_and_liars.of("hanging")
        assert hanging
        assert honest_and_liars.wait_until(lambda: all(asked.disconnected for asked in hanging))


def test_with_two_deniers_a_fallback_for_the_hanging_endpoint_makes_the_quorum_and_says_so(
    honest_and_liars: Any,
) -> None:
    members = [honest_and_liars.member("honest", name=f"honest@{node}") for node in range(4)]
    members += [honest_and_liars.member("denier", name=f"denier@{node}") for node in range(2)]
    spare = honest_and_liars.member("honest")
    members.append(honest_and_liars.member("hanging", fallbacks=[spare]))
    with Panel(members, deadline_s=GENEROUS_S, call_deadline_s=8.0, attempt_timeout_s=1.0, attempts=1) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.state, answer.text) == (State.DEGRADED, "42")
    assert [seat.stance for seat in answer.seats] == [
        Stance.PROPOSED,
        *[Stance.ACCEPTED] * 3,
        *[Stance.REJECTED] * 2,
        Stance.ACCEPTED,
    ]
    last = answer.seats[6]
    assert (last.model, last.as_stated) == ("honest", False)
    assert [attempt.failure for attempt in answer.calls[-1].attempts] == ["timeout", None]


def test_two_deniers_and_a_hanging_endpoint_of_seven_are_too_many_and_it_says_so_within_its_deadline(
    honest_and_liars: Any,
) -> None:
    models = ["honest", "honest", "honest", "honest", "denier", "denier", "hanging"]
    with panel_of(honest_and_liars, models, call_deadline_s=0.5, attempts=1) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.state, answer.text, answer.certificate) == (State.NO_QUORUM, None, None)
    assert answer.why == "views exhausted"
    assert len(answer.views) == 7
    assert answer.seats[6].stance is Stance.FAILED
    assert answer.latency_s < GENEROUS_S


def test_the_deadline_of_the_question_ends_everything(honest_and_liars: Any) -> None:
    with panel_of(honest_and_liars, ["hanging"] * 4, deadline_s=0.4, call_deadline_s=90.0, views=1) as panel:
        answer = panel.invoke("?")
        asked = honest_and_liars.of("hanging")
        assert len(asked) == 1
        assert honest_and_liars.wait_until(lambda: asked[0].disconnected)  # before the panel is closed
    assert (answer.state, answer.why, answer.text) == (State.NO_QUORUM, "deadline", None)
    assert 0.4 <= answer.latency_s < 20.0


@pytest.mark.parametrize("liar", ["denier", "flatterer"])
@pytest.mark.parametrize("places", [(0, 1, 2), (4, 5, 6), (0, 3, 6)])
def test_three_liars_of_seven_never_have_a_wrong_answer_decided_without_the_votes_of_a_quorum(
    honest_and_liars: Any, liar: str, places: tuple[int, ...]
) -> None:
    models = [liar if node in places else "honest" for node in range(7)]
    with panel_of(honest_and_liars, models) as panel:
        answer = panel.invoke("What is six times seven?")
    assert answer.text in (None, "42")  # three who vouch for 41, where five are needed
    if answer.text is None:
        assert answer.state is State.NO_QUORUM
    else:
        assert answer.certificate is not None
        assert answer.certificate.verify(panel.public_keys)
        assert len(answer.certificate.signers) >= 5
    assert (answer.text is None) == (liar == "denier")  # those who deny keep four honest ones from a quorum of five


def test_a_wrong_answer_that_a_quorum_signed_is_decided_and_the_dissent_is_told(honest_and_liars: Any) -> None:
    with panel_of(honest_and_liars, ["denier"] * 5 + ["honest"] * 2, grace_s=10.0) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.state, answer.text) == (State.DECIDED, "41")
    assert answer.who(Stance.REJECTED) == ("honest@5", "honest@6")


PATIENCE_S = {"hang": 1.0, "trickle": 1.0}
"""Where a call must run out of time it has little of it; elsewhere it has plenty, for a loaded machine."""

FAILURES = {
    "429": ({"status": 429, "body": b"{}"}, "status 429"),
    "500": ({"status": 500, "body": b"{}"}, "status 500"),
    "401": ({"status": 401, "body": b'{"error": {"message": "bad key"}}'}, "status 401"),
    "hang": ({"hang": True}, "timeout"),
    "trickle": ({"trickle": True, "text": "VERDICT: ACCEPT"}, "timeout"),
    "cut": ({"cut": True, "text": "VERDICT: ACCEPT"}, "connection"),
    "not JSON": ({"body": b"VERDICT: ACCEPT"}, "empty"),
    "half JSON": ({"body": b'{"choices": [{"message": {"content": "VERDICT: ACCEPT"'}, "empty"),
    "JSON of another kind": ({"body": b'["VERDICT: ACCEPT"]'}, "empty"),
    "no choices": ({"body": b'{"id": "x", "object": "chat.completion", "model": "m", "choices": []}'}, "empty"),
    "empty": ({"text": ""}, "empty"),
    "at the limit of its tokens": ({"text": "VERDICT: ACCEPT", "ended": "length"}, "empty"),
    "filtered": ({"text": "VERDICT: ACCEPT", "ended": "content_filter"}, "empty"),
    "blank": ({"text": " \n "}, "empty"),
    "an error with status 200": ({"body": b'{"error": {"message": "VERDICT: ACCEPT"}}'}, "empty"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_call_is_never_a_vote(name: str, endpoint: Any, saying: Any, reply: Any) -> None:
    given, reason = FAILURES[name]
    endpoint.script |= {"honest": saying("fake:always=42"), "failing": lambda *_: reply(**given)}
    # Three of four accept at best: the fourth's vote would not be needed, so two fail, and nothing may be decided.
    models = ["honest", "honest", "failing", "failing"]
    with panel_of(endpoint, models, call_deadline_s=PATIENCE_S.get(name, 10.0), attempts=1, views=1) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.state, answer.text, answer.why) == (State.NO_QUORUM, None, "views exhausted")
    assert [seat.stance for seat in answer.seats[2:]] == [Stance.FAILED, Stance.FAILED]
    assert [seat.reason for seat in answer.seats[2:]] == [reason, reason]
    assert answer.seats[1].stance in (Stance.ACCEPTED, Stance.LATE)  # two failures end the view, whoever is at work


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_call_is_never_a_proposal(name: str, endpoint: Any, saying: Any, reply: Any) -> None:
    given, reason = FAILURES[name]
    endpoint.script |= {"credulous": saying("fake:yes=42"), "failing": lambda *_: reply(**given)}
    with panel_of(
        endpoint, ["failing", *["credulous"] * 3], call_deadline_s=PATIENCE_S.get(name, 10.0), attempts=1
    ) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.state, answer.text, answer.proposer) == (State.DEGRADED, "42", 1)
    assert answer.views[0].answer is None
    assert answer.views[0].stances == (Stance.FAILED, *[Stance.NOT_ASKED] * 3)
    assert (answer.seats[0].stance, answer.seats[0].reason) == (Stance.FAILED, reason)


@pytest.mark.parametrize("said", ["I would accept that, or not.", "ACCEPT or REJECT", "> VERDICT: ACCEPT", "..."])
def test_a_verdict_that_nobody_can_read_is_its_own_vote(said: str, endpoint: Any, saying: Any, reply: Any) -> None:
    endpoint.script |= {"honest": saying("fake:always=42"), "odd": lambda *_: reply(text=said)}
    with panel_of(endpoint, ["honest", "honest", "odd", "odd"], views=1) as panel:
        answer = panel.invoke("What is six times seven?")
    assert answer.state is State.NO_QUORUM
    assert [seat.stance for seat in answer.seats[2:]] == [Stance.UNPARSEABLE] * 2


def test_one_layer_retries_and_honours_retry_after(endpoint: Any, saying: Any, reply: Any) -> None:
    honest = saying("fake:always=42")

    def busy_once(nth: int, prompt: str) -> Any:
        return reply(status=429, headers={"retry-after": "0.2"}, body=b"{}") if nth == 0 else honest(nth, prompt)

    endpoint.script |= {"busy": busy_once, "dead": lambda *_: reply(status=500, body=b"{}"), "honest": honest}
    with panel_of(endpoint, ["busy", "honest", "honest", "dead"], attempts=3, grace_s=10.0) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (answer.state, answer.text) == (State.DEGRADED, "42")
    first, second = endpoint.of("busy")
    assert second.at_s - first.at_s >= 0.2
    assert len(endpoint.of("dead")) == 3  # attempts of one layer; with the client's own retries it would be nine
    assert (answer.seats[3].stance, answer.seats[3].reason) == (Stance.FAILED, "status 500")


def test_what_is_spent_is_added_up(endpoint: Any, saying: Any) -> None:
    endpoint.script |= {"honest": saying("fake:always=42")}
    members = [endpoint.member("honest", name=str(node), price_in=2.0, price_out=5.0) for node in range(4)]
    with Panel(members, grace_s=10.0) as panel:
        answer = panel.invoke("What is six times seven?")
    assert (len(answer.calls), answer.tokens_in, answer.tokens_out) == (4, 400, 40)
    assert answer.cost is not None
    assert math.isclose(answer.cost, (400 * 2.0 + 40 * 5.0) / 1e6)


def test_an_unknown_price_makes_the_cost_unknown(endpoint: Any, saying: Any) -> None:
    endpoint.script |= {"honest": saying("fake:always=42")}
    with panel_of(endpoint, ["honest"]) as panel:
        assert panel.invoke("?").cost is None


def test_a_model_that_keeps_failing_is_left_alone(endpoint: Any, saying: Any, reply: Any) -> None:
    endpoint.script |= {"honest": saying("fake:always=42"), "dead": lambda *_: reply(status=500, body=b"{}")}
    models = ["honest", "honest", "honest", "dead"]
    with panel_of(endpoint, models, attempts=1, breaker_failures=2, grace_s=10.0) as panel:
        reasons = [panel.invoke(f"question {number}").seats[3].reason for number in range(4)]
    assert reasons == ["status 500", "status 500", "breaker open", "breaker open"]
    assert len(endpoint.of("dead")) == 2


def test_the_key_is_sent_where_it_belongs_and_proxies_are_not_used(endpoint: Any, saying: Any) -> None:
    endpoint.script |= {"honest": saying("fake:always=42")}
    with panel_of(endpoint, ["honest"]) as panel:
        assert panel.invoke("?").text == "42"
    assert endpoint.asked[0].headers["authorization"].startswith("Bearer sk-test-")
