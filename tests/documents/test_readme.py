"""What the README shows is run: its Python as it stands (with fewer replications), its commands for their exit code."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
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


def write_made_up_answers(path: Path) -> None:
    """Write a table in which four models are mostly right, and often wrong together."""
    generator = np.random.default_rng(1)
    lines = ["question_id,gold,model,answer"]
    for question in range(200):
        hard = generator.random() < 0.3
        for model in "abcd":
            right = generator.random() < (0.2 if hard else 0.9)
            answer = "A" if right else generator.choice(list("BBCD"))
            lines.append(f"{question},A,model-{model},{answer}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_there_is_something_to_run() -> None:
    assert len(BLOCKS) >= 3
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_python_of_the_readme_runs(block: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write_made_up_answers(tmp_path / "answers.csv")
    names = run(block.replace("replications=400", "replications=2"), monkeypatch)
    if "fitted" in names:
        assert "accuracy" in (tmp_path / "panel.toml").read_text()
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
