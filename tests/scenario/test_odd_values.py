"""Whatever stands in whichever field: one sentence refuses it, or what was accepted survives its file."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

import bft
from bft.cli.scenario_words import pairs
from bft.experiments.axes import read_value
from bft.reference import scenario_fields

HUGE = 10**400
ODD: list[Any] = [True, -1, 2.5, float("nan"), float("inf"), 1e30, HUGE, "", "\ud800", "a\nb", "x" * 5000, []]
ODD += [[1], [None], [[1, 2], [3]], [HUGE] * 4, {}, {"kind": []}, {"kind": "x"}, {"a": {"b": 1}}, b"x", object()]
FOREIGN = re.compile(
    r"function-|[Ii]nput should|unable to|constrained|pydantic|tagged|NoneType|\.str\b|\.int\b|\n|\x1b"
)
"""Words of the libraries beneath."""


def examples() -> dict[str, dict[str, object]]:
    """Return for each field the other values of one example, in which it makes sense."""
    told: dict[str, dict[str, object]] = {}
    for each in scenario_fields():
        told[each.path] = {path: read_value(value) for path, value in pairs("--set", each.example)}
    return told


def test_no_value_of_a_field_raises_anything_but_a_sentence_or_is_lost_in_a_file() -> None:
    accepted = refused = 0
    for path, example in examples().items():
        for odd in ODD:
            try:
                scenario = bft.Scenario().replace_all({**example, path: odd})
            except bft.BftError as error:
                refused += 1
                said = str(error)
                assert not FOREIGN.search(said), (path, said)
                assert len(said) < 1000, (path, said)
                said.encode()
            else:
                accepted += 1
                again = bft.Scenario.from_dict(tomllib.loads(scenario.to_toml().encode().decode()))
                assert again == scenario, (path, odd)
    assert refused > 10 * accepted > 1000


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("validators.errors.k_alpha", HUGE, "validators.errors.k_alpha = 1000"),
        ("faults.behaviour", {"kind": []}, "faults.behaviour = []: must be one of crash, "),
        ("faults.delta", {}, "faults.delta = {}: must be a number"),
        ("views", [], "views = []: must be a whole number"),
        ("n", 1e30, "n = 1e+30: must be a whole number of fewer digits"),
        ("faults.draw", "\ud800", r"faults.draw = '\ud800': must be a text of Unicode characters"),
        (
            "service.default_answer",
            "\ud800",
            r"service.default_answer = '\ud800': must be a text of Unicode characters",
        ),
        ("service.use", [], "service.use = (): must have one list, or one for each node"),
        ("network.topology.file", "x" * 300, ": cannot be read: File name too long"),
        ("validators.confidence.bias", float("nan"), "validators.confidence.bias = nan: must be a finite number"),
        ("validators.options", 0, "validators.options = 0: must be"),
        ("validators.options", -5000, "validators.options = -5000: must be"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 50 else "",
)
def test_what_was_let_through_or_told_in_words_of_other_libraries(path: str, value: object, sentence: str) -> None:
    example = examples()[path]
    with pytest.raises(bft.BftError) as refused:
        bft.Scenario().replace_all({**example, path: value})
    assert sentence in str(refused.value)


def test_retries_without_a_budget_are_another_scenario_than_those_with_one_also_in_a_file() -> None:
    base = bft.Scenario().replace_all(
        {"service.endpoints.a.time.law": "constant", "service.endpoints.a.time.time_s": 1}
    )
    with_budget = base.replace("service.retry.attempts", 3)
    without = base.replace("service.retry.budget", None)
    assert without.to_dict() != with_budget.to_dict()
    assert bft.Scenario.from_dict(tomllib.loads(without.to_toml())) == without
    assert base.replace("service.retry.budget", False) == without
