"""The normal case (§4.1, §4.2), sentence by sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest

from bft.core.effects import Broadcast, Execute, Persist, Reply, RequestProposal, RequestVerdict, Send
from bft.core.events import Equivocation, Judgement, ProposalMissing
from bft.core.inputs import ClientRequest, ProposalReady, VerdictReady
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.core.verdict import Verdict
from bft.protocols.pbft import Rules
from bft.protocols.pbft.events import Committed, Prepared, PrePrepareAccepted
from bft.protocols.pbft.messages import Commit, Prepare, PrePrepare


def kinds(effects):
    return [type(each).__name__ for each in effects]


def test_4_2_message_by_message(network):
    net = network()
    request = net.request()
    net.ask(request)
    assert [(sender, to) for sender, to, _ in net.pending] == [(0, 1), (0, 2), (0, 3)]
    assert net.said(PrePrepare)[0].seq == 1
    assert net.deliver(PrePrepare) == 3
    assert Counter(sender for sender, _, _ in net.pending) == {1: 3, 2: 3, 3: 3}
    assert all(isinstance(message, Prepare) for _, _, message in net.pending)
    assert net.deliver(Prepare) == 9
    assert all(isinstance(message, Commit) for _, _, message in net.pending)
    assert Counter(sender for sender, _, _ in net.pending) == {0: 3, 1: 3, 2: 3, 3: 3}
    assert net.deliver(Commit) == 12
    assert not net.pending
    for replica in range(4):
        assert net.executed(replica) == [(1, "answer in view 0")]
        assert net.of(replica, Reply) == [Reply("alice", 1, "answer in view 0")]
    assert len({each.state_digest for _, each in net.events if isinstance(each, Execute)}) == 1


@pytest.mark.parametrize(("n", "messages"), [(1, 0), (2, 4), (3, 12), (4, 24), (5, 40), (6, 60), (7, 84)])
def test_one_decision_takes_2n_n_minus_1_messages(network, n, messages):
    net = network(n)
    net.ask(net.request())
    count = 0
    while net.pending:
        count += net.deliver()
    assert count == messages
    assert all(net.executed(replica) == [(1, "answer in view 0")] for replica in range(n))


def test_4_2_prepared_needs_a_preprepare_and_q_minus_1_prepares_of_backups(network):
    net = network(byzantine=(0,))
    first = net.preprepare()
    net.send(0, 1, first)
    assert not net.of(1, Prepared)
    net.send(2, 1, net.prepare(first, 2))
    assert net.of(1, Prepared) == [Prepared(0, 1, first.digest, (1, 2))]
    assert net.said(Commit, sender=1) == [net.commit(first, 1)]


def test_4_2_committed_local_needs_q_commits_its_own_among_them(network):
    net = network(byzantine=(0, 2, 3))
    first = net.preprepare()
    net.send(0, 1, first)
    net.send(2, 1, net.prepare(first, 2))
    net.send(2, 1, net.commit(first, 2))
    assert not net.executed(1)
    net.send(3, 1, net.commit(first, 3))
    assert net.executed(1) == [(1, "a")]
    assert net.of(1, Committed) == [Committed(0, 1, first.digest, (1, 2, 3))]


def test_4_2_commits_without_a_prepared_certificate_execute_nothing(network):
    net = network(byzantine=(0, 2, 3))
    first = net.preprepare()
    net.prompt = False
    net.send(0, 1, first)
    for replica in (0, 2, 3):
        net.send(replica, 1, net.commit(first, replica))
    assert not net.executed(1)
    net.send(2, 1, net.prepare(first, 2))
    net.send(3, 1, net.prepare(first, 3))
    assert net.executed(1) == [(1, "a")]


def test_every_order_of_one_backups_messages_leads_to_the_same(network):
    outcomes = set()
    for order in permutations(range(5)):
        net = network(byzantine=(0, 2, 3))
        first = net.preprepare()
        messages = [
            (0, first),
            (2, net.prepare(first, 2)),
            (3, net.prepare(first, 3)),
            (2, net.commit(first, 2)),
            (3, net.commit(first, 3)),
        ]
        for place in order:
            net.send(messages[place][0], 1, messages[place][1])
        assert net.executed(1) == [(1, "a")]
        outcomes.add((net.replicas[1].fingerprint(), tuple(sorted(map(str, net.said(Commit) + net.said(Prepare))))))
    assert len(outcomes) == 1


def test_4_2_the_prepare_of_the_primary_is_never_counted(network):
    net = network(byzantine=(0,))
    first = net.preprepare()
    net.send(0, 1, first)
    net.refused(1, 0, net.prepare(first, 0), "prepare from the primary")
    assert not net.of(1, Prepared)


def test_a_prepare_of_the_primary_that_comes_first_is_not_counted_later(network):
    net = network(byzantine=(0,))
    first = net.preprepare()
    net.send(0, 1, net.prepare(first, 0))
    net.send(0, 1, first)
    assert not net.of(1, Prepared)


@pytest.mark.parametrize("kind", ["prepare", "commit"])
def test_a_vote_counts_once_per_replica(network, kind):
    net = network(7, byzantine=(0, 2))
    first = net.preprepare()
    net.send(0, 1, first)
    vote = getattr(net, kind)(first, 2)
    net.send(2, 1, vote)
    for _ in range(5):
        net.refused(1, 2, vote, "second vote")
    assert not net.of(1, Prepared, Committed)


def test_votes_for_another_digest_do_not_count(network):
    net = network(byzantine=(0, 2, 3))
    first, other = net.preprepare(answer="a"), net.preprepare(answer="b")
    net.send(0, 1, first)
    for replica in (2, 3):
        net.send(replica, 1, net.prepare(other, replica))
        net.send(replica, 1, net.commit(other, replica))
    assert not net.of(1, Prepared, Committed)


def test_votes_filed_before_the_preprepare_count_only_for_its_digest(network):
    net = network(byzantine=(0, 2, 3))
    first, other = net.preprepare(answer="a"), net.preprepare(answer="b")
    net.send(2, 1, net.prepare(first, 2))
    net.send(3, 1, net.prepare(other, 3))
    net.prompt = False
    net.send(0, 1, first)
    assert not net.of(1, Prepared)
    net.give_verdicts(1)
    assert net.of(1, Prepared) == [Prepared(0, 1, first.digest, (2, 1))]


def test_4_2_a_backup_accepts_only_the_first_preprepare_of_a_place(network):
    net = network(byzantine=(0,))
    first, second = net.preprepare(answer="a"), net.preprepare(answer="b")
    net.send(0, 1, first)
    effects = net.send(0, 1, second)
    assert effects == [Equivocation(0, first, second)]
    assert net.replicas[1].drops == {"second pre-prepare": 1}
    assert net.said(Prepare, sender=1) == [net.prepare(first, 1)]
    net.refused(1, 0, first, "second pre-prepare")


def test_two_different_votes_of_one_replica_are_evidence(network):
    net = network(byzantine=(0, 2))
    first, other = net.preprepare(answer="a"), net.preprepare(answer="b")
    for make in (net.prepare, net.commit):
        net.send(2, 1, make(first, 2))
        assert net.send(2, 1, make(other, 2)) == [Equivocation(2, make(first, 2), make(other, 2))]


REFUSED_PREPREPARES = {
    "not from the primary": (
        1,
        lambda net: net.keyring.sign(replace(net.preprepare(), replica=1)),
        "pre-prepare not from the primary",
    ),
    "in the primary's name": (1, lambda net: net.preprepare(), "identity differs from sender"),
    "relayed by the primary for another": (
        0,
        lambda net: net.keyring.sign(replace(net.preprepare(), replica=1)),
        "identity differs from sender",
    ),
    "wrong digest": (0, lambda net: net.preprepare(digest="0" * 64), "digest differs from proposal"),
    "below the window": (0, lambda net: net.preprepare(seq=0), "old pre-prepare"),
    "negative number": (0, lambda net: net.preprepare(seq=-5), "old pre-prepare"),
    "negative view": (0, lambda net: net.keyring.sign(replace(net.preprepare(), view=-4)), "old pre-prepare"),
    "far above the window": (0, lambda net: net.preprepare(seq=10_000), "pre-prepare far ahead"),
    "null request": (
        0,
        lambda net: net.keyring.sign(PrePrepare(0, 1, NULL_PROPOSAL.digest, NULL_PROPOSAL, 0)),
        "null request outside a new view",
    ),
    "request nobody signed": (
        0,
        lambda net: net.preprepare(request=Request(client="bob", timestamp=1, operation="pay mallory")),
        "request not signed by its client",
    ),
}


@pytest.mark.parametrize("case", REFUSED_PREPREPARES)
def test_4_2_a_refused_preprepare_changes_nothing(network, case):
    sender, make, reason = REFUSED_PREPREPARES[case]
    net = network(byzantine=(0, 1))
    message = make(net)
    if reason in (
        "null request outside a new view",
        "request not signed by its client",
        "digest differs from proposal",
    ):
        # Looking for the slot opens an empty one: the fingerprint shows it, no behaviour does.
        assert list(net.send(sender, 2, message)) == []
        assert net.replicas[2].drops == {reason: 1}
        assert not net.of(2, PrePrepareAccepted)
        return
    net.refused(2, sender, message, reason)


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        ("only_primary_proposes", "not from the primary"),
        ("check_digest", "wrong digest"),
        ("check_requests", "request nobody signed"),
    ],
)
def test_each_check_of_a_preprepare_is_what_refuses_it(network, rule, case):
    """Planted bugs: without its rule the same message is accepted, so the tests above can fail."""
    sender, make, _ = REFUSED_PREPREPARES[case]
    net = network(byzantine=(0, 1), rules=replace(Rules(), **{rule: False}))
    net.send(sender, 2, make(net))
    assert net.of(2, PrePrepareAccepted)


@pytest.mark.parametrize("make", ["prepare", "commit"])
@pytest.mark.parametrize(
    ("change", "sender", "reason"),
    [
        ({"replica": 3}, 2, "identity differs from sender"),
        ({"view": -1}, 2, "vote of an old view"),
        ({"view": 10_000}, 2, "vote of a far view"),
        ({"seq": 0}, 2, "vote outside the window"),
        ({"seq": -3}, 2, "vote outside the window"),
        ({"seq": 10_000}, 2, "vote outside the window"),
        ({"seq": "one"}, 2, "malformed message"),
        ({"seq": [1]}, 2, "malformed message"),
        ({"seq": 1.5}, 2, "malformed message"),
        ({"view": None}, 2, "malformed message"),
        ({"view": 0.5}, 2, "malformed message"),
        ({"replica": [2]}, 2, "malformed message"),
        ({"replica": 2.0}, 2, "malformed message"),
        ({"seq": 1.0}, 2, "malformed message"),
        ({"seq": True}, 2, "malformed message"),
        ({"view": False}, 2, "malformed message"),
        ({"digest": None}, 2, "malformed message"),
        ({"signature": ""}, 2, "malformed message"),
        ({"replica": 99}, 2, "identity differs from sender"),
    ],
)
def test_a_vote_that_does_not_count_changes_nothing(network, make, change, sender, reason):
    net = network(byzantine=(0, 2))
    net.send(0, 1, net.preprepare(seq=2))
    vote = replace(getattr(net, make)(net.preprepare(), 2), **change)
    net.refused(1, sender, vote, reason)


def test_without_identity_checks_a_liar_votes_for_others(network):
    """Planted bug: the monitors' M4."""
    net = network(byzantine=(0, 2), rules=replace(Rules(), check_identity=False))
    first = net.preprepare()
    net.send(0, 1, first)
    net.send(2, 1, net.prepare(first, 3))
    assert net.of(1, Prepared)


def test_4_1_a_request_executed_before_is_answered_from_the_cache(network):
    net = network()
    request = net.decide()
    for replica in range(4):
        assert net.give(replica, ClientRequest(request)) == [Reply("alice", 1, "answer in view 0")]
    assert not net.pending


def test_4_1_an_older_request_of_the_same_client_is_forgotten(network):
    net = network()
    net.ask(net.request(timestamp=5))
    net.settle()
    assert net.give(1, ClientRequest(net.request(1, timestamp=4))) == []


def test_4_1_a_request_ordered_twice_executes_once(network):
    net = network(byzantine=(0,))
    for seq in (1, 2):
        first = net.preprepare(seq=seq)
        for replica in (1, 2, 3):
            net.send(0, replica, first)
        net.settle()
    executions = net.of(1, Execute)
    assert [(each.seq, each.repeated) for each in executions] == [(1, False), (2, True)]
    assert executions[0].state_digest == executions[1].state_digest
    assert net.of(1, Reply) == [Reply("alice", 1, "a")] * 2


def test_a_request_ordered_twice_executes_twice_without_its_rule(network):
    """Planted bug."""
    net = network(byzantine=(0,), rules=replace(Rules(), execute_once=False))
    for seq in (1, 2):
        for replica in (1, 2, 3):
            net.send(0, replica, net.preprepare(seq=seq))
        net.settle()
    executions = net.of(1, Execute)
    assert executions[0].state_digest != executions[1].state_digest


def test_an_older_request_ends_to_be_waited_for_when_a_newer_one_executes(network):
    """Else a client that sends an old request to one replica alone makes it leave every view, for nothing."""
    net = network()
    net.ask(net.request(timestamp=1), to=[2])
    net.ask(net.request(1, timestamp=2))
    net.settle()
    assert net.executed(2) == [(1, "answer in view 0")]
    assert "view" not in net.timers[2]
    assert not [key for key in net.stored[2] if key[0] == "request"]


def test_a_request_is_proposed_once(network):
    net = network()
    request = net.request()
    net.ask(request, to=[0])
    assert not any(isinstance(each, RequestProposal) for each in net.give(0, ClientRequest(request)))
    assert len(net.said(PrePrepare)) == 1


def test_4_1_an_unsigned_request_is_dropped(network):
    net = network()
    forged = Request(client="bob", timestamp=1, operation="pay mallory")
    for replica in (0, 1):
        net.unchanged(replica, ClientRequest(forged), "request not signed by its client")


def test_what_a_replica_says_stands_behind_what_it_persists(network):
    net = network(byzantine=(0,))
    first = net.preprepare()
    effects = net.send(0, 1, first)
    assert kinds(effects)[0] == "Persist"
    assert ("prepare", 1) in {key for each in effects if isinstance(each, Persist) for key, _ in each.entries}
    persist_at = [i for i, each in enumerate(effects) if isinstance(each, Persist)]
    prepare_at = next(i for i, each in enumerate(effects) if isinstance(each, Broadcast))
    assert max(persist_at) < prepare_at


def test_a_backup_prepares_only_what_its_validator_accepts(network):
    for verdict in (Verdict.REJECT, Verdict.UNSURE):
        net = network(byzantine=(0,))
        net.judge = lambda _replica, _proposal, verdict=verdict: verdict
        net.send(0, 1, net.preprepare())
        assert net.of(1, Judgement) == [Judgement(0, 1, verdict)]
        assert not net.said(Prepare)


def test_a_replica_whose_validator_rejects_still_commits_what_the_others_prepared(network):
    """A wrong LLM costs its own prepare, never agreement or progress."""
    net = network()
    net.judge = lambda replica, _proposal: Verdict.REJECT if replica == 3 else Verdict.ACCEPT
    net.decide()
    assert net.executed(3) == [(1, "answer in view 0")]


def test_a_late_verdict_is_dropped(network):
    net = network(byzantine=(0,))
    net.prompt = False
    first = net.preprepare()
    net.send(0, 1, first)
    for stale in (
        VerdictReady(1, 1, first.digest, Verdict.ACCEPT),
        VerdictReady(0, 2, first.digest, Verdict.ACCEPT),
        VerdictReady(0, 1, "0" * 64, Verdict.ACCEPT),
    ):
        net.unchanged(1, stale, "stale verdict")
    net.fire(1)
    net.unchanged(1, VerdictReady(0, 1, first.digest, Verdict.ACCEPT), "stale verdict")


def test_a_second_accept_prepares_nothing_again(network):
    net = network(byzantine=(0,))
    first = net.preprepare()
    net.send(0, 1, first)
    again = net.give(1, VerdictReady(0, 1, first.digest, Verdict.ACCEPT))
    assert again == [Judgement(0, 1, Verdict.ACCEPT)]


def test_a_proposal_that_comes_too_late_is_dropped(network):
    net = network()
    request = net.decide()
    net.unchanged(0, ProposalReady(0, request, "late"), "proposal for an executed request")
    net.unchanged(0, ProposalReady(1, request, "late"), "stale proposal")
    net.unchanged(1, ProposalReady(0, request, "not primary"), "stale proposal")


def test_a_primary_without_an_answer_says_so_and_proposes_nothing(network):
    net = network()
    net.answer = lambda _replica, _view, _request: None
    net.ask(net.request())
    assert net.of(0, ProposalMissing) == [ProposalMissing(0)]
    assert not net.pending


def test_several_numbers_are_in_flight_at_once(network):
    net = network()
    for number in range(5):
        net.ask(net.request(number, client=f"client {number}"))
    assert [message.seq for message in net.said(PrePrepare)] == [1, 2, 3, 4, 5]
    while net.pending:  # the latest sent first
        sender, to, message = net.pending.pop()
        net.send(sender, to, message)
    for replica in range(4):
        assert [seq for seq, _ in net.executed(replica)] == [1, 2, 3, 4, 5]
    assert len({net.of(replica, Execute)[-1].state_digest for replica in range(4)}) == 1


def test_4_2_execution_waits_for_lower_numbers(network):
    net = network(byzantine=(0,))
    second = net.preprepare(seq=2, request=net.request(1, client="bob"))
    for replica in (1, 2, 3):
        net.send(0, replica, second)
    net.settle()
    assert net.of(1, Committed)
    assert not net.executed(1)
    for replica in (1, 2, 3):
        net.send(0, replica, net.preprepare(seq=1))
    net.settle()
    assert [seq for seq, _ in net.executed(1)] == [1, 2]


def test_execution_skips_gaps_without_its_rule(network):
    """Planted bug."""
    net = network(byzantine=(0,), rules=replace(Rules(), execute_in_order=False))
    for replica in (1, 2, 3):
        net.send(0, replica, net.preprepare(seq=2))
    net.settle()
    assert [seq for seq, _ in net.executed(1)] == [2]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_smallest_systems_decide(network, n):
    net = network(n)
    for number in range(3):
        net.decide(number)
    assert all([seq for seq, _ in net.executed(replica)] == [1, 2, 3] for replica in range(n))


def test_a_tuned_quorum_is_what_replicas_wait_for(network):
    net = network(4, quorum=4)
    net.crash(3)
    net.decide()
    assert not net.executed(0)
    assert network(4, quorum=2).decide() is not None


def test_stakes_are_what_replicas_count(network):
    """Stakes 5, 3, 1, 1: f = 3, q = 7, so 0 and 1 decide alone and nobody does without 0."""
    net = network(4, stakes=[5, 3, 1, 1])
    assert net.system.quorum == 7
    for replica in (2, 3):
        net.crash(replica)
    net.decide()
    assert net.executed(0) == net.executed(1) == [(1, "answer in view 0")]
    net = network(4, stakes=[3, 5, 1, 1])
    net.crash(1)
    net.decide()
    assert not net.executed(0)


GARBAGE = [None, 1, "prepare", [1], {"seq": 1}, object, Proposal(request=None), ("PrePrepare", 0, 1)]


@pytest.mark.parametrize("thing", GARBAGE, ids=repr)
def test_what_is_no_message_is_dropped(network, thing):
    network().refused(1, 0, thing, "unknown message")


@pytest.mark.parametrize("field", ["view", "seq", "digest", "proposal", "replica"])
@pytest.mark.parametrize("value", [None, "x", [0], 1.5, {}], ids=repr)
def test_a_malformed_preprepare_is_dropped(network, field, value):
    if field == "digest" and value == "x":
        value = 7
    net = network(byzantine=(0,))
    net.refused(1, 0, replace(net.preprepare(), **{field: value}), "malformed message")


def test_a_preprepare_with_a_malformed_request_is_dropped(network):
    net = network(byzantine=(0,))
    for request in (
        "x",
        Request(client=["alice"], timestamp=1, operation=""),
        Request(client="a", timestamp="1", operation=""),
    ):
        proposal = Proposal(request=request)
        net.refused(1, 0, PrePrepare(0, 1, "d", proposal, 0), "malformed message")


def test_a_request_that_another_replica_passes_on_counts_by_its_clients_signature(network):
    net = network(byzantine=(3,))
    net.send(3, 0, net.request())
    assert len(net.said(PrePrepare)) == 1
    net.refused(0, 3, Request(client="bob", timestamp=1, operation="pay mallory"), "request not signed by its client")
    net.refused(0, 3, Request(client=["bob"], timestamp=1, operation="x"), "malformed message")


def test_a_backup_that_waits_passes_its_request_to_the_primary(network):
    """§4.1: "if the replica is not the primary, it relays the request to the primary"."""
    net = network()
    request = net.request()
    net.ask(request, to=[2])
    effects = net.fire(2, "status")
    assert [each for each in effects if isinstance(each, Send)] == [Send(0, request)]
    net.settle()
    assert all(net.executed(replica) for replica in range(4))


def test_verdicts_are_asked_for_once_per_place(network):
    net = network(byzantine=(0,))
    net.prompt = False
    assert sum(isinstance(each, RequestVerdict) for each in net.send(0, 1, net.preprepare())) == 1
