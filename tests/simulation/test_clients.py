"""Clients wait for their answers, by default; what is never executed, or never takes effect, is told."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.core.effects import Execute, Reply
from bft.core.quorum import QuorumSystem
from bft.core.request import NULL_PROPOSAL, Request
from bft.errors import ScenarioError
from bft.exporting.run_report import run_report
from bft.protocols.pbft import PbftReplica
from bft.protocols.pbft.events import Committed
from bft.randomness import Randomness
from bft.record.outcome import Outcome
from bft.record.safety import SafetyMonitor
from bft.record.trace import Record
from bft.simulation.clients import Clients
from bft.simulation.workload import Workload

SLOW = {"kind": "statistical", "accuracy": 1.0, "latency": {}}
"""Validators that answer at their own pace: even an honest primary orders requests in another order than they came."""

REORDERED = {"reordering": 0.5, "held_back_s": 3.0}


def stream(count: int, clients: int | None, **given: Any) -> bft.Scenario:
    requests = {"count": count, "rate_per_s": 2.0, **({} if clients is None else {"clients": clients})}
    requests.update(given.pop("requests", {}))
    return bft.Scenario(views="unlimited", horizon_s=3000.0, requests=requests, **given)


def executed(run: bft.Run) -> list[tuple[str, int]]:
    """Return what took effect anywhere, by number: who adopts a state executes nothing of it."""
    keys = {
        event.seq: event.proposal.request.key
        for _, _, event in run.trace.of(Execute)
        if event.proposal.request is not None and not event.repeated
    }
    return [key for _, key in sorted(keys.items())]


@pytest.mark.parametrize("clients", [None, 20, 5, 1])
@pytest.mark.parametrize(
    "given",
    [{"validators": SLOW}, {"network": REORDERED, "pbft": {"view_timeout_s": 2.0}}],
    ids=["validators", "network"],
)
def test_every_request_of_a_client_that_waits_is_executed_in_its_order(
    clients: int | None, given: dict[str, Any]
) -> None:
    count = 60 if "validators" in given else 20
    run = bft.simulate(stream(count, clients, **given), 3)
    keys = executed(run)
    assert len(set(keys)) == count
    assert set(run.outcomes) == {Outcome.AGREED_CORRECT}
    assert run.requests.asked == run.requests.executed == run.requests.answered == count
    for client in {client for client, _ in keys}:
        timestamps = [timestamp for who, timestamp in keys if who == client]
        assert timestamps == sorted(timestamps)


@pytest.mark.parametrize("keep", ["all", "summary"])
def test_what_a_pipelined_client_loses_is_told(keep: Any) -> None:
    run = bft.Simulator(stream(60, 1, validators=SLOW, requests={"pipelined": True}), 3, keep=keep).run()
    counts = run.requests
    assert counts.superseded > 10
    assert counts.executed + counts.superseded == counts.asked == 60
    assert (counts.unexecuted, counts.queued) == (0, 0)
    assert run.outcome is Outcome.STALLED
    assert run.outcomes.count(Outcome.STALLED) == counts.superseded
    assert f"{counts.superseded} superseded by a later one of the same client" in str(counts)
    assert run.to_json()["requests"] == {
        "asked": 60,
        "executed": counts.executed,
        "answered": counts.answered,
        "superseded": counts.superseded,
        "unexecuted": 0,
        "queued": 0,
    }
    if keep == "all":
        assert counts.executed == len(executed(run))
        html = run._repr_html_()
        assert str(counts) in html


def test_both_ways_to_keep_a_run_tell_the_same() -> None:
    scenario = stream(60, 3, validators=SLOW, requests={"pipelined": True})
    whole, short = (bft.Simulator(scenario, 5, keep=keep).run() for keep in ("all", "summary"))
    assert whole.requests == short.requests
    assert whole.requests.superseded > 0
    assert whole.outcomes == short.outcomes


def test_latency_counts_from_arrival_with_the_wait_in_the_own_queue() -> None:
    # Delays of .1 s, prompt validators: a decision takes .3 s. A client is the queue M/D/1, by Lindley's recursion.
    scenario = bft.Scenario(
        network={"delay": {"law": "constant", "delay_s": 0.1}},
        requests={"count": 200, "rate_per_s": 3.0, "clients": 1},
    )
    run = bft.simulate(scenario, 7)
    arrivals = [at_s for _, at_s in Workload(scenario.requests, Randomness(7)).arrivals([None] * 200, 0)]  # type: ignore[list-item]
    free_s, expected = 0.0, []
    for at_s in arrivals:
        free_s = max(free_s, at_s) + 0.3
        expected.append(free_s - at_s)
    assert run.metrics.client_latency_s == pytest.approx(expected, abs=1e-9)
    assert max(expected) > 2.0, "the queue was there"


def test_what_waits_at_the_end_is_told_as_queued() -> None:
    run = bft.simulate(stream(20, 1, faults={"nodes": [1, 2], "behaviour": "crash"}).replace("horizon_s", 60.0), 1)
    assert run.outcome is Outcome.STALLED
    counts = run.requests
    assert (counts.asked, counts.executed, counts.unexecuted, counts.queued) == (20, 0, 20, 19)
    assert "20 not executed (19 still in their clients' queues)" in str(counts)


@pytest.mark.parametrize("keep", ["all", "summary"])
def test_the_requests_of_a_run_can_be_read_one_by_one(keep: Any) -> None:
    run = bft.Simulator(stream(20, 3), 3, keep=keep).run()
    assert len(run.requests) == run.requests.asked == 20
    assert [request.client for request in run.requests] == [f"client-{number % 3}" for number in range(20)]
    assert [request.key for request in run.requests] == [request.key for request in list(run.requests)[:20]]
    assert run.requests[4].key == ("client-1", 2)
    assert [request.operation for request in run.requests[-2:]] == ["question-18", "question-19"]
    assert pickle.loads(pickle.dumps(run.requests)) == run.requests


def test_the_operations_of_accounts_are_those_that_were_asked_in_the_replication() -> None:
    run = bft.Simulator(stream(20, 3, requests={"operations": "account"}), 3).run(7)
    asked = {request.key: request.operation for request in run.requests}
    executed_as = {
        event.proposal.request.key: event.proposal.request.operation
        for _, _, event in run.trace.of(Execute)
        if event.proposal.request is not None
    }
    assert executed_as == asked


def test_a_run_may_take_a_view_for_each_turn_of_a_client() -> None:
    patient = bft.Scenario(requests={"count": 100, "rate_per_s": 50.0, "clients": 1})
    assert patient.end_s >= 2 * 99 * patient.own.view_timeout_s
    assert patient.replace("requests.pipelined", True).end_s < patient.end_s


def test_settings_of_clients_are_refused_by_name_and_cost_nothing_where_they_are_not_used() -> None:
    with pytest.raises(ScenarioError, match=r"^requests\.pipelined = True: needs requests\.clients"):
        bft.Scenario(requests={"count": 3, "rate_per_s": 1.0, "pipelined": True})
    with pytest.raises(ScenarioError, match=r"^requests\.pipelined = 'often': must be true or false"):
        bft.Scenario(requests={"count": 3, "rate_per_s": 1.0, "clients": 1, "pipelined": "often"})
    assert "pipelined" not in bft.Scenario().to_dict()["requests"]
    told = stream(3, 1, requests={"pipelined": True})
    assert bft.Scenario.from_dict(told.to_dict()) == told
    refused = bft.Scenario(requests={"count": 1, "clients": 1, "pipelined": True})
    with pytest.raises(bft.BftError, match=r"requests\.(clients|pipelined)"):
        bft.sweep(refused, replications=1, engine="vectorised")


MEMBERS: dict[str, Any] = {
    "n": 6,
    "requests": {"count": 40, "rate_per_s": 1.0, "clients": 4},
    "pbft": {"checkpoint_interval": 4, "window": 8},
}


def test_two_changes_asked_at_once_take_effect_one_after_the_other() -> None:
    changes = [{"at_s": 10.0, "remove": 3, "add": 4}, {"at_s": 10.0, "remove": 2, "add": 5}]
    run = bft.simulate(bft.Scenario(**MEMBERS, membership={"members": 4, "changes": changes}), 1)
    assert run.outcome is Outcome.AGREED_CORRECT
    assert set(run.members) == {0, 1, 4, 5}
    first, second = run.changes
    assert first.answered_at_s is not None
    assert first.effective_at_s is not None
    assert second.answered_at_s is not None
    assert second.effective_at_s is not None
    assert 10.0 <= first.answered_at_s <= first.effective_at_s
    assert first.answered_at_s < second.answered_at_s <= second.effective_at_s
    assert len(run.metrics.client_latency_s) == 40, "the operator's requests are not the clients'"


LATE = {"at_s": 900.0, "remove": 3, "add": 4}
WRONG = {"at_s": 5.0, "remove": 5}


def test_the_summary_speaks_of_the_members_and_of_a_change_without_effect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = bft.Scenario(
        **{**MEMBERS, "n": 13}, horizon_s=1000.0, membership={"members": 4, "changes": [WRONG, LATE]}
    )
    file = tmp_path / "members.toml"
    file.write_text(scenario.to_toml(), encoding="utf-8")
    assert main(["run", str(file), "--seed", "1"]) == 0
    told = capsys.readouterr().out
    assert "members 0, 1, 2, 3 of n = 13 nodes; quorum 3 of 4, tolerates 1" in told
    assert "quorum 9" not in told
    assert "member remove 5 (at 5 s) never took effect: error: 5 is no member" in told
    assert "member replace 3 4 (at 900 s) was executed at 900" in told
    assert "and never took effect: no epoch with it began" in told
    assert main(["run", str(file), "--seed", "1", "--json"]) == 0
    membership: Mapping[str, Any] = json.loads(capsys.readouterr().out)["membership"]
    assert (membership["members"], membership["quorum"], membership["tolerated"]) == ([0, 1, 2, 3], 3, 1)
    assert [change["effective_at_s"] for change in membership["changes"]] == [None, None]
    page = run_report(bft.simulate(scenario, 1, journal=True))
    assert "quorum 3 of 4" in page
    assert "never took effect" in page


def test_a_change_that_is_never_executed_is_a_request_that_stalled() -> None:
    scenario = bft.Scenario(**MEMBERS, horizon_s=100.0, membership={"members": 4, "changes": [LATE]})
    run = bft.simulate(scenario, 1)
    assert run.requests.executed == 40
    assert run.outcome is Outcome.STALLED
    assert str(run.changes[0]) == "member replace 3 4 (at 900 s) was never executed"


def request(client: str, timestamp: int) -> Request:
    return Request(client=client, timestamp=timestamp, operation="x")


def test_clients_believe_the_members_of_one_epoch() -> None:
    clients = Clients(QuorumSystem.of(10))
    clients.members_changed(range(4), 0.0)
    assert clients.arrived(request("client-0", 1), 1.0)
    assert not clients.arrived(request("client-0", 2), 2.0)
    for stranger in (7, 8, 9):
        assert clients.replied(stranger, Reply("client-0", 1, "yes"), 3.0) is None
    assert clients.replied(0, Reply("client-0", 1, "yes"), 3.0) is None
    assert clients.replied(1, Reply("client-0", 1, "no"), 3.0) is None
    assert clients.members_changed((7, 4, 5, 6), 4.0) == []
    following = clients.members_changed((8,), 5.0)  # the one member of the third epoch had replied before
    assert [each.key for each in following] == [("client-0", 2)]
    assert list(clients.latency_s) == [4.0, -1.0]
    assert [each.key for each in clients.waiting()] == [("client-0", 2)]


class CommitsOtherwise(PbftReplica):
    """Node 2 commits another value after it has executed one."""

    def step(self, now: float, event: Any) -> Any:
        effects = list(super().step(now, event))
        done = [each for each in effects if isinstance(each, Execute)]
        return effects + [Committed(1, each.seq, "other", (0, 1, 3)) for each in done if self.id == 2]


@pytest.mark.parametrize("check", ["basic", "full"])
def test_a_commit_that_contradicts_an_execution_is_a_split_though_all_executed_the_same(check: Any) -> None:
    run = bft.simulate(bft.Scenario(), 1, make_replica=CommitsOtherwise, check=check)
    assert set(run.outcomes) == {Outcome.AGREED_CORRECT}
    assert run.outcome is Outcome.SPLIT
    (breach,) = [each for each in run.breaches if each.invariant == "S1"]
    assert breach.node == 2
    assert "committed other in view 1" in breach.detail


def commit(monitor: SafetyMonitor, node: int, seq: int, digest: str) -> None:
    monitor.committed(Record(0.0, node, Committed(0, seq, digest, ())))


def execute(monitor: SafetyMonitor, node: int, seq: int, digest: str) -> None:
    monitor.observe(0.0, node, Execute(0, seq, digest, NULL_PROPOSAL, False, "s"))


def test_a_commit_behind_a_gap_is_compared_too_and_told_once() -> None:
    monitor = SafetyMonitor(frozenset({0, 1}), lambda _: True)
    commit(monitor, 0, 2, "b")
    execute(monitor, 1, 1, "a")
    execute(monitor, 1, 2, "c")
    assert [(each.invariant, each.node) for each in monitor.breaches] == [("S1", 1)]
    commit(monitor, 1, 2, "c")
    assert len(monitor.breaches) == 1
    commit(monitor, 3, 1, "z")
    assert len(monitor.breaches) == 1, "node 3 is not watched"


def test_what_was_committed_beyond_the_end_of_an_epoch_contradicts_nothing() -> None:
    monitor = SafetyMonitor(frozenset({0, 1}), lambda _: True, epochs=True)
    execute(monitor, 0, 1, "a")
    commit(monitor, 0, 2, "of the old epoch")
    execute(monitor, 1, 1, "a")
    execute(monitor, 1, 2, "of the new epoch")
    assert monitor.breaches == []
    commit(monitor, 1, 2, "other")
    assert [each.invariant for each in monitor.breaches] == ["S1"]
