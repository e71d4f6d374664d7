"""One decision without faults: counts, times, events and results of a run."""

from __future__ import annotations

import pytest

import bft
from bft.core.effects import Execute
from bft.network.delays import ConstantDelay
from bft.protocols.pbft.events import Committed, Prepared
from bft.record.outcome import Outcome


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 16, 32])
def test_everybody_executes_the_right_answer_with_exactly_2n_n_minus_1_messages(n: int) -> None:
    run = bft.simulate(bft.Scenario(n=n), 1)
    assert run.outcome is Outcome.AGREED_CORRECT
    assert run.metrics.messages_sent == run.metrics.messages_delivered == 2 * n * (n - 1)
    expected = {"PrePrepare": n - 1, "Prepare": (n - 1) ** 2, "Commit": n * (n - 1)}
    assert {kind: count for kind, count in run.metrics.sent_by_kind.items() if count} == {
        kind: count for kind, count in expected.items() if count
    }
    assert len(run.trace.of(Execute)) == n
    assert not run.breaches


def test_with_constant_delays_a_decision_takes_three_hops() -> None:
    network = bft.Network(delay=ConstantDelay(delay_s=0.2))
    run = bft.simulate(bft.Scenario(n=7, network=network), 1)
    assert run.metrics.decided_at_s == pytest.approx(0.6, abs=1e-12)
    assert run.metrics.first_decided_at_s == run.metrics.last_decided_at_s
    assert run.metrics.views == 1
    # Replies take no time in this model: the client is convinced by the first f + 1 executions.
    assert run.metrics.client_latency_s == (pytest.approx(0.6, abs=1e-12),)


def test_prepared_names_backups_only_and_committed_a_quorum() -> None:
    run = bft.simulate(bft.Scenario(n=7), 3)
    for _, _, event in run.trace.of(Prepared):
        assert 0 not in event.voters
        assert len(set(event.voters)) == len(event.voters) >= 4
    for _, _, event in run.trace.of(Committed):
        assert len(set(event.voters)) == len(event.voters) >= 5


def test_a_run_shows_itself_as_html_and_json() -> None:
    run = bft.simulate(bft.Scenario(n=4, faults=bft.Faults(nodes=(2,), behaviour="crash")), 5)
    assert "agreed, correct" in run._repr_html_()
    assert "2 (crash)" in run._repr_html_()
    assert repr(run).startswith("Run(agreed_correct, n=4, faulty=[2], decided_at_s=")
    told = run.to_json()
    assert told["outcome"] == "agreed_correct"
    assert told["faults"] == {"2": {"behaviour": "crash", "crashes": 1}}
    assert told["trace_hash"] == run.trace.hash
    events = run.trace.to_json()
    assert {"time_s", "node", "event"} <= set(events[0])
    assert len(events) == len(run.trace)


def test_decided_at_is_when_n_minus_f_nodes_decided() -> None:
    run = bft.simulate(bft.Scenario(n=7), 11)
    times = sorted(time_s for time_s, _, _ in run.trace.of(Execute))
    assert run.metrics.first_decided_at_s == times[0]
    assert run.metrics.decided_at_s == times[4]
    assert run.metrics.last_decided_at_s == times[6]
