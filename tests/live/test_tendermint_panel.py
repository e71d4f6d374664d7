"""A live panel that decides by Tendermint: its certificates are counted again, and lost rounds cost no waiting."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from bft.live import Panel, PanelAnswer, State
from bft.live.certificate import Certificate
from bft.live.rule_settings import read_rule

RIGHT = "fake:always=42"
FAILS = "fake:error=503"
Q = "What is six times seven?"


def asked(members: list[str], **given: Any) -> PanelAnswer:
    with Panel(members, rule="tendermint", **given) as panel:
        return panel.invoke(Q)


def decided(members: list[str], **given: Any) -> Certificate:
    certificate = asked(members, **given).certificate
    assert certificate is not None
    return certificate


def test_a_quorum_of_precommits_is_the_certificate() -> None:
    certificate = decided([RIGHT] * 3 + ["fake:no=41"])
    assert certificate.rule == read_rule("tendermint")
    assert len(certificate.signers) >= 3
    assert (certificate.text, certificate.view, certificate.seq) == ("42", 0, 1)
    assert Certificate.from_json(certificate.to_json()).verify(dict(certificate.public_keys))


def test_what_is_changed_in_a_certificate_is_refused() -> None:
    certificate = decided([RIGHT] * 4)
    one, *others = certificate.votes
    forged: list[dict[str, Any]] = [
        {"answer": "41"},
        {"view": 1},
        {"seq": 2},
        {"rule": read_rule("pbft")},
        {"quorum": 2},
        {"votes": tuple(others[:1])},
        {"votes": (one, one, *others[1:])},
        {"votes": (one._replace(signature=bytes(64)), *others)},
        {"votes": (one._replace(node=3 if one.node != 3 else 2), *others)},
        {"votes": (one._replace(said=(None,)), *others)},
    ]
    assert certificate.verify()
    for changes in forged:
        assert not replace(certificate, **changes).verify(), changes


def test_a_member_that_rejected_learns_what_was_decided() -> None:
    answer = asked(["fake:no=41", RIGHT, RIGHT, RIGHT], check="judge")
    assert answer.text == "42"
    assert answer.proposer != 0
    assert len(answer.views) == 2


@pytest.mark.parametrize(
    ("members", "given", "views"),
    [
        ([f"fake:always={answer}" for answer in range(4)], {"check": "same_answer"}, 4),
        ([f"fake:always={answer}" for answer in range(7)], {"check": "same_answer"}, 7),
        ([FAILS, FAILS, RIGHT, RIGHT], {"attempts": 1}, 4),  # 42 is proposed twice, nobody is asked about it again
        ([RIGHT, RIGHT, RIGHT, RIGHT, "fake:no=1", "fake:no=1", "fake:no=1"], {}, 7),
    ],
)
def test_what_cannot_be_decided_is_known_long_before_the_timeouts(
    members: list[str], given: dict[str, Any], views: int
) -> None:
    started_s = time.monotonic()
    answer = asked(members, **given)
    assert (answer.state, answer.why) == (State.NO_QUORUM, "views exhausted")
    assert len(answer.views) == views
    assert time.monotonic() - started_s < 15.0  # of timeouts of 15 s each, under load


def test_members_that_hang_or_fail_are_outvoted() -> None:
    assert asked(["fake:hang", RIGHT, RIGHT, RIGHT], deadline_s=4.0).text == "42"
    assert asked([RIGHT, RIGHT, FAILS, RIGHT], attempts=1).text == "42"
    assert asked([RIGHT] * 4, stakes=(3, 1, 1, 1)).text == "42"
    assert asked([RIGHT]).text == "42"
