"""The replicated account: never negative, the same everywhere, and not to be confused by nonsense."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bft
from bft.core.account import MALFORMED, Account
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.core.state_machine import Snapshot, StateMachine
from bft.protocols.pbft import PbftReplica

names = st.sampled_from(["alice", "bob"])
amounts = st.integers(1, 50)
operations = st.one_of(
    st.builds("deposit {} {}".format, names, amounts),
    st.builds("withdraw {} {}".format, names, amounts),
    st.builds("balance {}".format, names),
    st.just("save"),
    st.text(max_size=12),
)


def proposal(operation: str, answer: str | None = None) -> Proposal:
    return Proposal(request=Request(client="c", timestamp=1, operation=operation), answer=answer)


def ran(history: list[str]) -> Account:
    machine = Account()
    for operation in history:
        machine.apply(proposal(operation))
    return machine


def naive(history: list[str]) -> dict[str, int]:
    """Balances by the book."""
    book: dict[str, int] = {}
    for operation in history:
        words = operation.split(" ")
        if words[0] == "deposit" and len(words) == 3:
            book[words[1]] = book.get(words[1], 0) + int(words[2])
        elif words[0] == "withdraw" and len(words) == 3 and book.get(words[1], 0) >= int(words[2]):
            book[words[1]] -= int(words[2])
    return book


def test_a_conversation() -> None:
    machine = Account()
    asked = ["deposit alice 100", "withdraw alice 30", "withdraw alice 80", "balance alice", "balance bob", "save"]
    replies = [machine.apply(proposal(operation)) for operation in asked]
    assert replies[:5] == ["ok 100", "ok 70", "error: alice has 70", "ok 70", "ok 0"]
    assert replies[5].startswith("saved 1 ")
    assert machine.apply(proposal("withdraw alice 70")) == "ok 0"
    assert machine.saved == (("alice", 70),)
    assert machine.balances == (("alice", 0),)
    assert machine.apply(NULL_PROPOSAL) == ""


@given(st.lists(operations, max_size=20))
def test_balances_are_those_of_the_book_and_never_negative(history: list[str]) -> None:
    machine = ran(history)
    assert dict(machine.balances) == naive(history)
    assert all(balance >= 0 for _, balance in machine.balances)


@given(st.lists(operations, max_size=12), st.lists(operations, max_size=12))
def test_digests_are_equal_iff_the_states_are(one: list[str], other: list[str]) -> None:
    first, second = ran(one), ran(other)
    assert (first.digest() == second.digest()) == (first.snapshot() == second.snapshot())


@given(st.lists(operations, max_size=12), st.lists(operations, max_size=12))
def test_a_restored_account_goes_on_like_the_original(history: list[str], more: list[str]) -> None:
    twin = ran(["deposit carol 5", "save"])
    twin.restore(ran(history).snapshot())
    for operation in more:
        twin.apply(proposal(operation))
    original = ran(history + more)
    assert (twin.balances, twin.saved, twin.digest()) == (original.balances, original.saved, original.digest())


@pytest.mark.parametrize(
    "operation",
    [
        "", "deposit", "deposit alice", "deposit alice -5", "deposit alice 0", "deposit alice 05", "deposit alice 1.5",
        "deposit alice 1e3", "deposit alice ٣", "deposit  alice 1", "deposit alice 1 ", "deposit alice 1\n",
        "Deposit alice 1", "deposit al ice 1", "deposit -a 1", "withdraw alice " + "9" * 19, "save now", "balance",
        "deposit " + "a" * 65 + " 1", "transfer alice bob 1", "question-7",
    ],
)  # fmt: skip
def test_nonsense_is_answered_and_changes_nothing(operation: str) -> None:
    machine = ran(["deposit alice 10", "save"])
    before = machine.snapshot()
    assert machine.apply(proposal(operation)) == MALFORMED
    assert machine.snapshot() == before


def test_what_validators_answer_has_no_say() -> None:
    one, other = Account(), Account()
    assert one.apply(proposal("deposit a 1", "yes")) == other.apply(proposal("deposit a 1", "no"))
    assert one.digest() == other.digest()


class Script:
    """An account that is told what each numbered question stands for."""

    def __init__(self, operations: list[str]) -> None:
        self.account = Account()
        self.replies: list[str] = []
        self._operations = operations

    def apply(self, proposal: Proposal) -> str:
        assert proposal.request is not None
        number = int(proposal.request.operation.removeprefix("question-"))
        request = replace(proposal.request, operation=self._operations[number])
        self.replies.append(self.account.apply(Proposal(request=request, answer=proposal.answer)))
        return self.replies[-1]

    def digest(self) -> str:
        return self.account.digest()

    def snapshot(self) -> Snapshot:
        return self.account.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        self.account.restore(snapshot)


OPERATIONS = [
    "deposit alice 100" if k % 5 == 0 else "withdraw alice 60" if k % 5 == 1 else "deposit bob 7" if k % 5 == 2
    else "save" if k % 5 == 3 else "withdraw bob -1"
    for k in range(40)
]  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "loss"),
    [("crash", 0.0), ("crash_recover", 0.0), ("equivocate", 0.0), ("silent_primary", 0.0), ("lie", 0.05)],
)
def test_balances_are_equal_on_all_honest_replicas_under_faults(behaviour: str, loss: float) -> None:
    machines: dict[int, Script] = {}

    def replica(node: int, config, keyring) -> PbftReplica:
        machine: StateMachine = Script(OPERATIONS)
        machines[node] = machine  # the last one counts: a node that recovers gets a new one
        return PbftReplica(node, config, keyring, machine)

    scenario = bft.Scenario(
        n=4,
        faults=bft.Faults(nodes=(0,), behaviour=behaviour),
        network=bft.Network(loss=loss),
        requests=bft.Requests(count=len(OPERATIONS), rate_per_s=0.5),
        pbft={"checkpoint_interval": 8, "window": 16},
    )
    run = bft.Simulator(scenario, 7, make_replica=replica).run()
    assert not run.breaches
    assert sum(count for name, count in run.faults[0].items() if name != "behaviour") > 0, "the fault fired"
    honest = [machines[node].account for node in (1, 2, 3)]
    assert len({account.digest() for account in honest}) == 1
    total = dict(honest[0].balances)
    assert total.keys() == {"alice", "bob"}
    assert total["bob"] == 8 * 7
    assert 0 <= total["alice"] <= 8 * 100 - 60 * 6
    assert honest[0].saved
    if behaviour == "crash_recover":
        assert machines[0].account.digest() == honest[0].digest(), "who came back has caught up"
