"""What the documents show is run: Python as it stands (with fewer replications), commands for their exit code."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bft.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if page.is_file()]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
BLOCKS = {
    f"{name}:{number}": block
    for name, text in TEXTS.items()
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))
}
COMMANDS = {
    command.strip()
    for text in TEXTS.values()
    for command in re.findall(r"^(bft (?:run|theory|rare|panel) [^#\n]*)", text, flags=re.MULTILINE)
}


def run(block: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run a block as a module of its own and return its names."""
    module = ModuleType("document_block")
    monkeypatch.setitem(sys.modules, "document_block", module)
    exec(compile(block, "document", "exec"), module.__dict__)
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
    assert len(BLOCKS) >= 15
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("name", BLOCKS)
def test_python_in_the_documents_runs(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write_made_up_answers(tmp_path / "answers.csv")
    if "from echo import" in BLOCKS[name]:  # the protocol of the same page, which its reader has saved
        (tmp_path / "echo.py").write_text(BLOCKS["docs/how_to/own_protocol.md:0"], encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
    block = re.sub(r"replications=\d+", "replications=2", BLOCKS[name])
    names = run(block, monkeypatch)
    if "fitted" in names:
        assert "accuracy" in (tmp_path / "panel.toml").read_text()
    if "run" in names:
        assert names["run"].outcome.value
    if "sweep" in names:
        assert all(row["replications"] == 2 for row in names["sweep"].rows)


def test_the_property_test_of_the_documents_finds_its_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [each for name, each in BLOCKS.items() if "safety.md" in name and "test_my_protocol_is_safe" in each]
    names = run(block, monkeypatch)
    with pytest.raises(AssertionError, match="at node"):
        names["test_my_protocol_is_safe"]()


PANEL_FILE = """n = 7

[faults]
delta = 0.1
behaviour = "equivocate"
"""


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_commands_in_the_documents_run(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "panel.toml").write_text(PANEL_FILE)
    if "said.jsonl" in command:
        assert (
            main(
                [
                    "panel",
                    "What is six times seven?",
                    "--models",
                    ",".join(["fake:always=42"] * 4),
                    "--record",
                    "said.jsonl",
                ]
            )
            == 0
        )
        capsys.readouterr()
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("name", TEXTS)
def test_links_and_pictures_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    text = re.sub(r"```.*?```", "", TEXTS[name], flags=re.DOTALL)
    for target in re.findall(r"\[[^]]*\]\(([^)#]+)[^)]*\)", text):
        assert (folder / target).exists(), target


@pytest.mark.parametrize("name", TEXTS)
def test_scripts_and_notebooks_that_are_named_exist(name: str) -> None:
    for named in re.findall(r"`((?:simulations|notebooks|benchmarks|tests|bft)/[\w/.]*\w)`?", TEXTS[name]):
        found = [ROOT / named, ROOT / f"{named}.py", ROOT / f"{named}.ipynb"]
        assert any(each.exists() for each in found), named


def test_the_readme_is_short_and_the_chinese_one_says_as_much() -> None:
    english, chinese = TEXTS["README.md"], TEXTS["README.zh.md"]
    assert len(english.split()) <= 900
    for parts in (r"^## ", r"^\| ", r"^- ", r"^!\[", r"^```"):
        told, retold = (len(re.findall(parts, text, flags=re.MULTILINE)) for text in (english, chinese))
        assert told == retold, parts
    links, again = (set(re.findall(r"\]\(([^)]+)\)", text)) for text in (english, chinese))
    assert links - {"README.zh.md"} == again - {"README.md"}
    assert re.findall(r"^bft .*|^make .*", english, flags=re.MULTILINE)[0].split("#")[0] in chinese
