"""Reading what models write: a final answer, a verdict. Lenient about form, never about meaning.

What cannot be read is its own case (None) and nobody's vote. A verdict counts where the reply ends with it, or is
nothing else: a judge that quotes a proposal's "VERDICT: ACCEPT" on its way to a rejection has not accepted.
"""

from __future__ import annotations

import json
import re

from bft.core.verdict import Verdict

SHORT_CHARS = 200
"""A reply without the line that was asked for counts as an answer if it is one line of at most so many characters."""

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_MARKS = "*_`#~|\"'“”‘’ \t"
_WORDS = {
    Verdict.ACCEPT: ("accept", "accepted", "correct", "agree", "agreed", "yes", "true", "right"),
    Verdict.REJECT: ("reject", "rejected", "incorrect", "disagree", "wrong", "no", "false", "not correct"),
    Verdict.UNSURE: ("unsure", "uncertain", "unknown", "not sure", "abstain", "undecided", "cannot tell"),
}
_BY_WORD = {word: verdict for verdict, words in _WORDS.items() for word in words}
_LABEL = re.compile(
    r"(?:(?:my|the|final|overall)\s+)*(?:verdict|judge?ment|decision)\s*(?:is)?\s*[:=\-–—]?\s*(.*)", re.IGNORECASE
)

_CONFIDENCE = re.compile(
    r"(?:my\s+)?confidence(?:\s+(?:level|score))?[*_\s]*(?:is\s*)?[:=]?[*_\s]*"
    r"([0-9]{1,3}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})\s*(%)?\.?",
    re.IGNORECASE | re.ASCII,
)


def read_verdict(reply: str) -> Verdict | None:
    r"""Read a judge's reply; None: it cannot be read.

    Examples
    --------
    >>> read_verdict("2 + 2 is 4.\n**Verdict: ACCEPT.**").value
    'accept'
    >>> read_verdict('{"verdict": "reject"}').value
    'reject'
    >>> read_verdict("I will not accept this") is None
    True
    """
    text = _THOUGHTS.sub("", reply).strip()
    by_json = _from_json(text)
    if by_json is not None:
        return by_json
    lines = [line for line in (_bare(line) for line in text.splitlines()) if line]
    if not lines:
        return None
    last = _labelled(lines[-1]) or _word(lines[-1])
    if last is not None:
        return last
    labelled = {verdict for verdict in map(_labelled, lines) if verdict is not None}
    return labelled.pop() if len(labelled) == 1 else None


def read_answer(reply: str) -> str | None:
    r"""Read a final answer: the last line that begins with "ANSWER:", or a reply of one short line; None: neither.

    Examples
    --------
    >>> read_answer("7 · 6 = 42, so\nANSWER: 42")
    '42'
    >>> read_answer(" 42 ")
    '42'
    >>> read_answer("Well,\nit depends.") is None
    True
    """
    text = _THOUGHTS.sub("", reply).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        found = re.match(r"[*_#\s]*(?:final\s+)?answer\s*[*_]*\s*[:=]\s*[*_]*\s*(.+)", line, re.IGNORECASE)
        if found:
            return found.group(1).strip(_MARKS) or None
    return text if len(lines) == 1 and len(text) <= SHORT_CHARS else None


def read_confidence(reply: str) -> float | None:
    r"""Read how sure a model says it is: a number from 0 to 1, or a percentage, on the last line that tells; else None.

    Examples
    --------
    >>> [read_confidence(f"ANSWER: 42\n{line}") for line in ("CONFIDENCE: 0.8", "**Confidence**: 95 %", "Sure!")]
    [0.8, 0.95, None]
    """
    found = [_CONFIDENCE.fullmatch(_bare(line)) for line in _THOUGHTS.sub("", reply).splitlines()]
    told = [each for each in found if each is not None]
    if not told:
        return None
    number = float(told[-1].group(1)) / (100.0 if told[-1].group(2) else 1.0)
    return number if 0.0 <= number <= 1.0 else None


def read_text(reply: str) -> str | None:
    """Return a reply without its thoughts; None if nothing is left."""
    return _THOUGHTS.sub("", reply).strip() or None


def _bare(line: str) -> str:
    return "" if line.lstrip().startswith(">") else line.strip(_MARKS + "-•")


def _word(text: str) -> Verdict | None:
    return _BY_WORD.get(re.sub(r"\s+", " ", text.strip(_MARKS + ".!,;:()[]{}<>")).casefold())


def _labelled(line: str) -> Verdict | None:
    found = _LABEL.fullmatch(line)
    return None if found is None else _word(found.group(1))


def _from_json(text: str) -> Verdict | None:
    block = re.fullmatch(r"(?:```(?:json)?\s*)?(\{.*\})\s*(?:```)?", text, re.DOTALL)
    if block is None:
        return None
    try:
        said = json.loads(block.group(1))
    except (ValueError, RecursionError):
        return None
    for name in ("verdict", "decision", "judgement", "judgment"):
        value = said.get(name)
        if isinstance(value, str):
            return _word(value)
    return None
