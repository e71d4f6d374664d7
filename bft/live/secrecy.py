"""Keeping secrets out of records, messages and certificates.

What a provider's error quotes, or a hostile endpoint echoes, may hold the key that it was sent. Every text that
leaves this room passes here: known secrets are cut out, and so is whatever looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import SecretStr

HIDDEN = "[redacted]"
SHORTEST = 6
"""Shorter secrets are not searched for: they occur in ordinary words."""

_LOOKS_SECRET = re.compile(
    r"(?<=bearer )[^\s\"',;]{6,}"
    r"|(?<=api-key: )[^\s\"',;]{6,}"
    r"|(?<=api_key=)[^\s\"',;]{6,}"
    r"|\bsk-[a-z0-9_\-*]{6,}",
    re.IGNORECASE,
)


class Secrets:
    """The secrets of a panel.

    Parameters
    ----------
    values : iterable of str
        What must never be seen.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        long = {value for value in values if len(value) >= SHORTEST}
        self._values = sorted(long, key=lambda each: (-len(each), each))  # one may be a part of another

    def hide(self, text: str) -> str:
        """Return the text without secrets."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return _LOOKS_SECRET.sub(HIDDEN, text)

    def hide_all(self, value: Any) -> Any:
        """Return nested tables, lists and texts without secrets."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {key: self.hide_all(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_all(inner) for inner in value]
        return value


def secrets_in(model: Any) -> list[str]:
    """Return the secret values that a model object holds in fields meant for them."""
    found = []
    for name in getattr(type(model), "model_fields", ()):
        value = getattr(model, name, None)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
    return found
