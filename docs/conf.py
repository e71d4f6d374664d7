"""How the documents are built: `make docs`; warnings are errors, and nothing is fetched."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import bft

sys.path.insert(0, str(Path(__file__).parent))  # where the pages that are made stand
from made_pages import write_pages

project = "bft"
author = "The bft maintainers"
project_copyright = "The bft maintainers, Apache-2.0"
version = release = bft.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["build"]
templates_path = ["templates"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_default_options = {"members": True, "show-inheritance": False, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
suppress_warnings = ["ref.python"]  # short names that several rooms use; they are written out where they are defined

html_theme = "furo"
html_title = f"bft {version}"
html_copy_source = False
html_theme_options = {"sidebar_hide_name": False}


def plain_parts(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Show what docstrings draw (tables, examples) as it stands, and footnotes as plain text."""
    shown: list[str] = []
    drawing = footnote = False
    for line in lines:
        if footnote := line.startswith(".. [") or (footnote and line.startswith("   ")):
            line = line.removeprefix("..").strip()
        line = re.sub(r"\[(\d+)\]_", r"[\1]", line)
        drawn = what == "module" and line.startswith(("|", "    "))
        if drawn and not drawing:
            shown += ["", "::", ""]
        if drawing and not drawn and line:
            shown.append("")
        drawing = drawn or (drawing and not line)
        shown.append(f"    {line}" if drawn else line)
    lines[:] = shown


def setup(app: Any) -> None:
    """Hook into the build."""
    write_pages(Path(__file__).parent / "reference")
    app.connect("autodoc-process-docstring", plain_parts, priority=100)  # before napoleon
