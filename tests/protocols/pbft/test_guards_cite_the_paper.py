"""Every guard of the normal case and of view changes says which section of the paper demands it, or why it stands."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bft.protocols.pbft as room

FILES = ("normal_case.py", "view_change.py")


def guards(source: str) -> list[tuple[int, str]]:
    """Return number and text of the first line of each `if` whose body drops something."""
    found = []
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If):
            first = ast.get_source_segment(source, node.body[0]) or ""
            if "state.drop(" in first:
                found.append((node.lineno, lines[node.lineno - 1]))
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_guard_that_drops_a_message_says_why(name: str) -> None:
    found = guards((Path(room.__file__).parent / name).read_text(encoding="utf-8"))
    assert len(found) >= 8
    silent = [f"{number}: {line.strip()}" for number, line in found if "#" not in line]
    assert not silent
    cited = sum("§" in line for _, line in found)
    assert cited >= len(found) // 2


def test_a_guard_without_a_reason_is_seen() -> None:
    source = "def on(state):\n    if state.view:\n        return state.drop('old')\n"
    assert guards(source) == [(2, "    if state.view:")]
