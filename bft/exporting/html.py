"""A self-contained page: styles, scripts and pictures stand in it, and it asks no address for anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="$policy">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
$style</style>
</head>
<body>
$body
</body>
</html>
""")


def page(title: str, body: Iterable[str]) -> str:
    """Return a page; the title is escaped, the body is taken as it is."""
    return PAGE.substitute(title=escape(title), policy=POLICY, style=asset("report.css"), body="\n".join(body))


def asset(name: str) -> str:
    """Return a text file that is shipped beside this one."""
    return files("bft.exporting").joinpath(name).read_text(encoding="utf-8")


def embedded(data: object) -> str:
    """Return data as JSON that may stand in a script element: no text in it can end the element early."""
    return json.dumps(data).replace("<", "\\u003c")


def table(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """Return an HTML table; numbers stand to the right, and everything is escaped."""
    top = f"<thead><tr>{''.join(f'<th>{escape(each)}</th>' for each in head)}</tr></thead>" if head else ""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return a table of names and values."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in pairs)
    return f'<div class="wide"><table><tbody>{rows}</tbody></table></div>'


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td>{escape(str(value))}</td>"
    return f'<td class="number">{value:.4g}</td>' if isinstance(value, float) else f'<td class="number">{value}</td>'
