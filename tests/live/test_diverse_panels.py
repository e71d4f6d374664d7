"""A minimum of providers or models behind a decision: counted with the votes, and again by whoever verifies them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bft.errors import ScenarioError
from bft.live import Certificate, Panel, State
from bft.live.settings import ModelSettings

Q = "What is six times seven?"


def members(*says: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"model": f"fake:{how}", "provider": provider, "name": f"m{node}"} for node, (how, provider) in enumerate(says)
    ]


THREE_OF_ONE = members(("always=42", "a"), ("always=42", "a"), ("always=42", "a"), ("always=41", "b"))
TWO_AND_TWO = members(("always=42", "a"), ("always=42", "a"), ("always=42", "b"), ("always=41", "b"))


@pytest.mark.parametrize("rule", ["quorum", "plurality", "judge"])
def test_a_quorum_of_one_provider_decides_nothing_where_two_must_stand_behind_it(rule: str) -> None:
    for described, least, text in ((THREE_OF_ONE, None, "42"), (THREE_OF_ONE, 2, None), (TWO_AND_TWO, 2, "42")):
        with Panel(described, rule=rule, min_providers=least, grace_s=1.0) as panel:
            answer = panel.invoke(Q)
            assert answer.text == text
            assert (answer.certificate is not None) == (text is not None)
            if answer.certificate is not None:
                assert answer.certificate.verify(panel.public_keys)
                assert ("diversity" in answer.certificate.to_json()) == (least is not None)


def test_a_certificate_is_counted_again_and_its_groups_cannot_be_changed() -> None:
    with Panel(TWO_AND_TWO, rule="quorum", min_providers=2) as panel:
        answer = panel.invoke(Q)
        keys = panel.public_keys
    assert answer.certificate is not None
    told = json.loads(json.dumps(answer.certificate.to_json()))
    assert told["diversity"] == {"of": "providers", "least": 2, "groups": ["a", "a", "b", "b"]}
    assert Certificate.from_json(told).verify(keys)
    for changed in ({"groups": ["a", "a", "b", "c"]}, {"least": 1}, {"of": "models"}, {"groups": ["a", "a", "a", "b"]}):
        assert not Certificate.from_json({**told, "diversity": {**told["diversity"], **changed}}).verify(keys)
    without = {name: value for name, value in told.items() if name != "diversity"}
    assert not Certificate.from_json(without).verify(keys)
    for odd in ({}, {"of": "providers"}, {**told["diversity"], "least": 3}, [], {**told["diversity"], "x": 1}):
        with pytest.raises(ScenarioError, match="certificate"):
            Certificate.from_json({**told, "diversity": odd})


def test_under_pbft_the_panel_withholds_what_too_few_have_accepted() -> None:
    described = members(("yes=42", "a"), ("yes=42", "a"), ("yes=42", "a"), ("no=42", "b"))
    with Panel(described, min_providers=2, grace_s=1.0) as panel:
        answer = panel.invoke(Q)
    assert (answer.state, answer.text, answer.certificate, answer.why) == (
        State.NO_QUORUM,
        None,
        None,
        "too few providers",
    )
    described = members(("yes=42", "a"), ("yes=42", "a"), ("yes=42", "c"), ("yes=42", "b"))
    with Panel(described, min_providers=2, grace_s=1.0) as panel:
        answer = panel.invoke(Q)
        assert answer.text == "42"
        assert answer.certificate is not None
        assert answer.certificate.verify(panel.public_keys)


def test_models_may_be_counted_instead() -> None:
    same = ["fake:always=42"] * 3 + ["fake:yes=41"]
    with Panel(same, rule="quorum", min_models=2) as panel:
        assert panel.invoke(Q).text is None
    with Panel(
        ["fake:always=42", "fake:always=42", "fake:yes=42", "fake:yes=41"], rule="quorum", min_models=2
    ) as panel:
        assert panel.invoke(Q).text == "42"


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ({"model": "openai:gpt-4o-mini"}, "openai"),
        ({"model": "qwen3", "base_url": "https://api.example.org:8000/v1"}, "api.example.org"),
        ({"model": "qwen3", "base_url": "https://api.example.org/v1", "provider": "acme"}, "acme"),
        ({"model": "fake:always=1"}, "fake"),
    ],
)
def test_who_runs_a_model_is_read_off_its_address_or_its_name(model: dict[str, Any], provider: str) -> None:
    assert ModelSettings(**model).run_by == provider


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_providers": 3}, "min_providers = 3: must be at most 2: the panel has no more providers"),
        ({"min_providers": 0}, "min_providers"),
        ({"min_providers": 1, "min_models": 1}, "min_models = 1: must be left out beside min_providers"),
        ({"min_models": 3}, "min_models = 3: must be at most 2"),
    ],
)
def test_a_minimum_that_cannot_be_is_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Panel(THREE_OF_ONE, rule="quorum", **settings)


def test_a_stand_in_of_another_provider_would_break_the_promise() -> None:
    described: list[Any] = [*THREE_OF_ONE]
    described[0] = {**described[0], "fallbacks": [{"model": "fake:always=42", "provider": "b"}]}
    with pytest.raises(ScenarioError, match=r"cannot be promised: members\.0 may be stood in for by 'b'"):
        Panel(described, rule="quorum", min_providers=2)
