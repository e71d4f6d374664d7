"""From words of the command line to a scenario and to axes."""

from __future__ import annotations

from collections.abc import Sequence

from bft.cli.output import complain
from bft.errors import ScenarioError, SweepError
from bft.experiments.axes import read_value
from bft.scenario import Scenario
from bft.validators.settings import RecordedValidators


def scenario_of(file: str | None, settings: Sequence[str]) -> Scenario:
    """Return the scenario of a file (or the default one) with `path=value` settings.

    A last word without "=" is the file, if none was named: `--set` takes all words that follow it.
    """
    words = list(settings)
    if file is None and words and "=" not in words[-1]:
        file = words.pop()
    changes = {path: read_value(value) for path, value in pairs("--set", words)}
    base = Scenario() if file is None else Scenario.from_toml(file)
    scenario = base.replace_all(changes)
    if isinstance(scenario.validators, RecordedValidators):
        for warning in scenario.validators.table().warnings(compare=scenario.validators.compare):
            complain(f"warning: {warning}")
    return scenario


def axes_of(words: Sequence[str]) -> dict[str, str]:
    """Return path and values of each axis."""
    axes: dict[str, str] = {}
    for path, values in pairs("--over", words):
        if path in axes:
            raise SweepError(f"--over {path}: stands there twice")
        axes[path] = values
    return axes


def pairs(option: str, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return path and value of each word."""
    split = []
    for word in words:
        path, equals, value = word.partition("=")
        if not equals or not path.strip() or not value.strip():
            raise ScenarioError(f"{option} {word}: must be path=value")
        split.append((path.strip(), value.strip()))
    return split
