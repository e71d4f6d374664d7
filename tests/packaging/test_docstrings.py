"""A docstring that lists parameters or attributes lists those that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bft"
ROOMS = sorted({file.parent for file in PACKAGE.rglob("*.py")})


def listed(node: ast.AST, section: str) -> list[str] | None:
    """The names that a section of a docstring lists; None where there is no such section."""
    text = ast.get_docstring(node) or ""
    found = re.search(rf"^{section}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        return None
    heads = [re.split(r"\s:\s", line)[0] for line in found[1].splitlines() if line and not line.startswith(" ")]
    names = [name.strip().lstrip("*") for head in heads for name in head.split(",")]
    return [name for name in names if name not in ("self", "cls")]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    told = function.args
    names = [*told.posonlyargs, *told.args, *told.kwonlyargs, *filter(None, (told.vararg, told.kwarg))]
    return [each.arg for each in names if each.arg not in ("self", "cls")]


def wrong(code: ast.AST) -> Iterator[str]:
    for node in ast.walk(code):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
            named = listed(node, "Parameters")
            if named is not None and sorted(named) != sorted(parameters(node)) and node.name not in SHORT:
                yield f"{node.name}: {sorted(set(named) ^ set(parameters(node)))}"
        elif isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(each) for each in node.decorator_list):
            there = {each.target.id for each in node.body if isinstance(each, ast.AnnAssign)}
            there |= {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            if not node.bases and not set(listed(node, "Attributes") or ()) <= there:
                yield f"{node.name}: {sorted(set(listed(node, 'Attributes') or ()) - there)}"


SHORT = {"design", "recorded_law"}
"""Functions that tell some of their parameters in the words for others, or of another function."""


@pytest.mark.parametrize("room", ROOMS, ids=lambda each: str(each.relative_to(PACKAGE.parent)))
def test_docstrings_name_what_is_there(room: Path) -> None:
    found = {
        file.name: faults for file in sorted(room.glob("*.py")) if (faults := list(wrong(ast.parse(file.read_text()))))
    }
    assert not found
