"""Recorded trace hashes of runs and rows of sweeps: a change of the code that changes a result is seen here.

A recorded value may change only in a commit that means to change results and says why: a fault in a protocol, a host,
a behaviour or a validator is mended; a draw is added to a stream that existed; an event of a trace gets another form.
Moving, renaming and splitting code never changes one. `pytest tests/golden --record` writes all of them anew; the
difference of `recorded.json` then shows which runs changed, and whether in their outcome or in their trace alone.

Logarithms and exponentials may differ in the last bit between processors and releases of numpy. `ARITHMETIC` tells
whether they are those of the recording. If not, times may differ in the last bits, so that trace hashes say nothing;
everything else is compared all the same, numbers to nine digits. So are the rows of sweeps where `DISTRIBUTIONS`, the
probabilities and quantiles of this release of scipy, are others: runs do not depend on them, laws and intervals do.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel
from scipy import stats
from scipy.special import ndtri

import bft
from bft.adversary.settings import BEHAVIOURS
from bft.record.outcome import Outcome
from bft.vectorised import rare_event
from tests.golden.scenarios import scenarios

RECORDED = Path(__file__).parent / "recorded.json"
SEED = 14
NINE_DIGITS = 1e-9
REQUIRED = object()
NOT_RECORDED = {
    ("Provider", "name"): "the key of its table",
    ("Endpoint", "name"): "the key of its table",
    ("Failure", "detail"): "words for a reader",
    ("Failure", "attempts"): "counted by the pipeline",
}


def arithmetic() -> str:
    """Return what the logarithms, exponentials and quantiles of this machine come to."""
    grid = (np.arange(4096) + 0.5) / 4096
    values = (np.exp(grid), np.log(grid), np.log1p(-grid), np.power(grid, 0.3), ndtri(grid))
    return sha256(np.concatenate(values).tobytes()).hexdigest()[:16]


def distributions() -> str:
    """Return what the probabilities and quantiles of this release of scipy come to."""
    n, delta = np.arange(1, 40)[:, None], np.linspace(0.01, 0.99, 50)
    values = (stats.binom.pmf(n // 2, n, delta), stats.binom.cdf(n // 3, n, delta), stats.beta.ppf(delta, n, 41 - n))
    return sha256(np.concatenate(values).tobytes()).hexdigest()[:16]


ARITHMETIC = arithmetic()
DISTRIBUTIONS = distributions()


def told(run: bft.Run) -> dict[str, Any]:
    """Return what is recorded of a run."""
    metrics = run.metrics
    return {
        "outcomes": [outcome.value for outcome in run.outcomes],
        "views": metrics.views,
        "sent": metrics.messages_sent,
        "delivered": metrics.messages_delivered,
        "calls": metrics.calls,
        "breaches": len(run.breaches),
        "decided_at_s": metrics.decided_at_s,
        "trace": run.trace_hash[:16],
    }


def sweep_rows(scenario: bft.Scenario, over: dict[str, Any], **how: Any) -> list[dict[str, Any]]:
    """Return the rows of a small sweep."""
    rows = bft.sweep(scenario, over=over, seed=SEED, workers=1, progress=False, **how).rows
    return json.loads(json.dumps(rows))


SWEEPS: dict[str, dict[str, Any]] = {
    "agreement by size and fault rate": {
        "scenario": bft.Scenario(),
        "over": {"n": [4, 7], "faults.delta": [0.1, 0.4]},
        "replications": 60,
    },
    "fallible validators": {
        "scenario": bft.Scenario(validators={"kind": "statistical", "accuracy": 0.7, "options": 3}),
        "over": {"faults.delta": [0.0, 0.3], "faults.behaviour": ["lie", "collude"]},
        "replications": 40,
    },
    "common random numbers": {
        "scenario": bft.Scenario(n=5, pbft={"view_timeout_s": 2.0}),
        "over": {"faults.delta": [0.1, 0.2, 0.5]},
        "replications": 40,
        "common_random_numbers": True,
    },
}
BY_EVENTS: dict[str, dict[str, Any]] = {
    "equivocation": {
        "scenario": bft.Scenario(faults={"behaviour": "equivocate"}),
        "over": {"faults.delta": [0.2, 0.6]},
        "replications": 30,
    },
    "ballots by rule": {
        "scenario": bft.Scenario(protocol="ballot", validators={"kind": "statistical", "accuracy": 0.6}),
        "over": {"rule": ["quorum", "plurality", "judge"]},
        "replications": 40,
    },
    "until precise": {"scenario": bft.Scenario(), "over": {"faults.delta": [0.2]}, "precision": 0.1},
}


def rare() -> dict[str, Any]:
    """Return the estimate of a rare event."""
    scenario = bft.Scenario(faults={"delta": 0.01}, validators={"kind": "statistical", "accuracy": 0.95})
    found = rare_event(scenario, Outcome.AGREED_WRONG, seed=SEED, runs=2_000)
    return {"value": found.value, "low": found.low, "high": found.high, "runs": found.runs}


def everything() -> dict[str, Any]:
    """Run what is recorded."""
    return {
        "arithmetic": ARITHMETIC,
        "distributions": DISTRIBUTIONS,
        "runs": {name: told(bft.simulate(scenario, SEED)) for name, scenario in scenarios()},
        "sweeps": {
            **{name: sweep_rows(**how, engine="vectorised") for name, how in SWEEPS.items()},
            **{name: sweep_rows(**how, engine="simpy") for name, how in BY_EVENTS.items()},
        },
        "rare": rare(),
    }


def lines(part: Any) -> str:
    """Return a part of the record as JSON with one line for each run or row, so that differences can be read."""
    if isinstance(part, dict):
        inner = [
            f"  {json.dumps(name)}: {lines(each) if isinstance(each, list) else json.dumps(each)}"
            for name, each in part.items()
        ]
        return "{\n" + ",\n".join(inner) + "\n}"
    if isinstance(part, list):
        return "[\n" + ",\n".join(f"    {json.dumps(each)}" for each in part) + "\n  ]"
    return json.dumps(part)


@pytest.fixture(scope="module")
def recorded(record: bool) -> dict[str, Any]:
    """Return what was recorded, or record it."""
    if record:
        parts = (f"{json.dumps(name)}: {lines(part)}" for name, part in everything().items())
        RECORDED.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def differences(name: str, then: Any, now: Any, same_arithmetic: bool) -> Iterator[str]:
    """Yield where two recorded values differ."""
    if isinstance(then, dict) and isinstance(now, dict) and then.keys() == now.keys():
        for key in then:
            if same_arithmetic or key != "trace":
                yield from differences(f"{name}: {key}", then[key], now[key], same_arithmetic)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(f"{name}: {place}", one, other, same_arithmetic)
    elif isinstance(then, float) and isinstance(now, float) and not same_arithmetic:
        if now != pytest.approx(then, rel=NINE_DIGITS, abs=NINE_DIGITS):
            yield f"{name}: {then} then, {now} now"
    elif then != now:
        yield f"{name}: {then} then, {now} now"


def test_the_traces_of_all_runs_are_as_recorded(recorded: dict[str, Any]) -> None:
    runs = {name: told(bft.simulate(scenario, SEED)) for name, scenario in scenarios()}
    assert len(runs) >= 200
    assert list(recorded["runs"]) == list(runs)
    found = list(differences("run", recorded["runs"], runs, recorded["arithmetic"] == ARITHMETIC))
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("engine", ["simpy", "vectorised"])
@pytest.mark.parametrize("name", SWEEPS)
def test_the_rows_of_sweeps_are_as_recorded(name: str, engine: str, recorded: dict[str, Any]) -> None:
    rows = sweep_rows(**SWEEPS[name], engine=engine)
    same = (recorded["arithmetic"], recorded["distributions"]) == (ARITHMETIC, DISTRIBUTIONS)
    assert not list(differences(name, recorded["sweeps"][name], rows, same))


@pytest.mark.parametrize("name", BY_EVENTS)
def test_the_rows_of_sweeps_by_events_are_as_recorded(name: str, recorded: dict[str, Any]) -> None:
    rows = sweep_rows(**BY_EVENTS[name], engine="simpy")
    same = (recorded["arithmetic"], recorded["distributions"]) == (ARITHMETIC, DISTRIBUTIONS)
    assert not list(differences(name, recorded["sweeps"][name], rows, same))


def test_the_estimate_of_a_rare_event_is_as_recorded(recorded: dict[str, Any]) -> None:
    assert not list(differences("rare", recorded["rare"], rare(), recorded["arithmetic"] == ARITHMETIC))


def test_a_changed_run_is_told_by_its_name(recorded: dict[str, Any]) -> None:
    then = recorded["runs"]
    name = next(iter(then))
    now = {**then, name: {**then[name], "sent": then[name]["sent"] + 1, "trace": "0"}}
    assert len(list(differences("run", then, now, same_arithmetic=True))) == 2
    (only,) = differences("run", then, now, same_arithmetic=False)
    assert name in only


def described(annotation: Any) -> Iterator[type]:
    """Yield the descriptions that a field may hold."""
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel) or is_dataclass(annotation):
            yield annotation
        return
    for part in typing.get_args(annotation):
        yield from described(part)


def defaults(kind: type) -> dict[str, tuple[Any, Any]]:
    """Return annotation and default of each field of a description."""
    if issubclass(kind, BaseModel):
        return {
            name: (field.annotation, REQUIRED if field.is_required() else field.get_default(call_default_factory=True))
            for name, field in kind.model_fields.items()
        }
    hints = typing.get_type_hints(kind, include_extras=True)
    found: dict[str, tuple[Any, Any]] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        default = REQUIRED if field.default is MISSING else field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        found[field.name] = (hints[field.name], default)
    return found


def all_fields() -> dict[type, dict[str, Any]]:
    """Return the fields of everything that a scenario can be made of, with their defaults."""
    waiting: list[type] = [bft.Scenario, *BEHAVIOURS.values(), *{type(scenario.own) for _, scenario in scenarios()}]
    found: dict[type, dict[str, Any]] = {}
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            known = defaults(kind)
            found[kind] = {name: default for name, (_, default) in known.items()}
            waiting += [inner for annotation, _ in known.values() for inner in described(annotation)]
    return found


def drawn_fields(value: Any, drawn: dict[type, set[str]], known: dict[type, dict[str, Any]]) -> None:
    """Note which fields of a description have a value that is not their default."""
    if type(value) in known:
        seen = drawn.setdefault(type(value), set())
        for name, default in known[type(value)].items():
            inner = getattr(value, name)
            if default is REQUIRED or inner != default:
                seen.add(name)
            drawn_fields(inner, drawn, known)
    elif isinstance(value, dict):
        for inner in value.values():
            drawn_fields(inner, drawn, known)
    elif isinstance(value, tuple | list):
        for inner in value:
            drawn_fields(inner, drawn, known)


def test_every_field_of_a_scenario_is_recorded_with_a_value_that_is_not_its_default() -> None:
    known = all_fields()
    drawn: dict[type, set[str]] = {}
    for _, scenario in scenarios():
        drawn_fields(scenario, drawn, known)
        drawn_fields(scenario.own, drawn, known)
    missing = [
        f"{kind.__name__}.{name}"
        for kind, names in known.items()
        for name in (names or [""])
        if (kind.__name__, name) not in NOT_RECORDED
        and name not in drawn.get(kind, set())
        and not (kind in drawn and name in ("", "kind", "law"))  # the tag of a kind that is drawn
    ]
    assert not missing
    assert len(known) > 90
