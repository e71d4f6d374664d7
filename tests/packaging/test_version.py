"""One version everywhere, and a changelog that becomes a release by one command."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import bft

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("set_version", ROOT / "release" / "set_version.py")
assert SPEC is not None
assert SPEC.loader is not None
SET_VERSION = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(SET_VERSION)


def test_every_file_names_the_same_version() -> None:
    assert set(SET_VERSION.versions().values()) == {bft.__version__}


def test_a_release_moves_what_is_unreleased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SET_VERSION, "ROOT", tmp_path)
    for name in (*SET_VERSION.PLACES, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    changelog = tmp_path / "CHANGELOG.md"
    unreleased = "## [Unreleased]\n"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace(unreleased, f"{unreleased}\n### Fixed\n\n- One fault.\n", 1), encoding="utf-8")
    SET_VERSION.main(["7.8.9", "2031-02-03"])
    assert set(SET_VERSION.versions().values()) == {"7.8.9"}
    head, section = changelog.read_text(encoding="utf-8").split("## [7.8.9] - 2031-02-03\n")
    assert head.rstrip().endswith("## [Unreleased]")
    assert section.lstrip().startswith("### Fixed\n\n- One fault.\n")
    with pytest.raises(SystemExit, match=r"has a section 7.8.9 already"):
        SET_VERSION.main(["7.8.9", "2031-02-03"])


@pytest.mark.parametrize("words", [[], ["7.8"], ["7.8.9"], ["7.8.9", "tomorrow"], ["v7.8.9", "2031-02-03"]])
def test_what_is_no_version_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        SET_VERSION.main(words)
