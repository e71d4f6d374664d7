"""What a user writes for the values of an axis."""

from __future__ import annotations

import numpy as np
import pytest

from bft import Scenario
from bft.adversary.crash import Crash
from bft.adversary.lie import Lie
from bft.errors import SweepError
from bft.experiments.axes import axis_values, label, read_value


def test_a_range_has_both_ends_and_decimals_as_written() -> None:
    assert axis_values("faults.delta", "0:0.5:11") == (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
    assert axis_values("faults.delta", "0.5:0:3") == (0.5, 0.25, 0.0)
    assert axis_values("faults.delta", "0:1/3:3") == (0.0, 1 / 6, 1 / 3)


def test_a_range_of_whole_numbers_stays_whole() -> None:
    values = axis_values("n", "4:13:4")
    assert values == (4, 7, 10, 13)
    assert all(isinstance(value, int) for value in values)
    assert all(isinstance(value, float) for value in axis_values("faults.delta", "0.0:1.0:2"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("4,7,10", (4, 7, 10)),
        ("0, .25, 5e-1", (0, 0.25, 0.5)),
        ("crash,equivocate", ("crash", "equivocate")),
        ("true,false", (True, False)),
        ("[1,1,1,1],[3,1,1,1]", ([1, 1, 1, 1], [3, 1, 1, 1])),
        ('{kind="crash",at_s=1.0}', ({"kind": "crash", "at_s": 1.0},)),
        ("7", (7,)),
        ("unlimited", ("unlimited",)),
    ],
)
def test_a_list_holds_toml_values_numbers_and_bare_words(text: str, values: tuple[object, ...]) -> None:
    assert axis_values("field", text) == values


def test_sequences_and_arrays_are_taken_as_they_are() -> None:
    assert axis_values("n", [4, 7]) == (4, 7)
    assert axis_values("n", range(4, 6)) == (4, 5)
    values = axis_values("faults.delta", np.linspace(0.0, 1.0, 3))
    assert values == (0.0, 0.5, 1.0)
    assert all(type(value) is float for value in values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("0:0.5", r"over\.faults\.delta = '0:0\.5': must be start:stop:count"),
        ("0:0.5:2.5", "whole number"),
        ("0:0.5:1", "count between 2 and"),
        ("0:0.5:0", "count between 2 and"),
        ("0.5:0.5:3", "different ends"),
        ("0:1/0:3", "two numbers"),
        ("0:1e999:3", "two numbers"),
        ("0:1:1000000000", "count between 2 and 100000"),
        ([], "at least one value"),
        ("", "at least one value"),
        ([0.1, 0.1], r"over\.faults\.delta = 0\.1: stands there twice"),
        ("0.1,0.10", "stands there twice"),
        (0.1, "must be a list"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(values: object, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        axis_values("faults.delta", values)


def test_a_word_of_the_command_line_is_a_toml_value_or_itself() -> None:
    assert [read_value(word) for word in ("0.2", ".2", "true", '"7"', "gsm8k_diverse10", "[0, 3]")] == [
        0.2,
        0.2,
        True,
        "7",
        "gsm8k_diverse10",
        [0, 3],
    ]


def test_every_value_has_a_name_that_csv_and_json_know() -> None:
    assert label(0.5) == 0.5
    assert label(None) is None
    assert label((1, 2)) == "[1, 2]"
    assert label(Lie()) == "lie"
    assert label(Crash()) == "crash"
    assert label(Crash(at_s=2.0)) == '{"at_s": 2.0, "kind": "crash"}'
    assert label([Crash(), Lie()]) == '["crash", "lie"]'
    assert label(Scenario().network) == "{}"
