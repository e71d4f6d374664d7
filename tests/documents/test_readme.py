"""What the README shows is run: its Python as it stands (with fewer replications), its commands for their exit code."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bft.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = re.findall(r"^(bft (?:run|theory) [^#\n]*)", README, flags=re.MULTILINE)


def run(block: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run a block as a module of its own and return its names."""
    module = ModuleType("readme_block")
    monkeypatch.setitem(sys.modules, "readme_block", module)
    exec(compile(block, "README.md", "exec"), module.__dict__)
    return module.__dict__


def test_there_is_something_to_run() -> None:
    assert len(BLOCKS) >= 3
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_python_of_the_readme_runs(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(block.replace("replications=400", "replications=2"), monkeypatch)
    if "run" in names:
        assert names["run"].outcome.value
    if "sweep" in names:
        assert len(names["sweep"].rows) == 33


def test_the_property_test_of_the_readme_finds_its_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [each for each in BLOCKS if "test_my_protocol_is_safe" in each]
    names = run(block, monkeypatch)
    with pytest.raises(AssertionError, match="at node"):
        names["test_my_protocol_is_safe"]()


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_run(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()[1:]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("picture", re.findall(r"!\[[^]]*\]\(([^)]*)\)", README))
def test_pictures_of_the_readme_exist(picture: str) -> None:
    assert (Path(__file__).parents[2] / picture).is_file()
