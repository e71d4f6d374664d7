"""A label on a line, in whatever form models write it: bold, in back quotes, in a list, numbered, with a wide colon.

    line = decoration (my | the | final …)* word decoration separator value decoration

Only the first characters of a line are looked at; what follows the separator is the value, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MARKS = "*_`#~| \t\ufeff\u200b\u200e\u200f"
"""Signs of formatting, which mean nothing at the ends of a line."""

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("﹕"): ord(":"), ord("︰"): ord(":"), 0x3000: 32}
_LEAD = (
    r"[\s*_`#~|+•·‣◦▪\-–—→\ufeff\u200b\u200e\u200f]{0,20}"
    r"(?:(?:\(?[0-9]{1,3}\\?[.):、]|\(?[a-z][.)])[\s*_`#~|]{1,20}|step\s[0-9]{1,2}\s?[:.]\s{0,5})?"
    r"[\[【({<]{0,2}[*_`\s]{0,10}"
)
_BEFORE = r"(?:(?:so|thus|my|the|our|this|final|overall|short|correct|best|最终|最后)[\s:,]{0,3}){0,4}"
_BETWEEN = r"[*_`~|\s)\]】}]{0,10}"
HEAD_CHARS = 160
"""A label ends within so many characters of its line, or is none."""


@dataclass(frozen=True, slots=True)
class Label:
    """Words that announce a value.

    Parameters
    ----------
    words : iterable of str
        Any of them.
    bare : bool
        Whether the value may follow without a separator.
    """

    pattern: re.Pattern[str]

    @classmethod
    def of(cls, words: Iterable[str], *, bare: bool = False) -> Label:
        """Return the label that any of the words make."""
        word = "|".join(re.escape(each).replace(r"\ ", r"\s{1,5}") for each in words)
        nothing = r"is\b|" if bare else r"\s{0,20}$"
        separator = rf"(?:is|ist|est|es|è|是|为)?\s{{0,5}}(?:[:=]|[-–—](?=\s|$)|{nothing})"
        return cls(re.compile(rf"{_LEAD}{_BEFORE}(?:{word})(?![^\W_]){_BETWEEN}{separator}", re.IGNORECASE))

    def value(self, line: str) -> str | None:
        """Return what the line says behind the label, without marks; None: it does not begin with the label."""
        found = self.pattern.match(line[:HEAD_CHARS].translate(_WIDE))
        if found is None:
            return None
        opened = found[0].lstrip(MARKS)[:1]
        value = line[found.end() :].strip(MARKS)
        closing = {"[": "]", "【": "】", "(": ")", "{": "}", "<": ">"}.get(opened)
        if closing and value.endswith(closing) and value.count(opened) < value.count(closing):
            value = value[:-1].strip(MARKS)
        return value


def plain(text: str) -> str:
    """Return text with wide characters narrow and white space single."""
    return " ".join(text.translate(_WIDE).split())
