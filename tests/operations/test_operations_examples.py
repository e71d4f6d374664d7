"""The examples in the docstrings of operations are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("module", ["bands", "ewma", "intervals", "prometheus", "recovery"])
def test_examples(module: str) -> None:
    result = doctest.testmod(import_module(f"bft.operations.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
