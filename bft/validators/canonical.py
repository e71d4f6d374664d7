"""The canonical form of a short final answer, in which spellings that mean the same are one.

It removes what carries no meaning there: white space, the case of letters, a full stop at the end, parentheses around
the whole, and how a number is written (`bft.validators.written_numbers`). It computes nothing: 1/2 and 0.5 stay
different, as do 50% and 0.5. A list in parentheses keeps them: (2,100) is a pair, and not 2100.

A form is its own form, so it makes no difference how often an answer is brought into it. Where a data set tells answers
apart that have one canonical form, its table is compared in another way (`bft.validators.comparison`).
"""

from __future__ import annotations

from bft.validators.written_numbers import number_form

_OPENING, _CLOSING = "([{", ")]}"


def canonical(answer: str | None) -> str | None:
    """Return the canonical form of an answer, or None where there is none.

    Examples
    --------
    >>> [canonical(text) for text in (" $1,000.00 ", "1e3", "-0.50", "((B))", "New  York.", "50%", "(2,100)", "  ")]
    ['1000', '1000', '-0.5', 'b', 'new york', '50%', '(2,100)', None]
    """
    text = plain_words(answer)
    return None if text is None else number_form(text) or text


def plain_words(answer: str | None) -> str | None:
    """Return an answer without what words and letters of options do not need, numbers as written; None for nothing."""
    text = "" if answer is None else answer
    while True:  # what stood inside may have a full stop or parentheses of its own
        simpler = _enclosed(" ".join(text.split()).casefold())
        if len(simpler) > 1:
            simpler = simpler.removesuffix(".").rstrip()
        if simpler == text:
            return text or None
        text = simpler


def _enclosed(text: str) -> str:
    """Return what stands in parentheses that enclose the whole, unless it is a list."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, character in enumerate(text):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        if depth == 0 and place < len(text) - 1:
            return text  # the first one closes before the end
        if depth == 1 and character in ",;":
            return text
    return text[1:-1].strip() if depth == 0 else text
