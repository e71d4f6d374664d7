"""Numbers as they are written in answers: one form for each value, found digit by digit, so that nothing is rounded.

1000, 1,000, 1000.0, $1,000, 1e3 and 10E+2 are one number. A comma separates thousands only where all groups after the
first have three digits and the first does not begin with 0: 0,123 and 007,123 are no numbers.
"""

from __future__ import annotations

import re
from unicodedata import decimal

LONGEST_FILLING = 30  # zeros that are written out between the digits and the point; beyond, an exponent stands for them
_MINUS = "-\N{MINUS SIGN}"
_NUMBER = re.compile(
    rf"(?P<before>[{_MINUS}+])?\s?[$€£¥]?\s?(?P<behind>[{_MINUS}+])?"
    r"(?P<whole>[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)?(?:\.(?P<fraction>[0-9]*))?"
    r"(?:[eE](?P<exponent>[+-]?[0-9]{1,18}))?"
)


def number_form(text: str) -> str | None:
    """Return the one form of a number's value, or None where the text is no number.

    Examples
    --------
    >>> [number_form(text) for text in ("1,000", "1e3", "-$0.50", ".5", "1E-40", "(2,100)", "0,123", "1/2")]
    ['1000', '1000', '-0.5', '0.5', '1e-40', None, None, None]
    """
    if not text.isascii():
        text = "".join([str(decimal(each)) if each.isdecimal() else each for each in text])
    found = _NUMBER.fullmatch(text)
    if found is None or not (found["whole"] or found["fraction"]) or (found["before"] and found["behind"]):
        return None
    fraction = found["fraction"] or ""
    digits = ((found["whole"] or "").replace(",", "") + fraction).lstrip("0")
    if not digits:
        return "0"
    significant = digits.rstrip("0")
    power = int(found["exponent"] or "0") - len(fraction) + len(digits) - len(significant)
    sign = "-" if (found["before"] or found["behind"] or "+") in _MINUS else ""
    return sign + _written(significant, power)


def _written(digits: str, power: int) -> str:
    """Write digits, which neither begin nor end with 0, times a power of ten."""
    point = len(digits) + power
    if power > LONGEST_FILLING or point < -LONGEST_FILLING:
        return f"{digits}e{power}"
    if power >= 0:
        return digits + "0" * power
    return f"{digits[:point]}.{digits[point:]}" if point > 0 else f"0.{'0' * -point}{digits}"
