"""Only a protocol's companions import it: everything else knows protocols by their descriptions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bft

ROOT = Path(bft.__file__).parent
LABORATORY = {
    "pbft": r"(pbft|membership)/.*",
    "ballot": r"ballot/.*",
    "tendermint": r"tendermint/.*",
    "hotstuff": r"hotstuff/.*",
}
"""The larger parts of what `bft/checking/subjects/NAME.py` names, in that room."""

MORE = {
    "pbft": r"membership/.*|vectorised/pbft/.*",
    "ballot": r"vectorised/ballot/.*",
}
"""Epochs of PBFT's members; and what belongs to `bft/vectorised/protocols/NAME.py`."""


def places(protocol: str) -> re.Pattern[str]:
    """Return where a protocol's companions stand."""
    rooms = "adversary/attacks|checking/subjects|experiments/laws|live/protocols|vectorised/protocols"
    return re.compile(rf"(?:{rooms})/{protocol}\.py|checking/(?:{LABORATORY[protocol]})|{MORE.get(protocol, '(?!)')}")


def imported(file: Path) -> Iterator[str]:
    """Yield the packages of protocols that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        named += [each.name for each in node.names] if isinstance(node, ast.Import) else []
        for name in named:
            found = re.match(r"bft\.protocols\.(\w+)", name)
            if found is not None and (ROOT / "protocols" / found[1]).is_dir():
                yield found[1]


@pytest.mark.parametrize("protocol", LABORATORY)
def test_whoever_imports_a_protocol_is_its_companion(protocol: str) -> None:
    known = [
        str(file.relative_to(ROOT))
        for file in sorted(ROOT.rglob("*.py"))
        if file.relative_to(ROOT).parts[0] != "protocols" and protocol in set(imported(file))
    ]
    assert known
    assert [each for each in known if not places(protocol).fullmatch(each)] == []


def test_every_package_of_a_protocol_is_watched() -> None:
    packages = {each.name for each in (ROOT / "protocols").iterdir() if (each / "protocol.py").exists()}
    assert packages == set(LABORATORY)
