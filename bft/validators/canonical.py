"""When two answers are the same answer: the canonical form that the same-answer check compares.

It removes what carries no meaning in a short final answer: white space, the case of letters, a full stop at the end,
the thousands separators, the currency sign, the leading and trailing zeros of a number. It computes nothing: 1/2 and
0.5 stay different, as do 50% and 0.5.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([-+]?)\s?[$€£¥]?\s?([-+]?)(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d*))?")


def canonical(answer: str | None) -> str | None:
    """Return the canonical form of an answer, or None where there is none.

    Examples
    --------
    >>> [canonical(text) for text in (" $1,000.00 ", "+07", "-0.50", ".5", "(B)", "New  York.", "50%", "  ")]
    ['1000', '7', '-0.5', '0.5', 'b', 'new york', '50%', None]
    """
    if answer is None:
        return None
    text = " ".join(answer.split()).casefold()
    if len(text) > 1:
        text = text.removesuffix(".").rstrip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    number = _NUMBER.fullmatch(text)
    if number is not None and any(character.isdigit() for character in text):
        return _plain_number(*number.groups())
    return text or None


def _plain_number(sign: str, inner_sign: str, whole: str | None, fraction: str | None) -> str:
    digits = (whole or "").replace(",", "").lstrip("0") or "0"
    decimals = (fraction or "").rstrip("0")
    number = f"{digits}.{decimals}" if decimals else digits
    negative = (sign or inner_sign) == "-" and number != "0"
    return f"-{number}" if negative else number
