"""Whoever writes Python meets this package's errors alone, and an unknown key comes with what it may have meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.settings import Settings


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bft.Faults(delta=3), "faults.delta = 3: must be between 0 and 1"),
        (lambda: bft.Network(los=0.1), "network.los = 0.1: unknown key; did you mean network.loss?"),
        (lambda: bft.Scenario(delta=0.1), "delta = 0.1: unknown key; did you mean faults.delta?"),
        (lambda: bft.Scenario(faults={"dleta": 0.1}), "did you mean faults.delta?"),
        (lambda: bft.Scenario(fault={"delta": 0.1}), "did you mean faults?"),
        (lambda: bft.Scenario(loss=0.1), "did you mean network.loss or network.links.loss?"),
        (lambda: bft.Scenario(validators={"kind": "statistical", "acuracy": 1}), "did you mean validators.accuracy?"),
        (lambda: bft.Scenario(network={"delay": {"law": "constant", "x": 1}}), "; the keys here are law, delay_s"),
        (
            lambda: bft.Scenario(
                service={"endpoints": {"a": {"time": {"law": "constant", "time_s": 1}, "wrokers": 1}}}
            ),
            "service.endpoints.a.workers?",
        ),
        (lambda: bft.Scenario(4), "Scenario = 4: must be given by name: Scenario(n=…, f=…)"),
        (lambda: bft.Partition(), "groups: is needed and was not given"),
        (lambda: bft.Scenario.from_dict(5), "scenario = 5: must be a table of fields"),
        (lambda: bft.Scenario.from_toml(5), "path = 5: must be the path of a TOML file"),
        (lambda: bft.Scenario().replace("faults..delta", 1), "must be the dotted path of a field"),
        (lambda: bft.Scenario(requests={"rate_per_s": 5}), "requests.rate_per_s = 5.0: needs requests.count"),
        (lambda: bft.simulate({"n": 4}), "scenario = {'n': 4}: must be a bft.Scenario"),
        (lambda: bft.simulate(bft.Scenario(), seed=1.5), "seed = 1.5: must be a whole number, 0 or more"),
        (lambda: bft.simulate(bft.Scenario(), seed=True), "seed = True: must be a whole number, 0 or more"),
        (lambda: bft.simulate(bft.Scenario(), replication=-1), "replication = -1: must be at least 0"),
        (lambda: bft.sweep(over="faults.delta"), "over = 'faults.delta': must name each field with its values"),
        (lambda: bft.sweep(5), "scenario = 5: must be a bft.Scenario"),
        (lambda: bft.sweep(replications=1.5), "replications = 1.5: must be a whole number"),
        (lambda: bft.sweep(level="high"), "level = 'high': must be a number above 0 and below 1"),
        (lambda: bft.sweep(workers="two"), "workers = 'two': must be a whole number"),
        (lambda: bft.sweep(precision="fine"), "precision = 'fine': must be a number above 0"),
        (lambda: bft.sweep(precision=0.1, budget=4.5), "budget = 4.5: must be a whole number"),
        (lambda: bft.sweep(precision=0.1, budget_s="x"), "budget_s = 'x': must be a number above 0"),
        (lambda: bft.sweep(store=5), "store = 5: must be the path of a file"),
        (
            lambda: bft.plotting.share(bft.sweep(replications=1, progress=False), "won"),
            "outcome = 'won': must be one of",
        ),
        (lambda: bft.plotting.share(5), "estimates = 5: must be a sweep"),
    ],
)
def test_a_wrong_argument_is_refused_in_one_sentence(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(bft.BftError) as refused:
        make()
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bft.Scenario(n=10**5), "n = 100000: must be at most 4096"),
        (lambda: bft.Scenario(n=10**30), f"n = {10**30}: must be at most 4096"),
        (lambda: bft.Scenario(n=10**5000), "n = a number of thousands of digits: must be at most 4096"),
        (lambda: bft.Scenario(requests={"count": 10**12, "rate_per_s": 1}), "must be at most 100000000"),
        (lambda: bft.sweep(replications=10**18), f"replications = {10**18}: must be at most 10000000000"),
    ],
)
def test_what_would_fill_the_memory_is_refused_before_it_does(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(bft.BftError) as refused:
        make()
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n = " + "9" * 5000, "is not TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
        ("# " + "x" * 2**24, "must be at most 16777216 bytes"),
    ],
    ids=["digits", "depth", "length"],
)
def test_a_deep_or_long_file_is_refused_in_a_sentence(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(bft.BftError, match=message):
        bft.Scenario.from_toml(file)


def test_every_description_refuses_an_unknown_key_with_an_error_of_this_package() -> None:
    def kinds(base: type[Settings]) -> list[type[Settings]]:
        return [each for child in base.__subclasses__() for each in (child, *kinds(child))]

    found = [each for each in kinds(Settings) if each.__module__.startswith("bft.")]
    assert len(found) > 40
    for kind in found:
        with pytest.raises(bft.BftError):
            kind(no_such_key=1)


def test_a_rate_of_one_request_that_was_asked_for_stands() -> None:
    assert bft.Scenario(requests={"count": 1, "rate_per_s": 5}).requests.count == 1, "sweeps over the count begin at 1"
