"""Verdicts: the last line of a reply, with the label VERDICT or as one of the words that were asked for.

A judge that quotes a proposal's "VERDICT: ACCEPT" has not accepted. So a verdict counts on the last line alone, never
in a quotation, and not against another one that the judge gave by itself. "Yes" and "no" answer the question as well as
the prompt: they are a verdict behind a label only, and not even there where the question or the proposal is about them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bft.core.verdict import Verdict
from bft.live.replies.labels import MARKS, Label, plain
from bft.live.replies.page import Line, Page, page_of_text
from bft.live.replies.rules import Read

VERDICT_CHARS = 200
"""Longer lines are no verdict."""

VERDICT = Label.of(("verdict", "judgement", "judgment", "decision"), bare=True)
_BARE = {
    Verdict.ACCEPT: ("accept", "accepted"),
    Verdict.REJECT: ("reject", "rejected"),
    Verdict.UNSURE: ("unsure", "uncertain", "not sure", "abstain", "undecided"),
}
"""Words that are a verdict by themselves: those that the prompt asks for, and what means nothing else."""

_LABELLED = {
    Verdict.ACCEPT: (*_BARE[Verdict.ACCEPT], "correct", "agree", "agreed", "yes", "true", "right"),
    Verdict.REJECT: (*_BARE[Verdict.REJECT], "incorrect", "disagree", "wrong", "no", "false", "not correct"),
    Verdict.UNSURE: (*_BARE[Verdict.UNSURE], "unknown", "cannot tell"),
}
_BY_BARE_WORD = {each: verdict for verdict, words in _BARE.items() for each in words}
_BY_WORD = {each: verdict for verdict, words in _LABELLED.items() for each in words}
_IN_TAGS = re.compile(r"\s{0,20}<verdict>(.{0,60})</verdict>\s{0,20}", re.IGNORECASE)
_PLAIN_WORDS = "|".join(sorted(set(_BY_WORD) - set(_BY_BARE_WORD)))
_SAYS_PLAIN = re.compile(
    rf"^[\W_]{{0,20}}(?:(?:the\s)?answer(?:\sis)?\W{{1,5}})?(?:it\sis\s)?(?:{_PLAIN_WORDS})\b", re.IGNORECASE
)
_PAIRS = ("yes no", "true false", "correct incorrect", "right wrong", "agree disagree")
_EITHER = "|".join(r"\s?(?:or|and|/|,)\s?".join(pair.split()) for pair in _PAIRS)
_VERBS = "is|are|was|were|am|can|could|do|does|did|has|have|had|will|would|should|must|may"
_ASKS_PLAIN = re.compile(
    rf"\b(?:{_EITHER})\b|(?:^|[.!?:\n]\s{{0,5}})(?:{_VERBS})\s[^?]{{1,400}}\?",
    re.IGNORECASE,
)
QUESTION_CHARS = 2**14
"""So much of a question and of a proposal is looked at for yes and no."""

_ENDS = re.compile(r"^[\W_]{1,60}|[\W_]{1,60}$")
_QUOTES = "\"'“”‘’«»„‹›「」『』"
_REPORTS = re.compile(
    r"\b(?:says?|said|saying|reads?|reading|stat(?:es?|ed|ing)|claim(?:s|ed|ing)?|writes?|wrote|written|contain(?:s|ed|ing)?|"
    r"quot(?:es?|ed|ing)|ends|ended|ending|instruct(?:s|ed|ing)?|inject(?:s|ed)?|tells?|told|asks?|asked|demands?|orders?|"
    r"includ(?:es?|ed|ing)|proposal|answer|member)\b",
    re.IGNORECASE,
)
_OPEN_ENDED = re.compile(
    r"(?::|：|\b(?:lines?|text|words|sentence|instructions?|following|quote|saying|by|with))$", re.IGNORECASE
)
_OWN = re.compile(r"\b(?:my|i|we|our|therefore|thus|hence|conclusion|finally|final)\b", re.IGNORECASE)


def word(text: str, *, strict: bool = False) -> Verdict | None:
    """Return the verdict that a word behind a label is; strictly, one that can be nothing else."""
    if len(text) > VERDICT_CHARS or "?" in text or "？" in text:
        return None
    return (_BY_BARE_WORD if strict else _BY_WORD).get(_ENDS.sub("", plain(text)).casefold())


def about_yes_and_no(proposal: str, question: str = "") -> bool:
    """Whether a question asks for yes or no, or a proposal says so: then these words are no verdicts.

    Examples
    --------
    >>> about_yes_and_no("No, they cannot."), about_yes_and_no("42", "True or false?"), about_yes_and_no("42", "6 · 7?")
    (True, True, False)
    """
    lines = [line for line in (proposal[:QUESTION_CHARS].splitlines() or [""]) if line.strip()]
    ends = [lines[0], lines[-1]] if lines else []
    said = any(_SAYS_PLAIN.search(line[:VERDICT_CHARS]) for line in ends)
    return said or bool(_ASKS_PLAIN.search(question[:QUESTION_CHARS]))


def last_line(page: Page) -> Read[Verdict] | None:
    """Read the last line, if it is no quotation and nothing else that the judge gave says otherwise."""
    if not page.lines:
        return None
    last = len(page.lines) - 1
    strict = page.answers_are_verdicts
    verdict = None if _quoted(page, last) else _verdict(page.lines[last], strict=strict)
    if verdict is None:
        return Read(None)
    others = _given_before(page.lines[:last], page.breaks, strict=strict)
    return Read(verdict if others <= {verdict} else None)


def without_quote(page: Page, proposal: str) -> Page:
    """Take the words of a proposal that speaks as a verdict out of a reply to it."""
    words = proposal.strip()
    if not words or len(words) > len(page.text) or words not in page.text:
        return page
    speaks = any(_verdict(line) is not None for line in page_of_text(words).lines)
    return page_of_text(page.text.replace(words, "")) if speaks else page


def _verdict(line: Line, *, strict: bool = False) -> Verdict | None:
    if len(line.text) > VERDICT_CHARS:
        return None
    tags = _IN_TAGS.fullmatch(line.text)
    value = tags[1] if tags else VERDICT.value(line.text)
    if value is None:
        return _BY_BARE_WORD.get(plain(line.text).strip(MARKS + ".!:()[]").casefold())
    return word(value, strict=strict) if _paired(value) else None


def _paired(value: str) -> bool:
    """Whether quotation marks in a value belong to it: a lone one ends a quotation that began before."""
    signs = [each for each in value if each in _QUOTES]
    return len(signs) in (0, 2)


def _quoted(page: Page, at: int) -> bool:
    """Whether a line is a quotation: by its form, by marks left open in its paragraph, or by the words before it."""
    line = page.lines[at]
    if line.quoted or line.text.startswith(("    ", "\t")):
        return True
    start = _paragraph(page, at)
    before = "\n".join(each.text for each in page.lines[start:at])
    if before.count('"') % 2 or any(
        before.count(one) > before.count(other) for one, other in ("“”", "«»", "„“", "「」")
    ):
        return True
    for place in range(at - 1, start - 1, -1):
        text = page.lines[place].text.strip().rstrip(MARKS)
        if text.endswith((".", "!", "?")):
            return False
        if _introduces(text):
            return True
    return False


def _introduces(text: str) -> bool:
    """Whether a line announces the words of somebody else."""
    return len(text) <= 2000 and bool(_OPEN_ENDED.search(text) and _REPORTS.search(text)) and not _OWN.search(text)


def _given_before(lines: Sequence[Line], breaks: frozenset[int], *, strict: bool) -> set[Verdict]:
    """Return the verdicts on earlier lines, but those that are quoted in their paragraph."""
    given = set()
    introduced = False
    for at, line in enumerate(lines):
        introduced = introduced and at not in breaks
        verdict = None if line.quoted or introduced else _verdict(line, strict=strict)
        if verdict is not None:
            given.add(verdict)
        introduced = introduced or _introduces(line.text.strip().rstrip(MARKS))
    return given


def _paragraph(page: Page, at: int) -> int:
    """Return where the paragraph of a line begins."""
    while at not in page.breaks:
        at -= 1
    return at
