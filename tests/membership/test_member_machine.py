"""Requests about members, executed one by one."""

from __future__ import annotations

import pytest

from bft.core.account import Account
from bft.core.request import Proposal, Request
from bft.membership.machine import OPERATOR, MemberMachine
from bft.protocols.pbft.evidence import Evidence, to_text
from bft.protocols.pbft.messages import Prepare

TEXT = to_text(Evidence(Prepare(0, 1, "a", 2), Prepare(0, 1, "b", 2)))


def machine(**given) -> MemberMachine:
    fields = {"members": (0, 1, 2, 3), "spares": (7, 8), "convicts": lambda epoch, _: 2 if epoch == 0 else None}
    return MemberMachine(Account(), **{**fields, **given})


def do(at: MemberMachine, operation: str, client: str = OPERATOR) -> str:
    return at.apply(Proposal(request=Request(client=client, timestamp=1, operation=operation), answer="x"))


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("member remove 0", (1, 2, 3)),
        ("member add 7", (0, 1, 2, 3, 7)),
        ("member replace 2 8", (0, 1, 8, 3)),
        ("member replace 2 99", (0, 1, 99, 3)),
    ],
)
def test_a_change_is_agreed_now_and_takes_effect_with_the_next_epoch(operation: str, members: tuple[int, ...]) -> None:
    at = machine()
    assert do(at, operation) == f"ok {' '.join(map(str, members))}"
    assert at.changing
    assert at.members == (0, 1, 2, 3)
    at.begin_epoch()
    assert (at.members, at.epoch, at.changing) == (members, 1, False)


@pytest.mark.parametrize(
    ("operation", "client"),
    [
        ("member remove 9", OPERATOR),
        ("member add 3", OPERATOR),
        ("member replace 9 7", OPERATOR),
        ("member replace 1 3", OPERATOR),
        ("member remove 1 2", OPERATOR),
        ("member remove -1", OPERATOR),
        ("member remove ٣", OPERATOR),
        ("member remove 1", "client-0"),
        ("member elect 1", OPERATOR),
        ("accuse 0 nonsense", "client-0"),
        ("accuse 0 []", "client-0"),
        (f"accuse 1 {TEXT}", "client-0"),
    ],
)
def test_what_is_malformed_or_not_allowed_changes_nothing(operation: str, client: str) -> None:
    at = machine()
    before = at.snapshot()
    assert do(at, operation, client).startswith("error")
    assert at.snapshot() == before
    assert not at.changing


def test_the_last_member_stays() -> None:
    assert do(machine(members=(4,)), "member remove 4") == "error: the last member stays"


def test_whoever_is_convicted_is_replaced_by_the_first_spare_and_never_returns() -> None:
    at = machine()
    assert do(at, f"accuse 0 {TEXT}", "anybody") == "ok 0 1 7 3"
    assert do(at, f"accuse 0 {TEXT}", "member-1") == "error: 2 is convicted already"
    at.begin_epoch()
    assert at.members == (0, 1, 7, 3)
    assert at.spares == (8,)
    assert do(at, "member add 2") == "error: 2 is convicted"


def test_without_a_spare_the_convicted_is_removed_if_enough_remain() -> None:
    few = machine(spares=())
    assert "stays for want of a successor" in do(few, f"accuse 0 {TEXT}")
    assert not few.changing
    many = machine(members=(0, 1, 2, 3, 4), spares=())
    assert do(many, f"accuse 0 {TEXT}") == "ok 0 1 3 4"


def test_several_changes_of_one_epoch_add_up() -> None:
    at = machine()
    do(at, "member remove 0")
    assert at.changing
    assert do(at, "member add 8") == "ok 1 2 3 8"
    assert do(at, "member add 0") == "ok 1 2 3 8 0"


def test_everything_else_is_the_inner_machines_affair_and_snapshots_hold_both() -> None:
    at = machine()
    assert do(at, "deposit alice 5", "client-1") == "ok 5"
    do(at, "member remove 1")
    twin = machine()
    assert twin.digest() != at.digest()
    twin.restore(at.snapshot())
    assert twin.digest() == at.digest()
    assert twin.snapshot() == at.snapshot()
    assert do(twin, "balance alice", "client-2") == "ok 5"
