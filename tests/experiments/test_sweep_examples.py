"""The examples in the docstrings of experiments and plotting are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

import bft


@pytest.mark.parametrize(
    "module",
    [
        "bft",
        "bft.experiments",
        "bft.experiments.axes",
        "bft.experiments.engines",
        "bft.experiments.intervals",
        "bft.experiments.laws",
        "bft.plotting",
    ],
)
def test_examples(module: str) -> None:
    result = doctest.testmod(import_module(module), extraglobs={"Scenario": bft.Scenario})
    assert result.attempted > 0
    assert result.failed == 0
