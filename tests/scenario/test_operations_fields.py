"""The fields `machine`, `service` and `membership`: into TOML and back, set by paths, refused by name."""

from __future__ import annotations

import json
import tomllib

import pytest

import bft
from bft.cli import main
from bft.errors import ScenarioError
from bft.operations.policies import AdaptivePolicy, FixedPolicy
from bft.operations.recovery import Action, FaultKind

ENDPOINT = {"workers": 4, "time": {"law": "lognormal", "median_s": 1.5, "log_sd": 0.5}, "provider": "acme"}
BASE = {
    "n": 7,
    "machine": {
        "up": {"mean_s": 1e6, "shape": 1.5},
        "mix": {"crash": 0.6, "leak": 0.4},
        "policy": {"kind": "fixed", "ladder": ["restart", "replace"]},
        "costs": {"isolation": "vm", "restart_s": 20.0},
        "detector": {"kind": "phi_accrual", "threshold": 4.0},
        "snapshots": {"interval_s": 3600.0},
        "monitoring": {"size": 50},
    },
    "service": {
        "preset": "production",
        "endpoints": {
            "big": {**ENDPOINT, "rate_limit": {"rate_per_s": 3.0}, "disturbances": [{"start_s": 1.0, "end_s": 2.0}]},
            "small": {"time": {"law": "constant", "time_s": 0.5}, "queue": 9},
        },
        "providers": {"acme": {"up": {"mean_s": 1e5}, "down": {"mean_s": 100.0}, "stationary": True}},
        "use": [["big", "small"]],
        "hedge": False,
        "retry": {"attempts": 2, "cap_s": float("inf"), "budget": {"ratio": 0.2}},
    },
    "membership": {"members": 4, "changes": [{"at_s": 5.0, "remove": 1, "add": 4}]},
}


def test_what_is_written_is_read_back() -> None:
    scenario = bft.Scenario(**BASE)
    again = bft.Scenario.from_dict(tomllib.loads(scenario.to_toml()))
    assert again == scenario
    assert again.to_toml() == scenario.to_toml()
    assert again.machine is not None
    assert isinstance(again.machine.policy, FixedPolicy)
    assert again.machine.mix == {FaultKind.CRASH: 0.6, FaultKind.LEAK: 0.4}
    assert again.machine.costs.duration_s(Action.RESTART) == 20.0
    assert again.service is not None
    resilience = again.service.resilience(0)
    assert [level.model for level in resilience.levels] == ["big", "small", "big"]
    assert {level.retry.attempts for level in resilience.levels if level.retry} == {2}
    assert all(level.hedge is None and level.breaker is not None for level in resilience.levels)


def test_paths_reach_into_tables_of_tables() -> None:
    changed = bft.Scenario(**BASE).replace_all(
        {"service.endpoints.big.workers": 9, "service.retry.attempts": 3, "machine.up.mean_s": 7.0}
    )
    assert changed.service is not None
    assert changed.machine is not None
    assert changed.service.endpoints["big"].workers == 9
    assert changed.service.endpoints["big"].provider == "acme"
    assert changed.service.retry.attempts == 3  # type: ignore[union-attr]
    assert changed.service.retry.budget.ratio == 0.2  # type: ignore[union-attr]
    assert (changed.machine.up.mean_s, changed.machine.up.shape) == (7.0, 1.5)  # type: ignore[union-attr]


def test_a_name_stands_for_a_table_of_its_kind() -> None:
    machine = bft.Scenario(machine={"policy": "adaptive", "detector": "phi_accrual"}).machine
    assert machine is not None
    assert machine.policy == AdaptivePolicy()
    assert machine.detector is not None
    assert machine.detector.kind == "phi_accrual"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("service.endpoints.big.workers", 0, "service.endpoint.workers = 0: must be a whole number, 1 or more"),
        ("service.endpoints.big.workers", "x", "service.endpoints.big.workers = 'x': must be a whole number"),
        ("service.endpoints.big.colour", 1, "service.endpoints.big.colour = 1: unknown key"),
        ("service.endpoints.big.provider", "z", "service.endpoints.big.provider = 'z': must be one of the providers"),
        ("service.endpoints.big.time.law", "x", "must have 'law' among 'exponential', 'constant', 'lognormal'"),
        ("service.endpoints", {}, "service.endpoints = {}: must have at least one endpoint"),
        ("service.endpoints.big.name", "other", "service.endpoints.big.name = 'other': must be 'big'"),
        ("service.providers.acme.up.shape", 2.0, "service.provider.stationary = True: needs up and down of shape 1"),
        ("service.retry.attempts", 0, "service.retry.attempts = 0: must be a whole number, 1 or more"),
        ("service.retry.colour", 0, "service.retry.colour = 0: unknown key"),
        ("service.preset", "x", "service.preset = 'x': must be 'bare', 'development', 'test' or 'production'"),
        ("service.use", [["q"]], "service.use = 'q': must be one of the endpoints: big, small"),
        ("service.use", [["big"]] * 3, "must have one list, or one for each of the n = 7 nodes"),
        ("service.use", [[]], "must name at least one endpoint, each once"),
        ("service.hedge", {"delay_s": 500.0}, "service.hedge.delay_s = 500.0: must be below the time of an attempt"),
        ("service", 3, "service = 3: must be a table"),
        ("machine.up.mean_s", -1.0, "machine.lifetime.mean_s = -1.0: must be positive and finite"),
        ("machine.mix", {"crash": 0.5}, "must add up to 1, not 0.5"),
        ("machine.mix", {"gremlin": 1.0}, "machine.mix.gremlin = 1.0: must be 'crash', 'hang'"),
        ("machine.mix", {"byzantine": 1.0}, "machine.mix.byzantine = 1.0: must be left out: who lies"),
        ("machine.policy", {"kind": "fixed", "ladder": ["restart"]}, "must come to an action that cures corruption"),
        ("machine.down", {"mean_s": 5.0}, "machine.mix = "),
        ("machine.nodes_on_host", 9, "machine.nodes_on_host = 9: must be at most n = 7"),
        ("machine.snapshots.interval_s", 0.0, "machine.snapshots.interval_s = 0.0: must be positive and finite"),
        ("machine.detector", "oracle", "must have 'kind' among 'timeout', 'phi_accrual'"),
        ("machine.accuracy", 1.5, "machine.accuracy = 1.5: must be between 0 and 1"),
        ("validators", {"kind": "statistical", "latency": {}}, "validators.latency = 'given': must be left out"),
        ("faults", {"nodes": [1], "behaviour": "crash_recover"}, "faults.behaviour = 'crash_recover': must be left"),
        ("requests.clients", 2, "requests.clients = 2: must be at most 1 requests"),
        ("requests.operations", "poems", "requests.operations = 'poems': must be 'questions' or 'account'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(path: str, value: object, message: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        bft.Scenario(**BASE).replace(path, value)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_shared_cache_needs_a_cache_and_down_needs_up() -> None:
    with pytest.raises(ScenarioError, match=r"service\.shared_cache = True: needs service\.caching"):
        bft.Scenario(service={"endpoints": {"m": {"time": {"law": "constant", "time_s": 1.0}}}, "shared_cache": True})
    with pytest.raises(ScenarioError, match=r"machine\.down = .*: needs machine\.up"):
        bft.Scenario(machine={"down": {"mean_s": 5.0}})


SET = ["--set", "service.endpoints.m.time.law=exponential", "--set", "service.endpoints.m.time.mean_s=1.5"]


def test_the_command_line_runs_a_service_and_reports_on_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *SET, "--set", "service.preset=test", "--set", "machine.up.mean_s=100", "--seed", "1"]) == 0
    printed = capsys.readouterr().out
    for words in ("agreed, correct", "nodes: MTBF (s)", "endpoint m", "calls answered", "alerts"):
        assert words in printed
    assert main(["run", *SET, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["operations"]["service"]["votes"] == 4
    assert told["operations"]["machines"] is None


def test_the_command_line_refuses_what_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *SET, "--set", "service.retry.attempts=0"]) == 2
    said = capsys.readouterr().err
    assert "service.retry.attempts = 0" in said
    assert "Traceback" not in said


def test_the_command_line_runs_account_operations(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["requests.count=5", "requests.rate_per_s=1", "requests.operations=account", "requests.clients=2"]
    assert main(["run", "--set", *words]) == 0
    assert "equal at all nodes" in capsys.readouterr().out
