"""A reply as its reader sees it: lines without thoughts, each with whether it is a quotation.

Quoted is what stands in a code fence, after ">", between the markers of a prompt (<<<PROPOSAL …), or inside a pair of
tags that is neither formatting nor a wrapper of answers: an unknown tag may hold thoughts or the words of others. A
tag alone on its line that is never closed quotes all after it; one that was never opened, all before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from bft.live.replies.thoughts import without_thoughts

VISIBLE_CHARS = 2**18
"""A reply without its thoughts that is longer is not read."""

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_FENCE = re.compile(r"\s{0,8}(?:[-*+]\s{1,4})?(`{3,}+|~{3,}+)(.*)")
_JSON_FENCE = re.compile(r"```\s{0,3}(?:json)?\s{0,9}", re.IGNORECASE)
_BLOCK = re.compile(r"\s{0,20}(?:[-*+]\s{1,4}|[0-9]{1,3}[.)]\s{1,4})?(?:>|&gt;|＞)")
_MARKER = re.compile(r"\s{0,8}(?:<<<[A-Z]{1,20}(?:\s[0-9a-z]{1,64})?|[A-Z]{1,20}(?:\s[0-9a-z]{1,64})?>>>)\s{0,8}")
_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]{0,40})(?:\s[^<>]{0,200})?>")
_FORMATTING = (
    "a b big br center em font h1 h2 h3 h4 h5 h6 hr i li mark ol p s small span strong sub sup table tbody td th thead "
    "tr tt u ul div html body math mi mn mo mrow"
)
_PLAIN_TAGS = frozenset(_FORMATTING.split())
_WRAPPERS = frozenset(("answer", "final", "final_answer", "output", "response", "result", "solution", "verdict"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank: as written, and whether it is a quotation."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What is left of a reply without thoughts: its text, and its lines that are not blank."""

    text: str
    """All of it."""
    lines: tuple[Line, ...]
    """In order."""
    breaks: frozenset[int]
    """Numbers of the lines that begin a paragraph."""
    tagged: bool
    """Whether a tag quotes any of it."""
    question: str = ""
    """What it replies to, where that is known."""
    choices: tuple[str, ...] = ()
    """The answers that there are; empty: any."""
    answers_are_verdicts: bool = False
    """Whether yes, no and the like may be the answer to the question: then they are no verdict."""


def page_of(reply: str) -> Page | None:
    """Return what is to be read of a reply; None: a thought was left open, or it is too long."""
    text = without_thoughts(reply)
    return None if text is None or len(text) > VISIBLE_CHARS else page_of_text(text)


def page_of_text(text: str) -> Page:
    """Return the page of a text without thoughts."""
    tags = _quoting_tags(text)
    tagged = bool(tags)
    lines: list[Line] = []
    breaks: set[int] = {0}
    fence, marked, depth = "", False, 0
    for start, line in _split(text):
        first = start + len(line) - len(line.lstrip())
        while tags and tags[-1][0] <= first:
            depth += tags.pop()[1]
        quoted = bool(fence) or marked or depth > 0
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not opened[2].strip():
                fence = ""
        elif opened and "`" not in opened[2]:
            fence, quoted = opened[1], True
        elif _MARKER.fullmatch(line):
            marked, quoted = line.lstrip().startswith("<<<"), True
        elif _BLOCK.match(line):
            quoted = True
        if line.strip():
            lines.append(Line(line, quoted))
        else:
            breaks.add(len(lines))
    return Page(text=text.strip(), lines=tuple(lines), breaks=frozenset(breaks), tagged=tagged)


def json_object(page: Page) -> dict[str, object] | None:
    """Return the object that the whole reply is, with or without a code fence around it; None: it is none.

    A name that occurs twice with different values stands for None: the reply contradicts itself.
    """
    text = fenced_json(page)
    if not (text.startswith("{") and text.endswith("}")) or len(text) > VISIBLE_CHARS:
        return None
    try:
        said = json.loads(text, object_pairs_hook=_without_contradictions, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def fenced_json(page: Page) -> str:
    """Return the text of a reply that may stand in a code fence of JSON, without the fence."""
    text = page.text
    fence = _JSON_FENCE.match(text)
    return text[fence.end() : -3].strip() if fence and text.endswith("```") else text


def in_fence(page: Page) -> str | None:
    """Return what stands in the one code fence that the whole reply is; None: it is something else."""
    fence = _FENCE.match(page.text.partition("\n")[0])
    if fence is None or len(page.lines) < 2 or not all(line.quoted for line in page.lines):
        return None
    last = _FENCE.match(page.lines[-1].text)
    inner = page.text.partition("\n")[2].rpartition("\n")[0]
    closed = last is not None and last[1].startswith(fence[1]) and not last[2].strip()
    return inner if closed and not any(_FENCE.match(line.text) for line in page.lines[1:-1]) else None


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Lines, and where each begins. Other signs that Python takes for ends of lines are characters like any."""
    start = 0
    for end in _LINE_ENDS.finditer(text):
        yield start, text[start : end.start()]
        start = end.end()
    yield start, text[start:]


def _quoting_tags(text: str) -> list[tuple[int, int]]:
    """Where quotations by tags begin (+1) and end (−1), the last first."""
    open_at: dict[str, list[int]] = {}
    spans: list[tuple[int, int]] = []
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if name in _PLAIN_TAGS or name in _WRAPPERS or tag[0].endswith("/>"):
            continue
        opened = open_at.setdefault(name, [])
        if not tag[1]:
            opened.append(tag.start())
        elif opened:
            spans.append((opened.pop(), tag.end()))
        elif _alone(text, tag):
            spans.append((0, tag.end()))
    for opened in open_at.values():
        spans.extend((at, len(text) + 1) for at in opened if _begins_line(text, at))
    ends = [each for start, end in spans for each in ((start, 1), (end, -1))]
    return sorted(ends, key=lambda each: (-each[0], -each[1]))


def _begins_line(text: str, at: int) -> bool:
    return not text[max(0, at - 8) : at].rpartition("\n")[2].strip()


def _alone(text: str, tag: re.Match[str]) -> bool:
    return _begins_line(text, tag.start()) or text[tag.end() : tag.end() + 1] in ("", "\n", "\r")


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _without_contradictions(pairs: list[tuple[str, object]]) -> dict[str, object]:
    said: dict[str, object] = {}
    for name, value in pairs:
        said[name] = value if name not in said or said[name] == value else None
    return said
