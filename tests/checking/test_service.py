"""S7: what executes and what clients are told, held against a sequential service written apart from the replicas'."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.checking.ledger import Ledger
from bft.checking.mutant_runner import hunt
from bft.checking.pbft.monitor import PbftMonitor
from bft.checking.protocols import bug
from bft.checking.reference import LedgerSpecification, LogSpecification, ReferenceService
from bft.core.effects import Execute, Persist, Reply
from bft.core.quorum import QuorumSystem
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.core.state_machine import AnswerLog


def proposal(client: str, timestamp: int, answer: str = "a") -> Proposal:
    return Proposal(request=Request(client=client, timestamp=timestamp, operation="o"), answer=answer)


PROPOSALS = st.lists(
    st.just(NULL_PROPOSAL) | st.builds(proposal, st.sampled_from("bc"), st.integers(1, 4), st.sampled_from("xy"))
)


@given(PROPOSALS)
@pytest.mark.parametrize(("machine", "specification"), [(AnswerLog, LogSpecification), (Ledger, LedgerSpecification)])
def test_the_machine_of_the_replicas_does_what_its_specification_says(machine, specification, proposals):
    service, own, latest = ReferenceService(specification(), 2), machine(), {}
    for seq, each in enumerate(proposals, 1):
        service.execute(each)
        if each.request is not None and each.request.timestamp > latest.get(each.request.client, (0, ""))[0]:
            latest[each.request.client] = (each.request.timestamp, own.apply(each))
        assert service.after[seq] == (each.digest, own.digest())
        restored = machine()
        restored.restore(own.snapshot())
        assert restored.digest() == own.digest()
        if seq % 2 == 0:
            assert service.tables[seq] == tuple((client, *latest[client]) for client in sorted(latest))


def alarms(*seen):
    watch = PbftMonitor(
        QuorumSystem.of(4),
        lambda _: True,
        range(4),
        checkpoint_interval=2,
        window=4,
        specification=LogSpecification(),
    )
    for node, event in seen:
        watch.observe(0.0, node, event)
    return [each.detail for each in watch.breaches if each.invariant == "S7"]


def executed(seq, value, machine, *, view=0):
    if value.request is not None:
        machine.apply(value)
    return Execute(view, seq, value.digest, value, False, machine.digest())


def test_a_reply_that_the_service_never_gave_is_noticed():
    first, second, log = proposal("c", 1, "one"), proposal("c", 2, "two"), AnswerLog()
    done = [(0, executed(1, first, log)), (0, executed(2, second, log))]
    assert alarms(*done, (0, Reply("c", 1, "one")), (0, Reply("c", 2, "two"))) == []
    assert alarms(*done, (0, Reply("c", 2, "one"))) == ["c: reply 'one' to request 2, the service said 'two'"]
    assert alarms(*done, (0, Reply("c", 3, "x"))) == ["c: reply 'x' to request 3, which nobody has executed"]
    assert alarms(*done, (1, Reply("c", 1, "one"))) == [
        "c: reply to request 1 of seq 1, which the node has not reached"
    ]


def test_a_null_request_that_changes_the_state_is_noticed_though_all_do_the_same():
    log = AnswerLog()
    log.apply(NULL_PROPOSAL)
    wrong = Execute(0, 1, NULL_PROPOSAL.digest, NULL_PROPOSAL, False, log.digest())
    assert alarms((0, wrong), (1, wrong)) == ["seq 1: executing the log leads to another state"] * 2


def test_false_replies_in_a_stored_snapshot_are_noticed():
    first, second, log = proposal("c", 1, "one"), proposal("c", 2, "two"), AnswerLog()
    done = [(0, executed(1, first, log)), (0, executed(2, second, log))]
    true = (log.snapshot(), (("c", 2, "two"),))
    false = (log.snapshot(), (("c", 2, "forged"),))
    assert alarms(*done, (1, Persist(((("snapshot", 2), true),)))) == []
    assert alarms(*done, (1, Persist(((("snapshot", 2), false),)))) == [
        "snapshot of seq 2: replies (('c', 2, 'forged'),), the service had given (('c', 2, 'two'),)"
    ]


@pytest.mark.parametrize("name", ["reply is the client's first one for ever", "null request changes the state"])
def test_what_all_replicas_do_wrong_alike_only_the_service_sees(name):
    others = tuple(f"S{number}" for number in range(1, 7))
    assert hunt(bug("pbft", name), schedules=90, oracle=others).finding is None
    found = hunt(bug("pbft", name), schedules=90).finding
    assert found is not None
    assert found.breach.invariant == "S7"
