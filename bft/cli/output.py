"""What a terminal is shown: results on stdout, one line a message on stderr, and no control character of anybody's.

What a model or a table says may hold escape sequences, carriage returns and marks that reverse the direction of text; a
terminal would obey them. They are shown as what they are; JSON escapes them by itself.
"""

from __future__ import annotations

import re
import sys

from bft.shown_values import without_secrets

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINES = re.compile("[\n\t\u2028\u2029\x85]")


def tell(text: str) -> None:
    """Write a result to stdout."""
    print(printable(text))


def complain(message: str) -> None:
    """Write one line to stderr."""
    print(f"bft: {printable(' '.join(message.split()))}", file=sys.stderr)


def excerpt(text: str, most: int = 160) -> str:
    r"""Return the beginning of somebody's text on one line, control characters and line ends written out.

    Examples
    --------
    >>> print(excerpt("Hm.\n\x1b[2J\tI cannot tell", most=13))
    Hm.\n\x1b[2J…
    """
    told = _LINES.sub(lambda found: found[0].encode("unicode_escape").decode(), printable(without_secrets(text)))
    return told if len(told) <= most else f"{told[: most - 1]}…"


def printable(text: str) -> str:
    r"""Return a text whose control characters, but line feeds and tabs, are written out.

    Examples
    --------
    >>> print(printable("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
