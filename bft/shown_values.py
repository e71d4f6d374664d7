"""How a value stands in a message: whole, unless it may be a secret, and never longer than a line.

A key that was put where it does not belong, the commonest slip, must not be printed by the error that says so. So
nothing is shown under a name for secrets, at any depth, and of what stands under a name that nobody knows only numbers
and short words. Elsewhere a text is shown without what looks like a key.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

HIDDEN = "[redacted]"
LONGEST = 200
SHOWN_ITEMS = 20
"""Of a list or a table, at most."""

LOOKS_SECRET = re.compile(
    r"(?<=bearer )[^\s\"',;]{6,}"
    r"|(?<=api-key: )[^\s\"',;]{6,}"
    r"|(?:(?<=key=)|(?<=token=)|(?<=secret=)|(?<=password=))[^\s\"',;&]{6,}"
    r"|\bsk-[a-z0-9_\-*]{6,}"
    r"|\b(?:gsk|hf|ghp|xai|r8|pplx|nvapi|glpat)[-_][a-z0-9_\-]{16,}|\bAIza[a-z0-9_\-]{16,}"
    r"|\beyJ[a-z0-9_\-]{8,}\.[a-z0-9_\-]+\.[a-z0-9_\-]*"
    r"|(?<=://)[^\s@\"'?#]+(?=@)",  # user and password of an address
    re.IGNORECASE,
)
_RANDOM = re.compile(r"(?<![\w./-])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{20,}(?![\w./-])")
"""Letters and digits without an end, that no path is made of: a key more likely than a name."""

MAY_HOLD_SECRETS = re.compile(
    r"api_?key|secret|passw|passphrase|credential|authori[sz]ation|bearer|cookie|access_?token"
    r"|(?:^|[._-])(?:keys?|token|pass|pw|pwd|auth|headers?)(?:[._-]|$)"
    r"|(?:^|(?<!validators)(?<!rule)\.)options?(?:\.|$)",  # of a member's client; of a question they are a number
    re.IGNORECASE,
)
_TELLING_NUMBER = 1000
"""Smaller numbers are no secrets."""

_VARIABLE = re.compile(r"[A-Z]{1,16}(?:_[A-Z0-9]{1,16}){0,7}")
_WORDS = re.compile(r"[A-Za-z_ ]{0,12}")


def shown(field: str, value: object, *, known: bool = True) -> str:
    """Return a value of a field as a message may show it.

    Parameters
    ----------
    field : str
        Its path.
    value : object
        What stands there.
    known : bool
        Whether there is such a field, and what may stand there is what stands there.

    Examples
    --------
    >>> shown("faults.delta", 1.4), shown("members.0.api_key", "x"), shown("base_url", "http://me:pw@host")
    ('1.4', '[redacted]', "'http://[redacted]@host'")
    """
    text = _shown(field, value, known)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def without_secrets(text: str) -> str:
    """Return a message without what looks like a secret."""
    return _RANDOM.sub(HIDDEN, LOOKS_SECRET.sub(HIDDEN, text))


def _shown(field: str, value: object, known: bool, depth: int = 0) -> str:
    if value is None or isinstance(value, bool):
        return repr(value)
    if field.endswith("api_key_env"):
        return repr(value) if isinstance(value, str) and _VARIABLE.fullmatch(value) else HIDDEN
    secret = MAY_HOLD_SECRETS.search(field) is not None
    if isinstance(value, int | float):
        return HIDDEN if secret and not abs(value) < _TELLING_NUMBER else _number(value)
    if secret:
        return HIDDEN
    if isinstance(value, dict | list | tuple):
        return _nested(value, known, depth)
    if not known:
        return repr(value) if isinstance(value, str) and _WORDS.fullmatch(value) else HIDDEN
    text = value[: 2 * LONGEST] if isinstance(value, str) else value
    return without_secrets(repr(_of_address(text) if isinstance(text, str) and field.endswith("url") else text))


def _nested(value: Mapping[object, object] | list[object] | tuple[object, ...], known: bool, depth: int) -> str:
    """Show a list or a table, each value under its own name."""
    if depth > 3:
        return "…"
    more = ", …" if len(value) > SHOWN_ITEMS else ""
    if isinstance(value, Mapping):
        pairs = itertools.islice(value.items(), SHOWN_ITEMS)
        inner = [f"{_shown('', name, True)}: {_shown(str(name), each, known, depth + 1)}" for name, each in pairs]
        return f"{{{', '.join(inner)}{more}}}"
    listed = ", ".join(_shown("", each, known, depth + 1) for each in value[:SHOWN_ITEMS]) + more
    if isinstance(value, list):
        return f"[{listed}]"
    return f"({listed}{',' if len(value) == 1 else ''})"


def _of_address(url: str) -> str:
    """Return an address without user, password and query, also one that is written wrongly."""
    scheme, slashes, rest = url.rpartition("://")
    rest, asked, _ = rest.partition("?")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{slashes}{HIDDEN if user else ''}{at}{host}{asked}{HIDDEN if asked else ''}"


def _number(value: int | float) -> str:
    try:
        return repr(value)
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"
