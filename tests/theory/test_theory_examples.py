"""The examples in the docstrings of the laws are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = ("", ".agreement", ".equivocation", ".judge", ".lossy_links", ".lying", ".same_answer", ".source_documents")


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str) -> None:
    result = doctest.testmod(import_module(f"bft.theory{module}"))
    assert result.attempted > 0
    assert result.failed == 0
