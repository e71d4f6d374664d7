"""Pages of the documents that are made when they are built: the fields of a scenario, and the findings by field.

`python docs/made_pages.py` writes the table of `findings/README.md` anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FINDINGS = ROOT / "findings"
HEAD = ("Title", "Field", "Packages", "Expected", "Seen", "For our users")


def write_pages(folder: Path) -> None:
    """Write all pages into a folder."""
    from bft.reference import scenario_fields
    from bft.reference.words import page

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fields.md").write_text(page(scenario_fields()) + "\n", encoding="utf-8")
    (folder / "findings.md").write_text(findings_page(), encoding="utf-8")


def heads() -> list[Mapping[str, str]]:
    """Return what stands at the head of every script in `findings/`, by field and title.

    Raises
    ------
    ValueError
        If a script's head lacks a line.
    """
    found = []
    for script in sorted(FINDINGS.glob("*.sh")):
        lines = re.findall(r"^# ([A-Z][A-Za-z ]*): (.+)$", script.read_text(encoding="utf-8"), flags=re.MULTILINE)
        head = {name: text for name, text in lines if name in HEAD}
        if tuple(head) != HEAD:
            raise ValueError(f"{script.name}: its head must have the lines {', '.join(HEAD)}, in this order")
        found.append({"name": script.stem, **head})
    return sorted(found, key=lambda head: (head["Field"], head["name"]))


def findings_table() -> str:
    """Return the table of `findings/README.md`."""
    return "\n".join(
        ["| field | finding | script |", "|---|---|---|"]
        + [f"| {head['Field']} | {head['Title']} | [{head['name']}]({head['name']}.sh) |" for head in heads()]
    )


def findings_page() -> str:
    """Return all findings by field, with what was expected, what was seen, and what it means here."""
    return "\n".join(_findings()) + "\n"


def _findings() -> Iterator[str]:
    yield "# Findings, by field"
    yield ""
    yield (
        "What real libraries, tools and formats do that a user would not expect, and that is no fault of ours. Each "
        "was seen with the packages that it names; the script of its name in `findings/` repeats it."
    )
    for field, group in groupby(heads(), key=lambda head: head["Field"]):
        yield f"\n## {field}"
        for head in group:
            yield f"\n### {head['Title']}\n"
            yield f"`bash findings/{head['name']}.sh`, with {head['Packages']}\n"
            yield f"*Expected.* {head['Expected']}\n"
            yield f"*Seen.* {head['Seen']}\n"
            yield f"*For users of bft.* {head['For our users']}"


def main() -> None:
    """Write the table of the findings anew."""
    readme = FINDINGS / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(text[: text.index("| field |")] + findings_table() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
