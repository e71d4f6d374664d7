"""Questions with lettered options, and which option an answer is: its letter, its words, or both, if they agree.

question   A) carrot      (A) carrot      A. carrot      A: carrot, from A on without a gap
answer     B · (B) · b. · option B · B) apple · apple   →  B
B) carrot      nothing: letter and words contradict each other
"""

from __future__ import annotations

import re

from bft.live.replies.labels import MARKS
from bft.validators.canonical import canonical

MOST_OPTIONS = 26
QUESTION_CHARS = 2**16
"""Options are looked for in so much of a question."""

_OPTION = re.compile(r"(?:(?<=\s)|^)[*_(\[]{0,3}([A-Z])[*_]{0,2}[)\].:][*_]{0,2}\s{1,5}(?=\S)")
_ENDS = r"(?P<ends>[)\].:,]|\s[-–—]\s|[-–—](?=\s))"
_LETTER = re.compile(
    r"(?:(?:the|option|choice|letter|answer)\s{1,3}){0,3}[*_`\s(\[]{0,5}([A-Za-z])[*_`]{0,3}"
    rf"(?:{_ENDS}[)\].:,*_`]{{0,3}}\s{{0,5}}(?P<rest>.{{0,1000}})|[.\s*_`]{{0,5}})",
    re.DOTALL | re.IGNORECASE,
)
_GOES_ON = re.compile(r"[\s,.;:!()*_`–—-]|$")


def options_of(question: str) -> dict[str, str]:
    r"""Return the options of a question by their letters; empty: it has none.

    Examples
    --------
    >>> options_of("Which is a fruit?\nA) carrot\nB) apple"), options_of("(A) 6 (B) 7 (C) 8")
    ({'A': 'carrot', 'B': 'apple'}, {'A': '6', 'B': '7', 'C': '8'})
    >>> options_of("Who was J. S. Bach?")
    {}
    """
    text = question[:QUESTION_CHARS]
    marks: list[re.Match[str]] = []
    for found in _OPTION.finditer(text):
        if ord(found[1]) == ord("A") + len(marks):
            marks.append(found)
    if len(marks) < 2:
        return {}
    ends = [*(each.start() for each in marks[1:]), len(text)]
    told = [text[each.end() : end] for each, end in zip(marks, ends, strict=True)]
    told[-1] = told[-1].partition("\n")[0]  # what comes after the last is the question again
    return {each[1]: words.strip(MARKS + "\n\r,;") for each, words in zip(marks, told, strict=True)}


def chosen(value: str, options: dict[str, str]) -> str | None:
    """Return the letter of the option that an answer is, or the answer if it is none; None: it contradicts itself.

    Examples
    --------
    >>> fruits = {"A": "carrot", "B": "apple"}
    >>> [chosen(value, fruits) for value in ("(b)", "Option B.", "B) apple", "Apple", "B) carrot", "neither")]
    ['B', 'B', 'B', 'B', None, 'neither']
    """
    if not options:
        return value
    same = [letter for letter, words in options.items() if canonical(words) == canonical(value)]
    if len(same) == 1:
        return same[0]
    found = _LETTER.fullmatch(value.strip())
    if found is None:
        return value
    letter, rest = found[1].upper(), (found["rest"] or "").strip(MARKS)
    if letter not in options:
        return None if found["ends"] else value
    if not rest or _says(rest, options[letter]):
        return letter
    return None


def _says(rest: str, words: str) -> bool:
    """Whether what follows a letter is its option's words, with or without more behind them."""
    told, wanted = (" ".join(each.casefold().split()) for each in (rest, words))
    return bool(wanted) and told.startswith(wanted) and bool(_GOES_ON.match(told[len(wanted) :]))
