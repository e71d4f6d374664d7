"""The picture of the rooms in ARCHITECTURE.md is what the code imports; `--record` draws it anew."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[2]
BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
PICTURE = re.compile(r"(?<=```text\n).*?(?=```)", re.DOTALL)


def floors() -> list[list[str]]:
    """The rooms of each layer of the first import contract, the highest layer first; single files are no rooms."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    named = [re.findall(r"\w+", layer) for layer in contract["layers"]]
    return [rooms for layer in named if (rooms := [each for each in layer if (ROOT / "bft" / each).is_dir()])]


def imported(code: ast.AST) -> Iterator[str]:
    """The rooms that code imports when it runs; what is there for the type checker alone is left out."""
    for node in (each for part in BLOCKS for each in getattr(code, part, ())):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        names = [each.name for each in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name}" for name in names]
        yield from (name.split(".")[1] for name in names if name.startswith("bft."))
        yield from imported(node)


def picture() -> str:
    """Every room with those below that it imports, but for those which another of them leads to anyway."""
    rooms = [room for floor in floors() for room in floor]
    graph = nx.DiGraph()
    graph.add_nodes_from(rooms)
    for room in rooms:
        for file in (ROOT / "bft" / room).rglob("*.py"):
            graph.add_edges_from((room, each) for each in imported(ast.parse(file.read_text())) if each in rooms)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    reduced = nx.transitive_reduction(graph)
    lines = []
    for floor in floors():
        for room in floor:
            below = ", ".join(each for each in rooms if reduced.has_edge(room, each))
            lines.append(f"{room:<14}─▶ {below}" if below else room)
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def test_architecture_draws_who_imports_whom(record: bool) -> None:
    page = ROOT / "ARCHITECTURE.md"
    if record:
        page.write_text(PICTURE.sub(picture(), page.read_text()))
    assert PICTURE.findall(page.read_text()) == [picture()]


def test_architecture_tells_what_every_room_is_for() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    told = set(re.findall(r"`bft/(\w+)", "\n".join(re.findall(r"^\| (.*?) \|", page, re.MULTILINE))))
    assert {room for floor in floors() for room in floor} <= told
