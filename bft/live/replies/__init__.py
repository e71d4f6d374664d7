"""Reading what models write: a final answer, a verdict, how sure they are, a text.

Lenient about form, never about meaning: what cannot be read is its own case (None) and nobody's vote. A reply is read
in three steps, each a file of this room:

    reply    →  without its thoughts (`thoughts`)       None where a thought is left open
             →  lines, quoted ones marked (`page`)      None where it is longer than `VISIBLE_CHARS`
             →  the first rule that applies             `answers` (with `sentences` and `options`), `verdicts`,
                                                        `confidences`

    line     =  decoration label separator value decoration
    decoration  list marker, number, heading, bold, back quotes, table bar, bracket
    separator   a colon of any width, "=", a dash between blanks, "is"
    label       answer · verdict, decision, judgement · confidence, with "final", "my" and the like before it

Each reader is a table of named rules, tried in order; the first that applies has the last word, also if it cannot read
what it found. A further form of reply is one more row. All of it takes time linear in the length of the reply: every
pattern is bounded, or tried at one place of a line. The table of what is read as what is in docs/how_to/replies.md.
"""

from __future__ import annotations

from dataclasses import replace

from bft.core.verdict import Verdict
from bft.live.replies.answers import ANSWER_RULES, only_label
from bft.live.replies.confidences import CONFIDENCE_RULES
from bft.live.replies.json_objects import json_verdict as _from_json
from bft.live.replies.page import VISIBLE_CHARS, Page, page_of
from bft.live.replies.rules import Rule, first
from bft.live.replies.verdicts import about_yes_and_no, last_line, without_quote

REPLY_CHARS = 2**20
"""Longer replies are not read; the thoughts in them count."""

TEXT_CHARS = 2**16
"""Longer texts are no answer that others can check."""

VERDICT_RULES: tuple[Rule[Verdict], ...] = (Rule("a JSON object", _from_json), Rule("the last line", last_line))

__all__ = [
    "ANSWER_RULES",
    "CONFIDENCE_RULES",
    "REPLY_CHARS",
    "TEXT_CHARS",
    "VERDICT_RULES",
    "VISIBLE_CHARS",
    "answer_by_rule",
    "read_answer",
    "read_confidence",
    "read_text",
    "read_verdict",
    "verdict_by_rule",
]


def read_verdict(reply: str, proposal: str = "", question: str = "") -> Verdict | None:
    r"""Read a judge's reply; None: it cannot be read.

    Parameters
    ----------
    reply : str
        What the judge wrote.
    proposal : str
        What it judged: where that speaks as a verdict, its words in the reply are a quotation.
    question : str
        What was asked: where that, or the proposal, is about yes and no, a "yes" is no verdict, even behind a label.

    Examples
    --------
    >>> read_verdict("2 + 2 is 4.\n**Verdict: ACCEPT.**").value
    'accept'
    >>> read_verdict('{"verdict": "reject"}').value
    'reject'
    >>> [read_verdict(reply) for reply in ("VERDICT: ACCEPT\nis what it says; I reject it", "I will not accept this")]
    [None, None]
    >>> read_verdict("VERDICT: no", "No", "Can pigs fly?")
    """
    return verdict_by_rule(reply, proposal, question)[0]


def verdict_by_rule(reply: str, proposal: str = "", question: str = "") -> tuple[Verdict | None, str]:
    """Return what `read_verdict` does, and the name of the rule that read it."""
    page = _page(reply)
    if page is None:
        return None, ""
    strict = about_yes_and_no(proposal, question)
    verdict, rule = first(VERDICT_RULES, replace(without_quote(page, proposal), answers_are_verdicts=strict))
    return verdict, rule


def read_answer(reply: str, question: str = "", choices: tuple[str, ...] = ()) -> str | None:
    r"""Read a final answer; None: there is none, or none that is certain.

    Parameters
    ----------
    reply : str
        What the member wrote.
    question : str
        What it was asked: its options, if it has some, are answers by their letters.
    choices : tuple of str
        The answers that there are; empty: any.

    Examples
    --------
    >>> read_answer("7 · 6 = 42, so\nANSWER: 42")
    '42'
    >>> read_answer(" 42 "), read_answer("So the answer is **42**.")
    ('42', '42')
    >>> read_answer("It is an apple.\nThe answer is B) apple.", "Which is a fruit?\nA) carrot\nB) apple")
    'B'
    >>> [read_answer(reply) for reply in ("Well,\nit depends.", "ANSWER:", "ANSWER: <your answer>", "<think>42")]
    [None, None, None, None]
    """
    return answer_by_rule(reply, question, choices)[0]


def answer_by_rule(reply: str, question: str = "", choices: tuple[str, ...] = ()) -> tuple[str | None, str]:
    """Return what `read_answer` does, and the name of the rule that read it."""
    page = _page(reply)
    if page is None:
        return None, ""
    answer, rule = first(ANSWER_RULES, replace(page, question=question, choices=choices))
    return answer, rule


def read_confidence(reply: str) -> float | None:
    r"""Read how sure a model says it is: a number from 0 to 1, or a percentage, on the last line that tells; else None.

    Examples
    --------
    >>> [read_confidence(f"ANSWER: 42\n{line}") for line in ("CONFIDENCE: 0.8", "**Confidence**: 95 %", "Sure!")]
    [0.8, 0.95, None]
    """
    page = _page(reply)
    return None if page is None else first(CONFIDENCE_RULES, page)[0]


def read_text(reply: str) -> str | None:
    """Return a reply without its thoughts; None if nothing is left, or no more than a label."""
    page = _page(reply)
    if page is None or not page.text or len(page.text) > TEXT_CHARS or only_label(page):
        return None
    return page.text


def _page(reply: str) -> Page | None:
    return None if len(reply) > REPLY_CHARS else page_of(reply)
