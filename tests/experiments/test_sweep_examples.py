"""The examples in the docstrings of experiments and plotting are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "bft",
        "bft.experiments",
        "bft.experiments.axes",
        "bft.experiments.intervals",
        "bft.experiments.laws",
        "bft.plotting",
    ],
)
def test_examples(module: str) -> None:
    result = doctest.testmod(import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
