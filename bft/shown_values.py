"""How a value stands in a message: whole, unless it may be a secret, and never longer than a line.

A key that was put where it does not belong, the commonest slip, must not be printed by the error that says so.
"""

from __future__ import annotations

import re

HIDDEN = "[redacted]"
LONGEST = 200

LOOKS_SECRET = re.compile(
    r"(?<=bearer )[^\s\"',;]{6,}"
    r"|(?<=api-key: )[^\s\"',;]{6,}"
    r"|(?<=api_key=)[^\s\"',;]{6,}"
    r"|\bsk-[a-z0-9_\-*]{6,}"
    r"|(?<=://)[^/\s@\"']+(?=@)",  # user and password of an address
    re.IGNORECASE,
)
MAY_HOLD_SECRETS = re.compile(
    r"(?:^|[._-])(?:api_?key|key|secret|token|password|passwd|credentials?|authorization|auth|headers?|default_headers"
    r"|cookies?)(?:[._-]|$)|(?:^|\.)options(?:\.|$)",
    re.IGNORECASE,
)
ENVIRONMENT_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def shown(field: str, value: object) -> str:
    """Return a value of a field as a message may show it.

    Examples
    --------
    >>> shown("faults.delta", 1.4), shown("members.0.api_key", "x"), shown("base_url", "http://me:pw@host")
    ('1.4', '[redacted]', "'http://[redacted]@host'")
    """
    if value is None or isinstance(value, bool | int | float):
        return _cut(_number(value))
    if field.endswith("api_key_env"):
        named = isinstance(value, str) and ENVIRONMENT_VARIABLE.fullmatch(value)
        return repr(value) if named else HIDDEN
    if MAY_HOLD_SECRETS.search(field):
        return HIDDEN
    return _cut(LOOKS_SECRET.sub(HIDDEN, repr(value)))


def _number(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
