"""Final answers: the label ANSWER, in many forms, a sentence that gives the answer, or a reply of one short line.

The last label has the last word: where nothing follows it, or the words of the prompt do, the reply is unreadable. An
answer to a question with lettered options is the letter of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

from bft.live.replies.confidences import CONFIDENCE
from bft.live.replies.labels import MARKS, Label, plain
from bft.live.replies.options import chosen, options_of
from bft.live.replies.page import Page, in_fence, json_object, page_of_text
from bft.live.replies.rules import Read, Rule
from bft.live.replies.sentences import echoed, equated, given_answers, only_number, plain_answer
from bft.live.replies.verdicts import VERDICT
from bft.validators.canonical import canonical

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
_MARKER = re.compile(r"<<<[A-Z]{1,20}|[A-Z]{1,20}(?: [0-9a-z]{1,64})?>>>")
_OBJECT = re.compile(r"\{\s{0,5}\"")
"""How an object of JSON begins; one without an answer, or that breaks off, is none."""

_BOXED = "\\boxed{"
_ASKED = re.compile(r"\b(?:your|answer|response|number)\b", re.IGNORECASE)
_LABELS = re.compile(r"(?<![A-Za-z])(?:FINAL\s)?(ANSWER|VERDICT|CONFIDENCE)\s?[:：]")
"""The labels of the prompt, as it writes them."""

_SECOND_ANSWER = re.compile(r"(?<![A-Za-z])ANSWER\s?[:：]")
"""An answer with this in it is two."""

_SPOKEN_OF = re.compile(
    r"n['’]t\b|\b(?:not|never|no|if|would|format|form|line|write|says?|said|example|instead)\b|[\"'“”‘’`<>]"
)
"""Words and signs before a label that may speak of it."""

_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, marks that turn the direction of text around, and halves of characters."""

_BRACKETS = "<>[]{}()（）【】《》«»⟨⟩ "


def _from_json(page: Page) -> Read[str] | None:
    said = json_object(page)
    if said is None or not any(name in said for name in ("answer", "final_answer")):
        return None
    values = {
        str(said[name]) if _plain_value(said[name]) else None for name in ("answer", "final_answer") if name in said
    }
    value = values.pop()
    return Read(None if values or value is None else _answer(value, page))


def _plain_value(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value not in (math.inf, -math.inf)


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
        inner = _inside(page, page.text[start + len(name) + 2 : end])
        return _last_label(inner) or _one_line(inner) or Read(None)
    return None


def _in_one_fence(page: Page) -> Read[str] | None:
    inner = in_fence(page)
    return None if inner is None else _last_label(_inside(page, inner)) or _one_line(_inside(page, inner))


def _last_label(page: Page) -> Read[str] | None:
    """Behind the label, or where nothing stands there, on the one line that follows."""
    for place in range(len(page.lines) - 1, -1, -1):
        line = page.lines[place]
        value = None if line.quoted else ANSWER.value(line.text)
        if value is None:
            continue
        below = [each for each in page.lines[place + 1 :] if CONFIDENCE.value(each.text) is None]
        if value or len(below) != 1 or below[0].quoted or len(below[0].text) > SHORT_CHARS:
            return Read(_answer(_shorter(value, page), page))
        below_it = below[0].text
        return Read(None if VERDICT.value(below_it) else _answer(_shorter(below_it, page), page))
    return None


def _behind_a_sentence(page: Page) -> Read[str] | None:
    """Behind the label on the one line of a reply, where whole sentences that do not speak of it stand before it."""
    if len(page.lines) != 1 or page.lines[0].quoted or page.tagged or len(page.lines[0].text) > SHORT_CHARS:
        return None
    before, *rest = _LABELS.split(page.lines[0].text)
    if len(rest) != 2 or rest[0] != "ANSWER" or _SPOKEN_OF.search(before):
        return None
    if not before.strip(MARKS).endswith((".", "!", ";")):
        return None
    return Read(_answer(_shorter(rest[1].strip(MARKS), page), page))


def _shorter(value: str, page: Page) -> str:
    """Return what a sentence or an equation behind a label gives; the value as it is where it is neither."""
    if len(value) > SHORT_CHARS:
        return value
    inner = _inside(page, value)
    given = given_answers(inner)
    if len(given) == 1 and given[0] is not None:
        return given[0]
    return equated(inner) or echoed(inner) or only_number(inner) or value


def _boxed(page: Page) -> Read[str] | None:
    r"""In \boxed{…}, on lines that are no quotation; several must agree."""
    values: set[str] = set()
    forms: set[str | None] = set()
    for line in page.lines:
        at = -1 if line.quoted else line.text.find(_BOXED)
        while at >= 0:
            inner = _to_the_brace(line.text, at + len(_BOXED))
            value = None if inner is None else _answer(inner, page)
            if value is None:  # whatever follows: a reply may hold tens of thousands
                return Read(None)
            if value not in values:
                values.add(value)
                forms.add(canonical(value))
            if len(forms) > 1:
                return Read(None)
            at = line.text.find(_BOXED, at + len(_BOXED))
    return Read(min(values)) if values else None


def _to_the_brace(text: str, start: int) -> str | None:
    """Return what stands in braces that were opened before `start`."""
    depth = 1
    for place in range(start, min(len(text), start + ANSWER_CHARS)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place]
    return None


def _in_a_sentence(page: Page) -> Read[str] | None:
    given = given_answers(page)
    values = {None if value is None else _answer(equated(_inside(page, value)) or value, page) for value in given}
    return _agreed(values) if any(given) else None


def _an_option(page: Page) -> Read[str] | None:
    """The one option that lines of the reply are; a line that begins as an option and goes on otherwise voids it."""
    options = options_of(page.question)
    if not options:
        return None
    letters = set()
    for line in page.lines:
        if line.quoted or len(line.text) > SHORT_CHARS or CONFIDENCE.value(line.text) is not None:
            continue
        letter = chosen(line.text.strip(MARKS), options)
        if letter is None or letter in options:
            letters.add(letter)
    return _agreed(letters)


def _taken(take: Callable[[Page], str | None]) -> Callable[[Page], Read[str] | None]:
    def reads(page: Page) -> Read[str] | None:
        value = take(page)
        return None if value is None else Read(_answer(value, page))

    return reads


def _agreed(values: set[str | None]) -> Read[str] | None:
    """Return what all say; nothing if they differ, or one of them cannot be read."""
    if not values:
        return None
    forms = {None if value is None else canonical(value) for value in values}
    return Read(min(value for value in values if value is not None) if len(forms) == 1 and None not in forms else None)


def _one_line(page: Page) -> Read[str] | None:
    lines = [line for line in page.lines if CONFIDENCE.value(line.text) is None]
    if len(lines) != 1 or lines[0].quoted or page.tagged or len(lines[0].text.strip()) > SHORT_CHARS:
        return None
    text = lines[0].text.strip()
    if VERDICT.value(text) is not None or _OBJECT.match(text) or _repeats(text, page.question):
        return Read(None)
    found = _SHOUTED.match(text)
    if found:
        return Read(_answer(text[found.end() :].strip(MARKS).removesuffix("."), page))
    return Read(_answer(text, page, bare=True))


def _repeats(text: str, question: str) -> bool:
    """Whether a text is the question over again."""
    return bool(question) and canonical(text.strip(MARKS)) == canonical(question)


def _inside(page: Page, text: str) -> Page:
    return replace(page_of_text(text), question=page.question, choices=page.choices)


ANSWER_RULES: tuple[Rule[str], ...] = (
    Rule("a JSON object", _from_json),
    Rule("a pair of tags", _in_tags),
    Rule("the last label", _last_label),
    Rule("a label behind a sentence", _behind_a_sentence),
    Rule("a box", _boxed),
    Rule("a sentence that gives the answer", _in_a_sentence),
    Rule("one code fence", _in_one_fence),
    Rule("the option of the question", _an_option),
    Rule("a yes or no first", _taken(plain_answer)),
    Rule("the end of an equation", _taken(equated)),
    Rule("the question's words", _taken(echoed)),
    Rule("the only number", _taken(only_number)),
    Rule("one short line", _one_line),
)


def only_label(page: Page) -> bool:
    """Whether a text is a label with nothing behind it, or with the words of the prompt."""
    if len(page.lines) != 1 or len(page.text) > SHORT_CHARS:
        return False
    value = ANSWER.value(page.text)
    return _bare(page.text if value is None else value, bare=value is None) is None


def _answer(value: str, page: Page, *, bare: bool = False) -> str | None:
    """Return an answer as one of the options or choices, where there are some; None: it is none of them."""
    told = _bare(value, bare=bare)
    told = None if told is None else chosen(told, options_of(page.question))
    if told is None or not page.choices:
        return told
    return next((each for each in page.choices if canonical(each) == canonical(told)), None)


def _bare(value: str, *, bare: bool) -> str | None:
    """Return an answer without marks and wrappers; None: it says nothing, or only what was asked for."""
    if len(value) > ANSWER_CHARS or _MARKER.search(value):
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
    if _SECOND_ANSWER.search(inner):
        return None
    if _SILENT.fullmatch(told) or _PLACEHOLDER.fullmatch(told) or _CONTROLS.search(inner):
        return None
    return inner
