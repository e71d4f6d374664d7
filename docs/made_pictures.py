"""The pictures of the gallery, from the lines that stand under them: `python docs/made_pictures.py [NAME …]`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

GALLERY = Path(__file__).parent / "gallery.md"
PICTURES = Path(__file__).parent / "figures" / "gallery"
DPI = 100


def blocks() -> dict[str, str]:
    """Return the lines of each picture, by its name."""
    text = GALLERY.read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- picture: (\w+) -->\n```python\n(.*?)```", text, flags=re.DOTALL))


def draw(lines: str, file: Path) -> None:
    """Run the lines of a picture and write its figure."""
    from bft.plotting.style import styled

    names: dict[str, Any] = {"__name__": "gallery"}
    exec(compile(lines, str(GALLERY), "exec"), names)
    file.parent.mkdir(parents=True, exist_ok=True)
    with styled():
        names["figure"].savefig(file, dpi=DPI, metadata={"Software": "bft"})


def main(wanted: list[str]) -> None:
    """Draw the pictures that are named, or all."""
    for name, lines in blocks().items():
        if not wanted or name in wanted:
            draw(lines, PICTURES / f"{name}.png")
            print(PICTURES / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
