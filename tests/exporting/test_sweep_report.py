"""The page of a sweep."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.exporting.sweep_report import sweep_report


@pytest.fixture(scope="module")
def sweep() -> bft.Sweep:
    return bft.sweep(over={"n": [4, 7], "faults.delta": "0:0.5:3"}, replications=20, seed=1, workers=1)


def test_every_cell_is_a_row_with_its_interval_and_law(sweep: bft.Sweep) -> None:
    text = sweep_report([sweep], command="bft sweep <&>")
    assert len(re.findall(r"<tr><td", text)) == len(sweep.rows)
    assert "bft sweep &lt;&amp;&gt;" in text
    for row in sweep.rows:
        assert f"<td>{row['p_agree_low']:.4f} … {row['p_agree_high']:.4f}</td>" in text
        assert f'<td class="number">{row["exact_agree"]:.4g}</td>' in text


def test_the_page_of_a_command_opens_without_asking_anyone(
    tmp_path: Path, open_page: Callable[[Path], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", "--over", "faults.delta=0:0.5:3", "--replications", "10", "--workers", "1", "--quiet"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    file = tmp_path / "report.html"
    assert not re.search(r"https?:|@import", file.read_text())
    opened = open_page(file)
    assert opened.page.locator("img").count() == 2
    assert opened.page.evaluate("[...document.images].every((image) => image.naturalWidth > 400)")
    assert opened.errors == []
    assert [each for each in opened.requests if not each.startswith("data:")] == [file.as_uri()]
