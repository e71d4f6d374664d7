"""The fields of a scenario: every one is listed, documented, and has an example that is a scenario."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest

import bft
from bft.cli import main
from bft.errors import ScenarioError
from bft.field_paths import field_paths
from bft.protocols.registry import PROTOCOLS
from bft.reference import field, honoured, scenario_fields
from bft.reference.examples import SAMPLES, examples, scenario_of
from bft.reference.meanings import meanings
from bft.reference.type_words import bounds, type_words, unit_of
from bft.reference.words import page
from bft.settings import Settings

FIELDS = {each.key: each for each in scenario_fields()}
OF_ALL_PROTOCOLS = [each for each in FIELDS.values() if each.path.partition(".")[0] not in PROTOCOLS]


def test_every_field_of_a_scenario_is_listed() -> None:
    """A table that was listed before is referred to, and a rule of Python has no fields on the command line."""
    listed = {each.path for each in FIELDS.values()}
    referred = tuple(f"{each.path}." for each in FIELDS.values() if "As `" in each.meaning)
    below = {path for path in field_paths(bft.Scenario) if not path.startswith(referred)}
    assert below - listed <= {"rule.of", "service.endpoints.name", "service.providers.name"}


def test_every_field_is_documented_and_has_an_example() -> None:
    assert not [key for key, each in FIELDS.items() if not each.meaning], "say in the docstring what they mean"
    assert not [key for key, each in FIELDS.items() if not each.example], "add lines to bft/reference/examples.toml"
    assert all(each.type for each in FIELDS.values())


def test_every_example_is_a_scenario() -> None:
    for key, each in FIELDS.items():
        assert scenario_of(each.example).n >= 1, key


def test_examples_belong_to_fields() -> None:
    assert not set(examples()) - set(FIELDS), "no field has this key any more"


def test_examples_give_fields_another_value_than_by_default() -> None:
    """Those that the field's own word sets; in lists and in kinds of tables the value stands deeper."""
    compared = 0
    for key in examples():
        each = FIELDS[key]
        words = dict(word.split("=", 1) for word in each.example)
        if each.path in words and not each.path.endswith(("kind", "law")):
            compared += 1
            assert words[each.path] != each.default.strip('"'), key
    assert compared > 200


def test_examples_name_only_files_that_are_shipped() -> None:
    shipped = {each.name for each in SAMPLES.iterdir()}
    named = {word.partition("=")[2] for each in FIELDS.values() for word in each.example if ".file=" in word}
    assert named <= shipped
    assert len(named) == len(shipped)


def test_types_units_and_ranges_are_those_of_the_settings() -> None:
    timeout = field("pbft.view_timeout_s")
    assert (timeout.type, timeout.unit, timeout.range, timeout.default) == ("number", "seconds", "more than 0", "10")
    assert field("n").range == "at least 1 and at most 4096"
    assert field("faults.delta").range == "between 0 and 1"
    assert field("faults.draw").type == '"independent" or "fraction"'
    assert field("network.delay.sd_s").kinds == ('network.delay.law = "normal"',)
    assert field("network.rtt_ms").unit == "milliseconds"
    assert field("requests.rate_per_s").unit == "per second"
    assert field("validators.errors.r").default == "needed"
    assert "equivocate" in field("faults.behaviour").meaning


def test_who_honours_a_field_is_what_engines_protocols_and_laws_say() -> None:
    plain = honoured(field("faults.delta"))
    assert plain.engines == ("simpy", "vectorised")
    assert set(plain.protocols) >= {"pbft", "ballot"}
    assert plain.law
    duplicated = honoured(field("network.duplication"))
    assert duplicated.engines == ("simpy",)
    assert "network.duplication" in duplicated.refusal
    assert "ballot" not in honoured(field("views")).protocols
    assert honoured(field("rule.kind", 'rule.kind = "plurality"')).protocols == ("ballot",)
    assert not honoured(field("network.topology.kind", 'network.topology.kind = "ring"')).law


def test_a_new_field_is_found_with_its_words() -> None:
    class Base(Settings):
        """First paragraph.

        Attributes
        ----------
        one, other_s : float
            What both
            say.

        References
        ----------
        later : nothing
            No field.
        """

        one: Annotated[float, ...] = 1.0
        other_s: float = 2.0

    class Part(Base):
        """More."""

        third: Literal["a", "b"] = "a"
        """What the third says."""

        kind: str = "x"

        low_s: float = 0.0
        high_s: float = 1.0
        """What the two right above say."""

    said = {"one": "What both say.", "other_s": "What both say.", "third": "What the third says."}
    assert meanings(Part) == said | dict.fromkeys(("low_s", "high_s"), "What the two right above say.")
    assert type_words(Part.model_fields["third"].annotation) == '"a" or "b"'
    assert type_words(tuple[tuple[int, str], ...]) == "list of list of 2 values: whole number, text"
    assert (unit_of("cost_per_token"), unit_of("span_days"), unit_of("s")) == ("", "days", "seconds")
    assert bounds(float) == ""


def test_bft_fields_prints_all_one_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields"]) == 0
    text = capsys.readouterr().out
    assert all(each.path in text for each in OF_ALL_PROTOCOLS)
    assert main(["fields", "pbft.view_timeout_s"]) == 0
    text = capsys.readouterr().out
    assert "  allowed     more than 0\n" in text
    assert "  example     bft run --set pbft.view_timeout_s=" in text
    assert main(["fields", "network.delay", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {each["name"] for each in told} >= {"network.delay", "network.delay.mean_s"}
    assert all(each["protocols"] and each["engines"] for each in told)


def test_examples_are_commands_that_run(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--set", *field("network.delay.sd_s").example]
    assert " ".join(words) == field("network.delay.sd_s").command.removeprefix("bft ")
    assert main(words) == 0
    assert "outcome" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("delta", "field = 'delta': is no field of a scenario; did you mean faults.delta?"),
        ("view_timeout", "field = 'view_timeout': is no field of a scenario; did you mean pbft.view_timeout_s"),
        ("", "field = '': is no field of a scenario; `bft fields` lists all"),
    ],
)
def test_an_unknown_name_says_which_was_meant(name: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ScenarioError):
        field(name)
    assert main(["fields", name]) == 2
    assert complaint in capsys.readouterr().err


def test_the_page_has_every_field() -> None:
    text = page(scenario_fields())
    assert text.count("\n**`") == len(FIELDS)
    for each in FIELDS.values():
        assert f"**`{each.path}`**" in text
        assert each.command in text
