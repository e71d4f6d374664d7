"""Fields as text for a terminal, and as a page of the documents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Any

from bft.reference.fields import Field
from bft.reference.honoured import honoured

WIDTH = 100
LONGEST_DEFAULT = 24


def to_json(fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Return fields, and who honours them, as JSON values."""
    return [{**each.to_json(), **honoured(each).to_json()} for each in fields]


def table(fields: Sequence[Field]) -> str:
    """Return fields as a table: name, default, and the first sentence of the meaning."""
    lines = [("field", "default", "meaning")]
    paths = Counter(each.path for each in fields)
    for each in fields:
        kind = f" ({json.loads(each.kinds[-1].partition(' = ')[2])})" if paths[each.path] > 1 and each.kinds else ""
        default = each.default if len(each.default) <= LONGEST_DEFAULT else f"{each.default[: LONGEST_DEFAULT - 1]}…"
        lines.append((f"{each.path}{kind}", default, _first_sentence(each.meaning)))
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
    return "\n".join(f"{path:<{widths[0]}}  {default:<{widths[1]}}  {meaning}" for path, default, meaning in lines)


def details(field: Field) -> str:
    """Return all there is to know of a field."""
    rows = {name: value for name, value in facts(field).items() if value}
    lines = [field.path]
    for name, value in rows.items():
        first, *rest = wrap(value, WIDTH, break_on_hyphens=False, break_long_words=False)
        lines += [f"  {name:<11} {first}", *(f"  {'':<11} {line}" for line in rest)]
    return "\n".join(lines)


def facts(field: Field) -> dict[str, str]:
    """Return what is told of a field, by name."""
    by = honoured(field)
    engines = ", ".join(by.engines)
    return {
        "where": ", ".join(field.kinds),
        "type": f"{field.type}, in {field.unit}" if field.unit else field.type,
        "allowed": field.range,
        "default": field.default,
        "meaning": field.meaning,
        "example": field.command,
        "protocols": ", ".join(by.protocols) or "none takes the example",
        "engines": f"{engines} ({by.refusal})" if by.refusal else engines,
        "exact law": "yes" if by.law else "no",
    }


def page(fields: Sequence[Field]) -> str:
    """Return all fields as a page in Markdown."""
    lines = [
        "# Scenario fields",
        "",
        "Every field of a scenario, generated from the settings. `bft fields NAME` prints the same in a terminal, "
        "`bft fields --json` as JSON.",
        "A field is set by `--set` on the command line, by a key in a TOML file, by a keyword in Python, or swept by "
        "`--over`. Files that examples name stand for files of your own.",
        "",
        "*Protocols* are those that take the example; *engines* those that run it; *exact law* says whether there is "
        "one for it. All three were asked when this page was made.",
        "",
    ]
    tables = {each.path.split(".")[0] for each in fields if "." in each.path}
    alone = [each for each in fields if each.path not in tables and "." not in each.path]
    inside = [each for each in fields if each not in alone]
    for room, group in [
        ("The scenario itself", iter(alone)),
        *((name, list(some)) for name, some in groupby(inside, key=lambda each: each.path.split(".")[0])),
    ]:
        lines += [f"## {room}", ""]
        for each in group:
            lines += [*_entry(each), ""]
    return "\n".join(lines)


def _entry(field: Field) -> Iterator[str]:
    told = facts(field)
    yield f"**`{field.path}`**" + (f" where {', '.join(f'`{kind}`' for kind in field.kinds)}" if field.kinds else "")
    yield f": {told['meaning']}"
    yield ""
    allowed = f", {told['allowed']}" if told["allowed"] else ""
    yield f"  *{told['type']}*{allowed}. Default: `{told['default']}`. Protocols: {told['protocols']}. " + (
        f"Engines: {told['engines']}. Exact law: {told['exact law']}."
    )
    yield ""
    yield f"      {told['example']}"


def _first_sentence(text: str) -> str:
    """Return the first sentence."""
    return text.split(". ")[0].rstrip(".")
