"""Fallible validators: as the paper has it a crash between the votes can stop a height for ever."""

from __future__ import annotations

import pytest

from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal
from bft.core.verdict import Verdict
from bft.protocols.tendermint.messages import Precommit
from tests.protocols.tendermint.conftest import Network


def crash_after_the_prevote(*, follow_polka: bool) -> Network:
    """Of four replicas 3 rejects the first value, and 2 crashes after its prevote; all rounds of a cycle follow."""
    network = Network(QuorumSystem.of(4), follow_polka=follow_polka)

    def judge(replica: int, value: Proposal) -> Verdict:
        return Verdict.REJECT if replica == 3 and value.answer == "0 in 0" else Verdict.ACCEPT

    network.judge = judge
    network.ask()
    network.wave()
    network.wave(lambda *entry: not isinstance(entry[2], Precommit))
    network.down.add(2)
    network.deliver(lambda sender, *_: sender != 2)
    for _ in range(12):
        network.fire("status")
        network.deliver()
        for name in ("propose", "prevote", "precommit"):
            network.fire(name)
            network.deliver()
    return network


@pytest.mark.parametrize("follow_polka", [False, True])
def test_a_crash_between_the_votes_stops_only_the_paper(follow_polka: bool) -> None:
    network = crash_after_the_prevote(follow_polka=follow_polka)
    living = (0, 1, 3)
    decided = [network.executed(replica) for replica in living]
    assert decided == ([["0 in 0"]] * 3 if follow_polka else [[], [], []])
    if not follow_polka:
        assert network.state(0).round > 8
        assert [network.state(replica).locked_round for replica in living] == [0, 0, -1]


def test_who_rejected_a_value_follows_its_decision(four: Network) -> None:
    four.judge = lambda replica, _: Verdict.REJECT if replica == 3 else Verdict.ACCEPT
    four.ask()
    four.deliver()
    assert [four.executed(replica) for replica in range(4)] == [["0 in 0"]] * 3 + [[]]
    four.fire("status", 3)
    four.deliver()
    assert four.executed(3) == ["0 in 0"]
