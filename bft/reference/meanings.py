"""What the fields of a description mean, read off its docstrings.

A description documents its fields in either of two ways: in the section "Attributes" of its docstring, or by a string
that stands under the field, or under several that follow line upon line.
"""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from textwrap import dedent

HEAD = re.compile(r"(?P<names>\w+(?:, \w+)*)(?: : .*)?")


@cache
def meanings(part: type) -> dict[str, str]:
    """Return what each documented field means, in one line; those of base classes among them.

    Examples
    --------
    >>> from bft import Requests
    >>> meanings(Requests)["rate_per_s"]
    'Poisson arrivals with this rate; needed when there is more than one.'
    """
    found: dict[str, str] = {}
    for owner in reversed(part.__mro__):
        if owner.__module__.partition(".")[0] == part.__module__.partition(".")[0]:
            found |= _from_section(inspect.getdoc(owner) if owner.__doc__ else "")
            found |= _from_strings(owner)
    return found


def summary(part: type) -> str:
    """Return the first paragraph of a description's docstring in one line."""
    return " ".join((inspect.getdoc(part) or "").split("\n\n")[0].split())


def _from_section(doc: str | None) -> dict[str, str]:
    """Read the section "Attributes" of a numpydoc docstring."""
    lines = (doc or "").splitlines()
    if "Attributes" not in lines:
        return {}
    start = lines.index("Attributes") + 2
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for place, line in enumerate(lines[start:], start):
        if place + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[place + 1]):
            break  # the next section
        head = HEAD.fullmatch(line)
        if head is not None:
            names = head["names"].split(", ")
        elif line.startswith(" "):
            for name in names:
                found.setdefault(name, []).append(line.strip())
    return {name: " ".join(words) for name, words in found.items()}


def _from_strings(owner: type) -> dict[str, str]:
    """Read the strings that stand under the fields of a class."""
    try:
        tree = ast.parse(dedent(inspect.getsource(owner)))
    except (OSError, TypeError):  # a class without a file
        return {}
    (definition,) = tree.body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    group: list[ast.AnnAssign] = []
    for part in definition.body:
        if isinstance(part, ast.AnnAssign):
            follows = bool(group) and part.lineno - 1 == group[-1].end_lineno
            group = [*group, part] if follows else [part]
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str):
            meaning = " ".join(part.value.value.split())
            found |= {each.target.id: meaning for each in group if isinstance(each.target, ast.Name)}
            group = []
    return found
