"""What a terminal is shown: results on stdout, one line a message on stderr, and no control character of anybody's.

What a model or a table says may hold escape sequences, carriage returns and marks that reverse the direction of text; a
terminal would obey them. They are shown as what they are; JSON escapes them by itself.
"""

from __future__ import annotations

import re
import sys

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def tell(text: str) -> None:
    """Write a result to stdout."""
    print(printable(text))


def complain(message: str) -> None:
    """Write one line to stderr."""
    print(f"bft: {printable(' '.join(message.split()))}", file=sys.stderr)


def printable(text: str) -> str:
    r"""Return a text whose control characters, but line feeds and tabs, are written out.

    Examples
    --------
    >>> print(printable("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
