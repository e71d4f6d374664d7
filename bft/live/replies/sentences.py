"""Answers that stand in a sentence, without a label: what the sentence gives, and never a word that it only mentions.

    the answer is X       in any line, if all such sentences give the same
    yes or no first       "No, pigs cannot fly", where the question asks for yes or no
    = X at the end        of a reply of one line: 3 + 8 = 11
    the question's words  "Half of 90 is 45", or "45 is half of 90", to "What is half of 90?"
    the only number       "A spider has 8 legs", to "How many legs …?"

A sentence that says "not", "if" or "perhaps" gives nothing, nor does one that goes on behind the answer, unless that is
a number, a quotation, yes or no. What no rule takes stays what it is: a text, or a short line.
"""

from __future__ import annotations

import re

from bft.live.replies.labels import MARKS, plain
from bft.live.replies.page import Page
from bft.validators.written_numbers import number_form

LINE_CHARS = 1000
"""Longer lines are not searched for sentences."""

VALUE_WORDS = 8
"""An answer in a sentence has no more words."""

_SAID = re.compile(
    r"(?:^|(?<=[.,;:!?]\s)|(?<=[.,;:!?*]\*\s))[*_`#>\s]{0,8}"
    r"(?:(?:so|thus|hence|therefore|then|now|and|finally|in conclusion)[\s,:]{1,3}){0,3}"
    r"(?:(?:the|my|our|final|correct|right|short|best)\s{1,3}){1,3}"
    r"(?:answer|result|solution|option|choice)\s{1,3}"
    r"(?:(?:to|for|of)\s(?:this|the|your)\s(?:[a-z]{1,12}\s)?(?:question|problem|equation|task|riddle)\s{1,3})?"
    r"(?:is|would be|must be|should be)(?=[\s:=])\s{0,3}[:=]?\s{0,5}(?=\S)",
    re.IGNORECASE,
)


def _any_of(words: str) -> str:
    """Return the pattern of any of these words; "~" stands for whatever ends a word."""
    return rf"\b(?:{'|'.join(words.split()).replace('~', chr(92) + 'w{0,6}').replace('_', ' ')})\b"


_DOUBTS = re.compile(
    _any_of(
        "if unless when suppos~ assum~ not never wrong~ incorrect~ falsely mistak~ some~ may might could "
        "perhaps maybe possib~ probab~ think~ thought guess~ claim~ say says said proposal whether until "
        "instead rather cannot can't isn't n't either"
    ),
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    _any_of(
        "obtained found given calculated computed determined derived got reached known unknown unclear not "
        "never neither either in by at on from to of for with within between more less over under based that "
        "this these those it what which who how why because since as if when whether correct incorrect right "
        "wrong true_that false_that above below here there shown provided available simple simply clear "
        "clearly always also only probably perhaps maybe possibly likely about around approximately roughly "
        "nearly almost your"
    ),
    re.IGNORECASE,
)
_SURELY = re.compile(r"(?:actually|really|indeed|in fact|therefore)\b[\s,:]{1,3}", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“'‘`*]{1,3}([^\"“”'‘’`*\n]{1,200})[\"”'’`*]{1,3}(?P<rest>.*)", re.DOTALL)
_REASON = re.compile(r"[.,;:!]?\s{0,3}(?:$|(?:because|since|as|for|so)\b|[.!]\s)", re.IGNORECASE)
_NUMBER = r"[-+−]?[$€£]?(?:[0-9]{1,20}(?:,[0-9]{3}){0,6}(?:\.[0-9]{1,20})?|\.[0-9]{1,20})(?:\s?/\s?[0-9]{1,20})?%?"
_ONE_NUMBER = re.compile(_NUMBER)
_ANY_NUMBER = re.compile(rf"(?<![\w.,/]){_NUMBER}(?![\w/]|[.,][0-9])")
_PLAIN = re.compile(r"(yes|no|true|false)\b", re.IGNORECASE)
_PLAIN_FIRST = re.compile(r"[\s*_`\"'“]{0,8}(yes|no|true|false)[*_`\"'”]{0,4}(?:[.,:;!]|\s[-–—]|$)", re.IGNORECASE)
_ASKS_PLAIN = re.compile(
    r"\b(?:yes\s?(?:or|/)\s?no|true\s?(?:or|/)\s?false)\b"
    r"|(?:^|[.!?]\s)\s{0,5}(?:is|are|was|were|am|can|could|do|does|did|has|have|had|will|would|should|must)\s[^?]{1,400}\?",
    re.IGNORECASE,
)
_ASKS_NUMBER = re.compile(
    r"\b(?:how\s(?:many|much|old|long|far|tall|fast|high|deep|heavy)|(?:in\s)?(?:which|what)\syear)\b", re.IGNORECASE
)
_ASKS_WHAT = re.compile(r"\b(?:what|who|which|where|when)\b[^?]{0,200}\b(?:is|are|was|were)\b", re.IGNORECASE)
_CHANGES = re.compile(
    _any_of(
        "or than least most about around approximately roughly nearly almost without up_to "
        "per each every zero one two three four five six seven eight nine ten eleven twelve dozen~ hundred~ "
        "thousand~ million~ billion~"
    )
    + r"|\b(?:over|under|between)\s{1,3}[$€£]?[0-9]",
    re.IGNORECASE,
)
_COPULA = re.compile(r"\s(?:is|are|was|were|equals)\s{1,3}(?:equal\sto\s{1,3})?", re.IGNORECASE)
_JOINED = re.compile(r"\b(?:or|and|if|where|since|because|check|then|so)\b|[,;:≠≈]|[!<>=]=|\s[?]", re.IGNORECASE)
_UNIT = r"\s[A-Za-z°]{1,12}(?:\s(?:per\s)?[A-Za-z]{1,12}){0,2}"
_EQUALS = re.compile(rf"=\s{{0,5}}({_NUMBER})({_UNIT})?[.!]?\s{{0,5}}")
_GOES_ON = re.compile(r"[.!?;]\s|[?]$|\b(?:because|since|but|not|which)\b", re.IGNORECASE)
_SMALL_WORDS = "a an the of in on at to for from and is are was were what who which where when how it its this that"
_SMALL = frozenset(_SMALL_WORDS.split(" "))
_ENDS = MARKS + "\"'“”‘’«»"


def given_answers(page: Page) -> list[str | None]:
    """Return what sentences "the answer is …" give, None for one that gives nothing; empty: there is none."""
    given: list[str | None] = []
    for line in page.lines:
        if line.quoted or len(line.text) > LINE_CHARS:
            continue
        found = list(_SAID.finditer(line.text))
        ends = [*(each.start() for each in found[1:]), len(line.text)]
        for each, end in zip(found, ends, strict=False):
            value = None if _DOUBTS.search(line.text[: each.start()]) else _value(line.text[each.end() : end])
            given.append(value)
    return given


def plain_answer(page: Page) -> str | None:
    """Return the yes or no with which a short reply to such a question begins; None: it does not, or says both."""
    text = page.text
    if not _ASKS_PLAIN.search(page.question) or len(text) > LINE_CHARS or any(line.quoted for line in page.lines):
        return None
    found = _PLAIN_FIRST.match(text)
    if found is None or len({each[0].casefold() for each in _PLAIN.finditer(plain(text))}) != 1:
        return None
    return found[1]


def equated(page: Page) -> str | None:
    """Return the number behind the last "=" of a reply of one line; None: there is none, or something else is said."""
    text = _only_line(page)
    if text is None or "=" not in text:
        return None
    before, _, _ = text.rpartition("=")
    first = before.find("=")
    head = before if first < 0 else before[:first]
    between = "" if first < 0 else before[first:]
    found = _EQUALS.fullmatch(text[len(before) :])
    if found is None or _JOINED.search(between) or _DOUBTS.search(before) or before.endswith(tuple("!<>=≠≤≥:")):
        return None
    clause = re.split(r"[,;:]\s", head)[-1]
    if re.search(r"\b(?:or|if|check)\b", head, re.IGNORECASE) or not re.search(r"[0-9A-Za-z)]\s{0,5}$", clause):
        return None
    return f"{found[1]}{found[2] or ''}".strip()


def echoed(page: Page) -> str | None:
    """Return what follows, or precedes, the question's own words in a reply of one line; None: it has other words."""
    text = _only_line(page)
    question = page.question[:LINE_CHARS]
    if text is None or not _ASKS_WHAT.search(question) or _ASKS_PLAIN.search(question):
        return None
    copula = _COPULA.search(text)
    if copula is None or copula.start() > 200:
        return None
    subject, asked = text[: copula.start()], _content(question)
    told, value = _content(subject), _value(text[copula.end() :])
    if value is None or not told or told & _content(value):
        return None
    if told <= asked:
        return value
    return _value(subject) if _content(value) == asked and not _DOUBTS.search(text) else None


def only_number(page: Page) -> str | None:
    """Return the one number of a reply of one line to a question for a number; those of the question do not count."""
    text = _only_line(page)
    question = page.question[:LINE_CHARS]
    if text is None or not _ASKS_NUMBER.search(question) or "=" in text:
        return None
    if _DOUBTS.search(text) or _CHANGES.search(text):
        return None
    asked = {number_form(each[0]) or each[0] for each in _ANY_NUMBER.finditer(question)}
    found = [each[0] for each in _ANY_NUMBER.finditer(text.removesuffix("."))]
    new = [each for each in found if (number_form(each) or each) not in asked]
    return new[0] if len(new) == 1 else None


def _value(text: str) -> str | None:
    """Return what a sentence gives behind its verb; None: it gives nothing that is short and certain."""
    told = _SURELY.sub("", text.strip(MARKS), count=1)
    quoted = _QUOTED.fullmatch(told)
    if quoted is not None:
        return quoted[1].strip() if _REASON.match(quoted["rest"]) else None
    plainly = _PLAIN.match(told) or _ONE_NUMBER.match(told)
    if plainly is not None and _REASON.match(told[plainly.end() :]):
        return plainly[0]
    sentence = told.removesuffix("!").removesuffix(".").strip(_ENDS)
    if (
        not sentence
        or _NO_VALUE.match(sentence)
        or re.search(r"[.!?;]\s|[?]$|\b(?:because|since|but|not|which)\b", sentence)
    ):
        return None
    return sentence if len(sentence.split()) <= VALUE_WORDS else None


def _only_line(page: Page) -> str | None:
    if len(page.lines) != 1 or page.lines[0].quoted or page.tagged or len(page.lines[0].text) > LINE_CHARS:
        return None
    return page.lines[0].text.strip(MARKS)


def _content(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+|[=+*/^]", text.casefold())) - _SMALL
