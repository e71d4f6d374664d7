"""Pages that are made when the documents are built, and pictures of the gallery."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from matplotlib.testing.compare import compare_images

ROOT = Path(__file__).parents[2]
TOLERANCE = 3.0
"""Root of the mean squared difference of pixels, of 255: room for another build of the library, not for a curve."""


def module(name: str) -> ModuleType:
    """Return a module of the documents' folder."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


PAGES, PICTURES = module("made_pages"), module("made_pictures")


def test_every_finding_is_on_the_page_and_in_the_table() -> None:
    heads = PAGES.heads()
    assert len(heads) == len(list((ROOT / "findings").glob("*.sh"))) >= 30
    page = PAGES.findings_page()
    for head in heads:
        assert f"### {head['Title']}\n" in page
        assert page.index(f"\n## {head['Field']}") < page.index(f"### {head['Title']}\n")
    table = (ROOT / "findings" / "README.md").read_text(encoding="utf-8")
    assert table.endswith(PAGES.findings_table() + "\n"), "python docs/made_pages.py writes the table anew"


def test_a_script_without_a_whole_head_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half.sh").write_text("#!/usr/bin/env bash\n# Title: A title\n# Field: graphs\n")
    monkeypatch.setattr(PAGES, "FINDINGS", tmp_path)
    with pytest.raises(ValueError, match=r"half.sh: its head must have the lines Title, Field"):
        PAGES.heads()


def test_pages_are_written(tmp_path: Path) -> None:
    PAGES.write_pages(tmp_path / "made")
    assert (tmp_path / "made" / "fields.md").read_text(encoding="utf-8").startswith("# Scenario fields")
    assert (tmp_path / "made" / "findings.md").read_text(encoding="utf-8").startswith("# Findings, by field")


def test_every_picture_of_the_gallery_has_lines() -> None:
    drawn = {f"{name}.png" for name in PICTURES.blocks()}
    assert drawn == {file.name for file in PICTURES.PICTURES.glob("*.png")}
    text = PICTURES.GALLERY.read_text(encoding="utf-8")
    assert all(f"](figures/gallery/{name})" in text for name in drawn)


@pytest.mark.nightly
@pytest.mark.parametrize("name", PICTURES.blocks())
def test_a_picture_of_the_gallery_is_what_its_lines_draw(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.png"
    PICTURES.draw(PICTURES.blocks()[name], file)
    difference = compare_images(str(PICTURES.PICTURES / f"{name}.png"), str(file), tol=TOLERANCE)
    assert difference is None, difference
