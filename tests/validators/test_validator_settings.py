"""Descriptions of validators: what is refused, where, and with which words."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from bft.errors import BftError, ScenarioError, TableError
from bft.validators.settings import (
    PerfectValidators,
    RecordedValidators,
    StatisticalValidators,
    ValidatorSettings,
)

DESCRIPTIONS = TypeAdapter(ValidatorSettings)


def test_a_description_is_told_by_its_kind() -> None:
    assert DESCRIPTIONS.validate_python({"kind": "perfect"}) == PerfectValidators()
    assert DESCRIPTIONS.validate_python("perfect") == PerfectValidators()
    assert DESCRIPTIONS.validate_python({"kind": "statistical", "accuracy": 0.9}) == StatisticalValidators(accuracy=0.9)
    recorded = {"kind": "recorded", "file": "a.csv", "models": ["x", "y"]}
    assert DESCRIPTIONS.validate_python(recorded) == RecordedValidators(file="a.csv", models=("x", "y"))


@pytest.mark.parametrize(
    "description",
    [
        PerfectValidators(),
        StatisticalValidators(),
        StatisticalValidators(
            accuracy=(0.5, 0.6),
            missing=0.1,
            errors={"kind": "beta_binomial", "correlation": 0.3},
            check={"kind": "judge", "accept_given_right": 0.8},
            latency={"tokens_per_s": 20},
        ),
        StatisticalValidators(accuracy=0.5, errors="independent", check="judge"),
        RecordedValidators(file="a.csv", models=("x",), compare="as_written"),
    ],
)
def test_a_description_survives_being_written_and_read(description) -> None:
    assert DESCRIPTIONS.validate_python(description.model_dump(exclude_none=True)) == description
    assert DESCRIPTIONS.validate_json(description.model_dump_json()) == description


@pytest.mark.parametrize(
    ("field", "value", "phrase"),
    [
        ("accuracy", 1.4, "must be between 0 and 1"),
        ("accuracy", -0.1, "must be between 0 and 1"),
        ("accuracy", [0.5, 1.2], "must be between 0 and 1"),
        ("accuracy", [], "must hold one value for each node, not none"),
        ("accuracy", "high", "must be between 0 and 1 (a number, or a list with one for each node)"),
        ("accuracy", True, "must be between 0 and 1 (a number, or a list with one for each node)"),
        ("accuracy", float("nan"), "must be between 0 and 1 (a number, or a list with one for each node)"),
        ("missing", 2, "must be between 0 and 1"),
        ("missing_correlation", 1.0, "must be at least 0 and below 1"),
        ("missing_correlation", [0.5, 0.5], "must be at least 0 and below 1"),
        ("errors.correlated.r", 1.1, "must be between 0 and 1"),
        ("errors.correlated.tau", -1, "must be between 0 and 1"),
        ("errors.correlated.k_alpha", 0, "must be a finite number above 0"),
        ("errors.beta_binomial.correlation", 1.0, "must be at least 0 and below 1"),
        ("check.judge.accept_given_wrong", 7, "must be between 0 and 1"),
        ("check.judge.unsure", 7, "must be between 0 and 1"),
        ("check.same_answer.flip", -0.5, "must be between 0 and 1"),
        ("latency.first_token_median_s", -1, "must be a finite number, 0 or more"),
        ("latency.tokens_per_s", 0, "must be a finite number above 0"),
        ("latency.slow_factor", 0.5, "must be a finite number, 1 or more"),
    ],
)
def test_a_wrong_value_is_refused_with_one_phrase_at_its_field(field, value, phrase) -> None:
    name, *rest = field.split(".")
    entry = value
    if len(rest) == 2:
        entry = (
            {"kind": rest[0], "r": 0.5, rest[1]: value}
            if rest[0] == "correlated"
            else {"kind": rest[0], rest[1]: value}
        )
    elif rest:
        entry = {rest[0]: value}
    with pytest.raises(ScenarioError) as caught:
        StatisticalValidators(**{name: entry})
    written = ".".join([name, *rest[-1:]])  # without the tag of the alternative
    assert str(caught.value) == f"{written} = {value!r}: {phrase}"


@pytest.mark.parametrize(
    "description", [{"kind": "psychic"}, {"kind": "perfect", "accuracy": 1}, {"accuracy": 0.5}, 7, {"kind": "recorded"}]
)
def test_an_unknown_kind_or_key_is_refused(description) -> None:
    with pytest.raises(ValidationError, match="validation error"):
        DESCRIPTIONS.validate_python(description)


@pytest.mark.parametrize("options", [0, -1, 2.5, "many"])
def test_the_number_of_options_is_a_whole_number_above_0(options) -> None:
    with pytest.raises(ScenarioError, match="options"):
        StatisticalValidators(accuracy=0.5, options=options)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            StatisticalValidators(accuracy=(0.5, 0.6)),
            "validators.accuracy = [0.5, 0.6]: must have one value for each of the n = 4 nodes",
        ),
        (
            StatisticalValidators(accuracy=0.5, missing=(0.1,)),
            "validators.missing = [0.1]: must have one value for each of the n = 4 nodes",
        ),
        (
            StatisticalValidators(accuracy=0.9, missing=(0, 0, 0.2, 0)),
            "validators.missing = 0.2: must be at most 1 - accuracy = 0.1 (node 2)",
        ),
        (
            StatisticalValidators(accuracy=0.9, check={"kind": "judge", "accept_given_right": [0.9]}),
            "validators.check.accept_given_right = [0.9]: must have one value for each of the n = 4 nodes",
        ),
        (
            StatisticalValidators(accuracy=0.9, check={"kind": "judge", "flip": 0.1, "redraw": True}),
            "validators.check.flip = 0.1: must be 0 where redraw is true",
        ),
        (
            StatisticalValidators(accuracy=0.9, latency={"tokens_per_s": [1, 2]}),
            "validators.latency.tokens_per_s = [1.0, 2.0]: must have one value for each of the n = 4 nodes",
        ),
    ],
)
def test_what_does_not_fit_the_panel_is_refused(settings, sentence) -> None:
    with pytest.raises(ScenarioError) as caught:
        settings.model(4)
    assert str(caught.value) == sentence


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ScenarioError, match=r"validators.preset = 'mmlu_pro': must be one of .*gsm8k_diverse10.*did you"
    ):
        StatisticalValidators(preset="mmlu_pro").model(4)


def test_a_preset_and_a_file_are_too_much() -> None:
    with pytest.raises(ScenarioError, match="must not be given together with a preset"):
        StatisticalValidators(preset="mmlu_pro_strong7", file="x.toml").model(4)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file"),
        ("accuracy = ", "is not TOML"),
        ("accuracy = 1.5\noptions = 3", r"accuracy = 1.5: must be between 0 and 1"),
        ("accuracy = 0.5\noptions = 3\nwisdom = 1", "wisdom = 1: "),
    ],
)
def test_a_file_without_numbers_is_refused(content, sentence, tmp_path) -> None:
    file = tmp_path / "numbers.toml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(TableError, match=sentence) as caught:
        StatisticalValidators(file=str(file)).model(4)
    assert isinstance(caught.value, BftError)


def test_what_is_given_beside_a_preset_takes_precedence() -> None:
    numbers = StatisticalValidators(preset="gsm8k_diverse10", accuracy=0.5).numbers()
    assert numbers.accuracy == 0.5
    assert numbers.options == 1000


def test_accuracy_alone_means_independent_errors() -> None:
    numbers = StatisticalValidators(accuracy=0.5).numbers()
    assert numbers.errors.kind == "independent"
    assert numbers.options == 3
    assert numbers.missing == 0.0


def test_numbers_come_from_a_file(tmp_path) -> None:
    file = tmp_path / "numbers.toml"
    file.write_text('accuracy = [0.5, 0.6]\noptions = 4\nerrors = {kind = "correlated", r = 0.5}\n', encoding="utf-8")
    numbers = StatisticalValidators(file=str(file)).numbers()
    assert numbers.accuracy == (0.5, 0.6)
    assert numbers.errors.kind == "correlated"
