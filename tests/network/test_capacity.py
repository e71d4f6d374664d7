"""Sizes, uplinks, processors, slow nodes: exact where everything else is constant."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import bft
from bft.core.effects import Execute
from bft.core.request import Proposal, Request
from bft.errors import ScenarioError
from bft.network.capacity import MessageSizes
from bft.protocols.pbft.messages import Commit, NewView, Prepare, PreparedCertificate, PrePrepare, ViewChange
from bft.record.trace import Trace
from bft.simulation.message_sizes import weigh

BARE = MessageSizes(header_bytes=0, signature_bytes=64, digest_bytes=32)
REQUEST = Request(client="c", timestamp=1, operation="what?")
PROPOSAL = Proposal(request=REQUEST, answer="42")
CONSTANT = {"law": "constant", "delay_s": 0.1}


def certificate(size: int) -> PreparedCertificate:
    proposed = PrePrepare(0, 1, PROPOSAL.digest, PROPOSAL, 0)
    return PreparedCertificate(proposed, tuple(Prepare(0, 1, PROPOSAL.digest, each) for each in range(1, size)))


def test_a_vote_is_its_numbers_its_digest_and_its_signature() -> None:
    assert weigh(Prepare(0, 1, "d", 2), BARE) == (8 + 8 + 32 + 8 + 64, 1)
    assert weigh(Prepare(0, 1, "d", 2), MessageSizes()).size_bytes == 54 + 120


def test_a_proposal_carries_request_and_answer() -> None:
    request = 1 + 8 + 5 + 64
    assert weigh(REQUEST, BARE) == (request, 1)
    assert weigh(PrePrepare(0, 1, "d", PROPOSAL, 0), BARE) == (8 + 8 + 32 + (request + 2 + 0) + 8 + 64, 2)
    long = MessageSizes(header_bytes=0, request_bytes=1000, answer_bytes=4000)
    assert weigh(PrePrepare(0, 1, "d", PROPOSAL, 0), long).size_bytes == 8 + 8 + 32 + (request - 5 + 1000 + 4000) + 72


def test_certificates_grow_with_the_number_of_voters() -> None:
    weights = [weigh(certificate(size), BARE) for size in (3, 5, 7)]
    assert [each.signatures for each in weights] == [4, 6, 8]
    assert {b.size_bytes - a.size_bytes for a, b in pairwise(weights)} == {2 * 120}
    change = ViewChange(1, 0, (), (certificate(3),), 2)
    new_view = NewView(1, (change,) * 3, (), 1)
    assert weigh(new_view, BARE).signatures == 3 * 5 + 1


def test_bytes_are_counted_by_kind() -> None:
    run = bft.simulate(bft.Scenario(n=4, network={"sizes": True}), 1)
    assert run.metrics.network is not None
    by_kind = run.metrics.network.bytes_by_kind
    assert by_kind["Commit"] == 12 * weigh(Commit(0, 1, "d", 0), MessageSizes()).size_bytes
    assert by_kind["Prepare"] == 9 * weigh(Prepare(0, 1, "d", 0), MessageSizes()).size_bytes
    assert run.metrics.network.bytes_sent == sum(by_kind.values())
    assert run.to_json()["network"]["bytes_by_kind"] == dict(by_kind)


def executed(trace: Trace) -> dict[int, float]:
    return {node: time_s for time_s, node, _ in trace.of(Execute)}


def test_an_uplink_sends_one_message_after_another() -> None:
    """A proposal of 1 Mbyte takes a second of 8 Mbit/s: backups have it at 1.1, 2.1 and 3.1 s; votes weigh nothing.

    The second backup's vote completes certificates at 2.2 s, and the primary decides at 2.3 s. Its own commit waits for
    the last proposal and is there at 3.1 s, when the others decide.
    """
    sizes = {"header_bytes": 0, "signature_bytes": 0, "digest_bytes": 0, "request_bytes": 1_000_000}
    network = {"delay": CONSTANT, "sizes": sizes, "bandwidth": {"uplink_mbit_s": 8.0}}
    run = bft.simulate(bft.Scenario(n=4, network=network), 1)
    assert executed(run.trace) == pytest.approx({0: 2.3, 1: 3.1, 2: 3.1, 3: 3.1}, abs=1e-3)
    assert run.metrics.network is not None
    assert run.metrics.network.uplink_longest_wait_s == pytest.approx(2.0, abs=1e-3)
    assert run.metrics.network.uplink_busy_s == pytest.approx(3.0, abs=1e-3)


def test_a_processor_takes_in_one_message_after_another() -> None:
    """A message received takes 1 s, links 0.1 s.

    Proposals are done at 1.1 s. The prepares come at 1.2 s: backups need one of theirs and are prepared at 2.2 s, the
    primary needs two, 3.2 s. Commits come from 2.3 s on and wait behind the prepares that nobody needs: the second is
    done at 5.2 s at the backups, at 6.2 s at the primary, who had three prepares to take in.
    """
    network = {"delay": CONSTANT, "processing": {"verify_s": 0.0, "sign_s": 0.0, "message_s": 1.0}}
    run = bft.simulate(bft.Scenario(n=4, network=network, pbft={"view_timeout_s": 100}, retransmit_s=100), 1)
    assert executed(run.trace) == pytest.approx({0: 6.2, 1: 5.2, 2: 5.2, 3: 5.2})
    assert run.metrics.network is not None
    assert run.metrics.network.processor_busy_s == pytest.approx(6.0)


def test_signing_keeps_the_processor_busy_before_the_message_leaves() -> None:
    network = {"delay": CONSTANT, "processing": {"verify_s": 0.0, "sign_s": 0.5}}
    run = bft.simulate(bft.Scenario(n=4, network=network), 1)
    assert executed(run.trace) == pytest.approx(dict.fromkeys(range(4), 3 * 0.1 + 3 * 0.5))


def test_a_full_queue_loses_what_arrives() -> None:
    network = {"delay": CONSTANT, "processing": {"verify_s": 0.5, "queue_limit": 1}}
    run = bft.simulate(bft.Scenario(n=16, network=network, horizon_s=100), 1)
    assert run.metrics.network is not None
    assert run.metrics.network.lost_by["queue full"] > 0
    assert not run.breaches


def test_slow_nodes_are_late_and_only_while_they_are_slow() -> None:
    work = {"delay": CONSTANT, "processing": {"verify_s": 0.01, "sign_s": 0.0}}

    def last(slowdowns: list[dict[str, object]]) -> dict[int, float]:
        network = {**work, "slowdowns": slowdowns}
        return executed(bft.simulate(bft.Scenario(n=4, network=network), 1).trace)

    normal, slow = last([]), last([{"nodes": [3], "factor": 50}])
    assert slow[3] > normal[3] + 1
    assert max(slow[node] for node in (0, 1, 2)) < normal[3] + 0.1, "a quorum does not wait for it"
    assert last([{"nodes": [3], "factor": 50, "start_s": 100}]) == normal
    assert last([{"nodes": [3], "factor": 50, "end_s": 0.05}]) == normal


def test_without_sizes_and_work_the_fabric_is_as_fast_as_plain_links() -> None:
    plain = bft.Scenario(n=7, network={"delay": CONSTANT})
    counted = bft.Scenario(n=7, network={"delay": CONSTANT, "sizes": True})
    free = bft.Scenario(
        n=7,
        network={"delay": CONSTANT, "processing": {"verify_s": 0, "sign_s": 0}, "bandwidth": {"uplink_mbit_s": 1e12}},
    )
    at_s = [bft.simulate(each, 3).metrics.decided_at_s for each in (plain, counted, free)]
    assert at_s == pytest.approx([3 * 0.1] * 3)


def test_the_delays_of_the_fabric_have_the_law_of_the_links() -> None:
    """300 decisions each way, means within 4.4 standard errors of both: false alarm about 1e-5."""
    plain, counted = (
        np.array([simulator.run(each).metrics.decided_at_s for each in range(300)])
        for simulator in (bft.Simulator(bft.Scenario(n=4, network=each), 5) for each in ({}, {"sizes": True}))
    )
    error = np.hypot(plain.std(ddof=1), counted.std(ddof=1)) / np.sqrt(300)
    assert abs(plain.mean() - counted.mean()) < 4.4 * error


def test_large_systems_saturate() -> None:
    """One verification of 0.1 ms for each of 2n² votes: from some n on latency is work, not distance."""

    def latency_s(n: int, **network: object) -> float:
        at_s = bft.simulate(bft.Scenario(n=n, network={"delay": CONSTANT, **network}), 1).metrics.decided_at_s
        assert at_s is not None
        return at_s

    work = {"verify_s": 0.001, "sign_s": 0.0}
    small, large = (latency_s(n, processing=work) - latency_s(n, sizes=True) for n in (4, 64))
    assert small < 0.01
    assert large > 0.06


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"bandwidth": {"uplink_mbit_s": 0}}, "network.bandwidth.uplink_mbit_s = 0: must be more than 0"),
        ({"bandwidth": {"uplink_mbit_s": [1, 2]}}, "must have one value for each of the n = 4 nodes"),
        ({"processing": {"verify_s": -1}}, "network.processing.verify_s = -1: must be at least 0"),
        ({"processing": {"queue_limit": 0}}, "network.processing.queue_limit = 0: must be at least 1"),
        ({"processing": {"queue_limit": True}}, "network.processing.queue_limit = True: must be a whole number"),
        ({"sizes": {"answer_bytes": -1}}, "network.sizes.answer_bytes = -1: must be at least 0"),
        ({"slowdowns": [{"nodes": [1]}]}, "network.slowdowns = 1: need network.bandwidth or network.processing"),
        ({"processing": True, "slowdowns": [{"nodes": [7]}]}, "network.slowdowns.nodes = 7: must be a node between"),
        ({"processing": True, "slowdowns": [{"nodes": [1], "factor": 0.5}]}, "factor = 0.5: must be at least 1"),
        ({"processing": True, "slowdowns": [{"nodes": [1], "start_s": 3, "end_s": 2}]}, "end_s = 2.0: must be later"),
    ],
)
def test_capacities_that_cannot_be_are_refused_by_name(network: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(network=network)
    assert message in str(refused.value)
