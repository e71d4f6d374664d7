"""Final answers: the label ANSWER, in many forms, or a reply of one short line.

The last label has the last word: where nothing follows it, or the words of the prompt do, the reply is unreadable.
"""

from __future__ import annotations

import re

from bft.live.replies.confidences import CONFIDENCE
from bft.live.replies.labels import MARKS, Label, plain
from bft.live.replies.page import Page, in_fence, json_object, page_of_text
from bft.live.replies.rules import Read, Rule
from bft.live.replies.verdicts import VERDICT

SHORT_CHARS = 200
"""A reply without the line that was asked for counts as an answer if it is one line of at most so many characters."""

ANSWER_CHARS = 1000
"""Longer final answers are none."""

ANSWER = Label.of(
    (
        "answer",
        "ans",
        "antwort",
        "antwoord",
        "réponse",
        "reponse",
        "respuesta",
        "risposta",
        "resposta",
        "odpowiedź",
        "ответ",
        "svar",
        "答案",
        "回答",
        "答え",
        "答",
        "정답",
        "답",
    )
)
_SAID = re.compile(r"(?:(?:so|thus|my|the|final|correct)[\s,]{1,3}){1,4}answer is\s{1,5}(?=\S)", re.IGNORECASE)
_SHOUTED = re.compile(r"[*_`#\s]{0,5}(?:FINAL\s)?ANSWER\s{1,5}(?=\S)")
_QUOTES = "\"'“”‘’"
_SILENT = re.compile(r"[\s.…_\-–—?*·•]*")
_WRAPPED = (
    re.compile(r"\\boxed\{(.*)\}", re.DOTALL),
    re.compile(r"\\\((.*)\\\)", re.DOTALL),
    re.compile(r"\\text\{([^{}]*)\}"),
    re.compile(r"\$([^$]*)\$"),
    re.compile(r"<([^<>,]*)>"),
)
_PLACEHOLDER = re.compile(
    r"(?:(?:insert|write|put|place|state|give|enter|type|fill in|only|just) ){0,2}"
    r"(?:(?:your|the|my|a|an|final|short|correct|own|actual|one) ){0,4}"
    r"(?:(?:answer|response|reply|number|value|result|solution|text|letter|option|choice|word)s? ?){1,2}"
    r"(?:goes |in |as a |as |only |without explanation|here){0,3}",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\b(?:your|answer|response|number)\b", re.IGNORECASE)
_BRACKETS = "<>[]{}()（）【】《》«»⟨⟩ "


def _from_json(page: Page) -> Read[str] | None:
    said = json_object(page)
    if said is None or not any(name in said for name in ("answer", "final_answer")):
        return None
    values = {
        str(said[name]) if _plain_value(said[name]) else None for name in ("answer", "final_answer") if name in said
    }
    value = values.pop()
    return Read(None if values or value is None else _answer(value))


def _plain_value(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _in_tags(page: Page) -> Read[str] | None:
    """Between the last pair of <answer> and </answer>, if that is one line, or has a label."""
    if page.tagged:
        return None
    for name in ("answer", "final_answer"):
        lowered = page.text.lower()
        end = lowered.rfind(f"</{name}>")
        start = lowered.rfind(f"<{name}>", 0, max(end, 0))
        if end < 0 or start < 0 or lowered[end:].strip() != f"</{name}>":
            continue
        inner = page_of_text(page.text[start + len(name) + 2 : end])
        return _last_label(inner) or _one_line(inner) or Read(None)
    return None


def _in_one_fence(page: Page) -> Read[str] | None:
    inner = in_fence(page)
    return None if inner is None else _last_label(page_of_text(inner)) or _one_line(page_of_text(inner))


def _last_label(page: Page) -> Read[str] | None:
    for line in reversed(page.lines):
        value = None if line.quoted else ANSWER.value(line.text)
        if value is not None:
            return Read(_answer(value))
    return None


def _one_line(page: Page) -> Read[str] | None:
    lines = [line for line in page.lines if CONFIDENCE.value(line.text) is None]
    if len(lines) != 1 or lines[0].quoted or page.tagged or len(lines[0].text.strip()) > SHORT_CHARS:
        return None
    text = lines[0].text.strip()
    if VERDICT.value(text) is not None:
        return Read(None)
    found = _SAID.match(text) or _SHOUTED.match(text)
    return Read(_answer(text[found.end() :].strip(MARKS).removesuffix(".")) if found else _answer(text, bare=True))


ANSWER_RULES: tuple[Rule[str], ...] = (
    Rule("a JSON object", _from_json),
    Rule("a pair of tags", _in_tags),
    Rule("the last label", _last_label),
    Rule("one code fence", _in_one_fence),
    Rule("one short line", _one_line),
)


def only_label(page: Page) -> bool:
    """Whether a text is a label with nothing behind it, or with the words of the prompt."""
    if len(page.lines) != 1 or len(page.text) > SHORT_CHARS:
        return False
    value = ANSWER.value(page.text)
    return _answer(page.text if value is None else value, bare=value is None) is None


def _answer(value: str, *, bare: bool = False) -> str | None:
    """Return an answer without marks and wrappers; None: it says nothing, or only what was asked for."""
    if len(value) > ANSWER_CHARS:
        return None
    inner = value.strip() if bare else value.strip(MARKS + _QUOTES)
    while not bare and (again := ANSWER.value(inner)) is not None:  # a label behind a label
        inner = again.strip(MARKS + _QUOTES)
    for wrapper in _WRAPPED:
        found = wrapper.fullmatch(inner)
        if found is not None:
            inner = found[1].strip(MARKS + _QUOTES)
    if value.startswith("<") and value.endswith(">") and _ASKED.search(value):
        return None
    told = plain(inner).strip(_BRACKETS + MARKS + _QUOTES + ".")
    if (
        _SILENT.fullmatch(told)
        or _PLACEHOLDER.fullmatch(told)
        or any(ord(each) < 32 and each != "\t" for each in inner)
    ):
        return None
    return inner
