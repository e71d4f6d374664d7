"""The examples of fields: the words that stand in `examples.toml`, and scenarios made of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from bft.errors import BftError
from bft.experiments.axes import read_value
from bft.scenario import Scenario

SAMPLES = Path(__file__).parent / "samples"
"""Files that examples name: recorded answers, the numbers of a panel, what a live panel said, a graph."""

TOO_SMALL = -1.0


@cache
def examples() -> Mapping[str, tuple[str, ...]]:
    """Return what follows `--set` in the example of each field, by the field's key."""
    text = (files("bft.reference") / "examples.toml").read_text(encoding="utf-8")
    return {key: tuple(words.split(" ; ")) for key, words in tomllib.loads(text).items()}


def settings(words: Sequence[str]) -> dict[str, object]:
    """Return path and value of the words of an example; files that they name are those of this package.

    Examples
    --------
    >>> settings(("n=7", "network.delay.law=normal"))
    {'n': 7, 'network.delay.law': 'normal'}
    """
    pairs = (word.partition("=") for word in words)
    read = {path: read_value(value) for path, _, value in pairs}
    shipped = {each.name: str(each) for each in SAMPLES.iterdir()}
    return {path: shipped.get(value, value) if isinstance(value, str) else value for path, value in read.items()}


def scenario_of(words: Sequence[str]) -> Scenario:
    """Return the scenario of an example."""
    return Scenario().replace_all(settings(words))


def is_scenario(words: Sequence[str]) -> bool:
    """Whether the words of an example make a scenario."""
    try:
        scenario_of(words)
    except BftError:
        return False
    return True


def refusal_of_less(words: Sequence[str], path: str) -> str:
    """Return what is allowed, as the refusal of a negative number says it; nothing if it is not refused so."""
    given = settings(words)
    if path not in given:
        return ""
    try:
        Scenario().replace_all({**given, path: TOO_SMALL})
    except BftError as error:
        start, found, allowed = str(error).partition(": must be ")
        return allowed if found and start.startswith(f"{path} = ") else ""
    return ""
