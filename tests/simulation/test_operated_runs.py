"""Machines and the LLM service inside consensus runs: they act, they are seen to act, and nothing else changes."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bft
from bft.adversary.node import Crash, Recover
from bft.core.effects import Execute
from bft.core.events import Restarted, StateTransferred
from bft.errors import ScenarioError
from bft.experiments.laws import law_of
from bft.llm_service.panel import CallFailed
from bft.operations.alerts import Alert, Level
from bft.operations.events import Acted, Failed, HealthChanged, Repaired, StateLost, Suspected
from bft.operations.policies import Incident
from bft.operations.recovery import Action
from bft.record.trace import Record
from bft.theory.reliability import availability
from bft.vectorised.support import supported

MACHINE = {
    "up": {"mean_s": 1500.0},
    "mix": {"crash": 0.4, "hang": 0.2, "corruption": 0.3, "host": 0.1},
    "detector": {"kind": "timeout", "timeout_s": 5.0},
    "snapshots": {"interval_s": 300.0},
    "accuracy": 0.8,
}
QUICK = {"workers": 8, "time": {"law": "lognormal", "median_s": 1.5, "log_sd": 0.5}}
SERVICE = {
    "preset": "test",
    "endpoints": {
        "large": {**QUICK, "p_error": 0.1, "provider": "one"},
        "small": {"workers": 8, "time": {"law": "exponential", "mean_s": 0.8}},
    },
    "providers": {"one": {"up": {"mean_s": 1000.0}, "down": {"mean_s": 120.0}}},
}


def scenario(count: int = 150, **given: object) -> bft.Scenario:
    fields: dict[str, object] = {
        "n": 7,
        "requests": {"count": count, "rate_per_s": 1 / 30, "clients": 10, "operations": "account"},
        "machine": MACHINE,
        "service": SERVICE,
        "pbft": {"checkpoint_interval": 16, "view_timeout_s": 60.0},
        "retransmit_s": 20.0,
        "horizon_s": count * 33.0 + 1000.0,
    }
    return bft.Scenario(**{**fields, **given})


@pytest.fixture(scope="module")
def run() -> bft.Run:
    return bft.simulate(scenario(), 3)


def test_every_request_is_agreed_and_everybody_has_the_same_balances(run: bft.Run) -> None:
    assert {outcome.value for outcome in run.outcomes} == {"agreed_correct"}
    assert not run.breaches
    assert len(run.balances) == 7
    assert len(set(run.balances.values())) == 1
    assert len(run.balances[0]) > 5
    assert min(balance for _, balance in run.balances[0]) >= 0


def test_faults_crash_replicas_and_repairs_bring_them_back(run: bft.Run) -> None:
    failed, repaired = run.trace.of(Failed), run.trace.of(Repaired)
    assert len(failed) > 10
    assert len(run.trace.of(Crash)) == len(failed)
    assert [(each.time_s, each.node) for each in run.trace.of(Recover)] == [(e.time_s, e.node) for e in repaired]
    assert len(run.trace.of(Restarted)) == len(repaired)
    own = {(round(each.time_s, 6), each.node) for each in failed if each.event.cause == each.node}
    assert {(round(time_s - event.after_s, 6), node) for time_s, node, event in run.trace.of(Suspected)} <= own
    executed_while_down = [
        record
        for record in run.trace.of(Execute)
        for fault, repair in zip(failed, repaired, strict=False)
        if fault.node == repair.node == record.node and fault.time_s < record.time_s < repair.time_s
    ]
    assert not executed_while_down


def test_who_is_restored_has_lost_what_its_backup_lacked_and_gets_it_back(run: bft.Run) -> None:
    lost = run.trace.of(StateLost)
    assert lost, "corruption and hosts' faults are restored from backups"
    assert run.operations is not None
    assert run.operations.machines is not None
    assert run.operations.machines.lost_requests.n == len(lost)
    assert any(event.kept < event.had for _, _, event in lost)
    again: dict[tuple[int, int], int] = {}
    for _, node, event in run.trace.of(Execute):
        again[node, event.seq] = again.get((node, event.seq), 0) + 1
    executed_twice = {place for place, times in again.items() if times > 1}
    transferred = run.trace.of(StateTransferred)
    for time_s, node, event in lost:
        if event.kept < event.had:
            replayed = any((node, seq) in executed_twice for seq in range(event.kept + 1, event.had + 1))
            skipped = any(each.node == node and each.time_s > time_s for each in transferred)
            assert replayed or skipped, "what was lost came from the others"


def test_a_node_without_backups_loses_nothing() -> None:
    machine = {key: value for key, value in MACHINE.items() if key != "snapshots"}
    found = bft.simulate(scenario(60, machine=machine), 3)
    assert not found.trace.of(StateLost)
    assert len(found.trace.of(Repaired)) > 5
    assert len(set(found.balances.values())) == 1


def test_all_invariants_hold_while_machines_fail_and_lose_state() -> None:
    found = bft.simulate(scenario(60), 5, check="full")
    assert found.trace.of(StateLost)
    assert not found.breaches


def test_the_report_has_what_happened(run: bft.Run) -> None:
    report = run.operations
    assert report is not None
    machines, service = report.machines, report.service
    assert machines is not None
    assert service is not None
    assert machines.nodes.failures == len(run.trace.of(Failed))
    assert machines.nodes.repairs == len(run.trace.of(Repaired))
    assert sum(machines.actions.values()) >= len(run.trace.of(Acted))
    assert service.calls == service.votes + service.abstained + service.failed
    assert service.calls > 7 * 150 * 0.9
    assert set(service.endpoints["large"]) >= {"answered", "status 500", "status 503"}, "configured faults fired"
    assert service.queues["large"] is not None
    assert service.queues["large"].response_s.value == pytest.approx(1.7, abs=0.2)  # exp(ln 1.5 + .5² / 2)
    assert len(service.alerts) == len(run.trace.of(Alert))
    assert run.trace.of(HealthChanged)
    told = run.to_json()["operations"]
    assert told["machines"]["nodes"]["failures"] == machines.nodes.failures
    assert told["service"]["queues"]["large"]["wait_s"]["n"] == service.queues["large"].cycles
    for words in ("nodes: availability", "MTTR (s)", "recovery rate", "P(Fault)", "endpoint large", "Wq (s)", "alerts"):
        assert words in report.to_text()
    assert {metric.name for metric in report.to_metrics()} >= {"bft_availability", "bft_calls_total"}


def test_one_seed_gives_one_run_event_by_event(run: bft.Run) -> None:
    again = bft.simulate(scenario(), 3)
    assert list(again.trace) == list(run.trace)
    assert again.to_json()["operations"] == run.to_json()["operations"]
    assert bft.simulate(scenario(), 4).trace_hash != run.trace_hash
    assert bft.simulate(scenario(), 3, replication=1).trace_hash != run.trace_hash


def test_one_seed_gives_one_run_in_every_process() -> None:
    program = (
        "import bft, tomllib, sys; "
        "print(bft.simulate(bft.Scenario.from_dict(tomllib.loads(sys.argv[1])), 3).trace_hash)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program, scenario(20).to_toml()],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.strip()
        for seed in ("0", "4242")
    }
    assert found == {bft.simulate(scenario(20), 3).trace_hash}


def test_a_summary_tells_the_same_as_the_whole_trace(run: bft.Run) -> None:
    brief = bft.simulate(scenario(), 3, keep="summary")
    for name in ("outcomes", "outcome", "metrics", "balances", "breaches"):
        assert getattr(brief, name) == getattr(run, name), name
    assert brief.to_json()["operations"] == run.to_json()["operations"]
    whole = iter(run.trace)
    assert all(record in whole for record in brief.trace), "a subsequence"
    assert len(brief.trace.of(Failed)) == len(run.trace.of(Failed))


@pytest.mark.parametrize("rule", ["quorum", "plurality", "judge"])
def test_a_summary_of_a_ballot_tells_the_same_too(rule: str) -> None:
    faults = {"delta": 0.3, "behaviour": "crash_recover"}
    ballot = bft.Scenario(n=4, protocol="ballot", rule=rule, validators="statistical", faults=faults)
    for replication in range(10):
        whole = bft.simulate(ballot, 3, replication=replication)
        brief = bft.simulate(ballot, 3, replication=replication, keep="summary")
        for name in ("outcomes", "outcome", "metrics", "breaches"):
            assert getattr(brief, name) == getattr(whole, name), name


def test_a_summary_forgets_the_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bft.simulation.summary.WINDOW", 100)
    brief = bft.simulate(scenario(40), 3, keep="summary")
    whole = bft.simulate(scenario(40), 3)
    assert len(brief.trace.of(Execute)) < 100 < len(whole.trace.of(Execute))
    order: dict[Record, int] = {}
    for place, record in enumerate(whole.trace):
        order.setdefault(record, place)
    places = [order[record] for record in brief.trace]
    assert places == sorted(places)


def test_measured_availability_holds_the_law() -> None:
    # 99.9 % interval of the exponential law; seeded: a right simulation fails with probability 0.001.
    machine = {"up": {"mean_s": 900.0}, "down": {"mean_s": 100.0}}
    found = bft.simulate(
        scenario(2, machine=machine, service=None, requests={"count": 1}, horizon_s=400_000.0, retransmission=False), 1
    )
    assert found.operations is not None
    assert found.operations.machines is not None
    nodes = found.operations.machines.nodes
    exact = availability(mtbf_s=900.0, mttr_s=100.0)
    half = (nodes.availability.high - nodes.availability.value) * 3.2905 / 1.95996
    assert abs(nodes.availability.value - exact) < half
    assert half < 0.01, "an interval this wide shows nothing"


def test_the_operator_is_asked_before_the_policy() -> None:
    asked: list[Incident] = []

    def operator(incident: Incident) -> Action | None:
        asked.append(incident)
        return Action.REPLACE if len(asked) % 2 else None

    found = bft.simulate(scenario(40), 3, operator=operator)
    assert asked
    assert found.operations is not None
    assert found.operations.machines is not None
    assert found.operations.machines.actions["replace"] >= len(asked) // 2


def test_a_node_that_crashed_for_good_is_not_brought_back_by_its_machine() -> None:
    faults = {"nodes": [2], "behaviour": {"kind": "crash", "at_s": 200.0}}
    found = bft.simulate(scenario(60, faults=faults), 3)
    assert [each.node for each in found.trace.of(Repaired)].count(2) > 0
    last = max(each.time_s for each in found.trace.of(Recover, Crash) if each.node == 2)
    assert not [each for each in found.trace.of(Execute) if each.node == 2 and each.time_s > max(last, 200.0)]
    assert not [each for each in found.trace.of(Recover) if each.node == 2 and each.time_s > 200.0]


DEAD = {"large": {**QUICK, "p_error": 1.0}}


def one_decision(service: dict[str, object], **given: object) -> bft.Run:
    return bft.simulate(bft.Scenario(n=4, service=service, pbft={"view_timeout_s": 60.0}, **given), 1)


def test_a_validator_whose_calls_fail_is_silent() -> None:
    found = one_decision({"endpoints": DEAD})
    assert found.outcome.value == "stalled"
    assert {event.reason for _, _, event in found.trace.of(CallFailed)} == {"status 500"}
    assert found.operations is not None
    assert found.operations.service is not None
    assert found.operations.service.success.value == 0.0
    assert found.operations.service.target.standing.value in ("broken", "undecided")


def test_an_endpoint_that_never_answers_is_an_emergency() -> None:
    found = bft.simulate(
        scenario(30, n=4, machine=None, service={"preset": "development", "endpoints": DEAD}, requests={
            "count": 30, "rate_per_s": 0.1}, horizon_s=4000.0), 1
    )  # fmt: skip
    assert max(event.level for _, _, event in found.trace.of(Alert)) is Level.EMERGENCY
    assert found.operations is not None
    assert found.operations.service is not None
    assert "critical" in found.operations.service.health


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "stalled"),
        ({"fallback": True}, "agreed_correct"),
        ({"fallback": True, "votes": "first_class"}, "stalled"),
        ({"default_answer": "unsure"}, "stalled"),
        ({"retry": {"attempts": 2}}, "stalled"),
    ],
    ids=["bare", "fallback", "fallback is no vote", "default answer is no vote", "retries of what is dead"],
)
def test_what_counts_as_a_vote(change: dict[str, object], outcome: str) -> None:
    found = one_decision({"endpoints": {**DEAD, "small": QUICK}, **change})
    assert found.outcome.value == outcome


def test_retries_outlast_a_provider_that_is_away_for_a_moment() -> None:
    away = {"large": {**QUICK, "disturbances": [{"start_s": 0.0, "end_s": 4.0}]}}
    assert one_decision({"endpoints": away}, views=1).outcome.value == "stalled"
    patient = {"endpoints": away, "retry": {"attempts": 5, "first_delay_s": 4.0, "attempt_timeout_s": 20.0}}
    assert one_decision(patient, views=1).outcome.value == "agreed_correct"


def test_nodes_that_share_an_endpoint_fail_together_and_those_that_do_not_outvote_it() -> None:
    away = {**QUICK, "provider": "one", "disturbances": [{"start_s": 0.0, "end_s": 1e6}]}
    service = {"endpoints": {"away": away, "here": QUICK}, "providers": {"one": SERVICE["providers"]["one"]}}  # type: ignore[index]
    assert one_decision({**service, "use": [["away"]]}).outcome.value == "stalled"
    for place in range(4):
        use = [["away" if node == place else "here"] for node in range(4)]
        assert one_decision({**service, "use": use}).outcome.value == "agreed_correct"
    half = [["away"], ["here"], ["away"], ["here"]]
    assert one_decision({**service, "use": half}).outcome.value == "stalled"


def test_caches_belong_to_a_node_unless_they_are_shared() -> None:
    service = {"preset": "production", "endpoints": {"large": QUICK}}
    own = one_decision(service)
    common = one_decision({**service, "shared_cache": True})
    for found in (own, common):
        assert found.outcome.value == "agreed_correct"
    assert own.operations is not None
    assert own.operations.service is not None
    assert own.operations.service.rates["cache_hit"] == 0.0


def test_without_the_fields_nothing_is_there() -> None:
    found = bft.simulate(bft.Scenario(), 1)
    assert found.operations is None
    assert found.balances == {}
    assert found.to_json()["operations"] is None


def test_engines_and_laws_that_cannot_honour_operations_say_so() -> None:
    plain = bft.Scenario(n=4)
    fields = {
        "machine": {"up": {"mean_s": 1e6}},
        "service": {"endpoints": {"large": QUICK}},
        "membership": {"members": 4},
    }
    for field, value in fields.items():
        operated = plain.replace(field, value)
        assert f"{field} = '{field.capitalize()}': the vectorised engine runs" in str(supported(operated))
        assert law_of(operated) is None
    assert "requests.operations = 'account'" in str(supported(plain.replace("requests.operations", "account")))
    assert supported(plain) is None
    assert law_of(plain) is not None


def test_the_fields_change_no_seed_of_a_sweep_that_does_not_use_them() -> None:
    assert set(bft.Scenario().to_dict()["requests"]) == {"count"}
    assert not {"machine", "service", "membership"} & set(bft.Scenario().to_dict())


def test_a_summary_or_a_check_of_another_name_is_refused() -> None:
    with pytest.raises(ScenarioError, match="keep = 'some': must be 'all' or 'summary'"):
        bft.Simulator(bft.Scenario(), 1, keep="some")  # type: ignore[arg-type]
