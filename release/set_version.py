"""Give the project a version: `python release/set_version.py 0.2.0 2026-12-01`.

What the changelog lists under Unreleased becomes the section of that version, and pyproject.toml, bft/__init__.py and
CITATION.cff name it. The tests compare them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PLACES = {
    "pyproject.toml": r'^version = "(?P<version>[^"]+)"$',
    "bft/__init__.py": r'^__version__ = "(?P<version>[^"]+)"$',
    "CITATION.cff": r"^version: (?P<version>\S+)$",
}
"""Files that name the version, and how."""

UNRELEASED = "## [Unreleased]\n"


def main(words: Sequence[str]) -> None:
    """Write version and date."""
    if (
        len(words) != 2
        or not re.fullmatch(r"\d+\.\d+\.\d+", words[0])
        or not re.fullmatch(r"\d{4}-\d\d-\d\d", words[1])
    ):
        raise SystemExit("usage: set_version.py MAJOR.MINOR.PATCH YYYY-MM-DD")
    for name, pattern in PLACES.items():
        write(ROOT / name, with_version((ROOT / name).read_text(encoding="utf-8"), pattern, words[0]))
    changelog = ROOT / "CHANGELOG.md"
    write(changelog, released(changelog.read_text(encoding="utf-8"), *words))


def versions() -> dict[str, str]:
    """Return the version that each file names."""
    found = {}
    for name, pattern in PLACES.items():
        (found[name],) = re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found


def with_version(text: str, pattern: str, version: str) -> str:
    """Return a text that names another version."""
    found = re.search(pattern, text, flags=re.MULTILINE)
    if found is None:
        raise SystemExit(f"no line like {pattern}")
    return text[: found.start("version")] + version + text[found.end("version") :]


def released(changelog: str, version: str, date: str) -> str:
    """Return a changelog whose unreleased changes are those of a version."""
    if f"## [{version}]" in changelog:
        raise SystemExit(f"CHANGELOG.md has a section {version} already")
    return changelog.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {date}\n", 1)


def write(file: Path, text: str) -> None:
    """Write a file."""
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
