"""The notebooks, executed from their scripts and kept with their outputs: `make notebooks`, or with names of some.

What is kept shows itself in a viewer: text, tables and pictures. What differs from machine to machine is left out:
counts and times of execution, paths, addresses of objects, progress on stderr, and widgets, which need a kernel.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
LARGEST_BYTES = 300_000
COLOURS = 64
"""Of a picture that is kept: flat colours and grey edges need no more."""

WIDGET = "application/vnd.jupyter.widget-view+json"
KEPT = ("text/html", "text/plain", "text/markdown", "image/png")


def main(wanted: Sequence[str]) -> None:
    """Execute notebooks and write them."""
    for script in sorted(FOLDER.glob("*.py")):
        if not wanted or script.stem in wanted:
            size = keep(script)
            print(f"{script.stem}: {size // 1000} kB")


def keep(script: Path) -> int:
    """Execute one notebook, write it, and return its size in bytes."""
    import jupytext
    import nbformat

    notebook = stripped(executed(jupytext.read(script)))
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    text = nbformat.writes(notebook) + "\n"
    if len(text.encode()) > LARGEST_BYTES:
        raise SystemExit(f"{script.stem}: {len(text.encode())} bytes, and at most {LARGEST_BYTES} are kept")
    script.with_suffix(".ipynb").write_text(text, encoding="utf-8")
    return len(text.encode())


def executed(notebook: Any) -> Any:
    """Return a notebook with the outputs of its cells; it runs in its own folder, with this checkout."""
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as settings:
        os.environ.update(PYTHONPATH=str(ROOT), JUPYTER_PLATFORM_DIRS="1", IPYTHONDIR=settings)
        resources = {"metadata": {"path": str(FOLDER)}}
        return NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()


def stripped(notebook: Any) -> Any:
    """Return a notebook without what differs from machine to machine, and with small pictures."""
    notebook.metadata = {name: value for name, value in notebook.metadata.items() if name in ("jupytext", "kernelspec")}
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [kept for output in cell.outputs if (kept := stripped_output(output)) is not None]
    return notebook


def stripped_output(output: Any) -> Any:
    """Return an output as it is kept; None for what is not."""
    if output.output_type == "stream":
        if output.name == "stderr":
            return None
        output.text = plain(output.text)
        return output
    if output.output_type == "error":
        return output
    if "execution_count" in output:
        output.execution_count = None
    if WIDGET in output.data:
        output.data = {"text/plain": "sliders: run this notebook to move them"}
        output.metadata = {}
        return output
    output.metadata = {}
    output.data = {name: small(name, content) for name, content in output.data.items() if name in KEPT}
    return output


def small(name: str, content: Any) -> Any:
    """Return a picture with few colours, and a text without paths and addresses."""
    if name != "image/png":
        return plain(content)
    from PIL import Image

    with Image.open(BytesIO(base64.b64decode(content))) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    file = BytesIO()
    few.save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def plain(text: str) -> str:
    """Return a text without paths of this machine, addresses of objects and processor times."""
    text = text.replace(str(ROOT), ".").replace(str(Path.home()), "~")
    text = re.sub(r"/tmp/[\w./-]*", "…", text)
    text = re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", text)
    return re.sub(r"(cpu_s\W+)[\d.e-]+", r"\1…", text)


if __name__ == "__main__":
    main(sys.argv[1:])
