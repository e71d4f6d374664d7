"""Keeping secrets out of records, messages and certificates.

What a provider's error quotes, or a hostile endpoint echoes, may hold the key that it was sent. Every text that
leaves this room passes here: known secrets are cut out, and so is whatever looks like one.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import SecretStr

from bft.shown_values import HIDDEN, LOOKS_SECRET, MAY_HOLD_SECRETS

SHORTEST = 6
"""Shorter secrets are not searched for: they occur in ordinary words."""

PUBLIC_HEADERS = frozenset(
    {"accept", "accept-language", "content-type", "http-referer", "referer", "user-agent", "x-title"}
)
"""Headers that no endpoint takes for a key; what users put into any other must never be seen."""
OF_CLIENTS = ("accept", "connection", "content-", "host", "transfer-encoding", "user-agent", "x-stainless-")
"""How the names of headers begin that clients add by themselves."""


class Secrets:
    """The secrets of a panel.

    Parameters
    ----------
    values : iterable of str
        What must never be seen.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        long = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
        self._values = sorted(long, key=lambda each: (-len(each), each))  # one may be a part of another

    def cut(self, text: str) -> str:
        """Return a reply without known secrets; what only looks like one may be the answer."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return text

    def cut_bytes(self, body: bytes) -> bytes:
        """Return a body without known secrets."""
        for value in self._values:
            body = body.replace(value.encode("utf-8", "replace"), HIDDEN.encode())
        return body

    def hide(self, text: str) -> str:
        """Return the text without secrets, and without what looks like one."""
        return LOOKS_SECRET.sub(HIDDEN, self.cut(text))

    def hide_all(self, value: Any) -> Any:
        """Return nested tables, lists and texts without secrets."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {self.hide(key) if isinstance(key, str) else key: self.hide_all(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_all(inner) for inner in value]
        return value


def secrets_in(model: Any) -> list[str]:
    """Return the secret values that a model object holds: in fields meant for them, in headers and in addresses."""
    found: list[str] = []
    for name in getattr(type(model), "model_fields", ()):
        value = getattr(model, name, None)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, Mapping | str):
            found += _named({name: value}, secret=False)
    return found


def secrets_sent(headers: Iterable[tuple[str, str]], url: str) -> list[str]:
    """Return the secrets in a request: in its address, and in headers that no client adds by itself."""
    given = {name: value for name, value in headers if not name.lower().startswith(OF_CLIENTS)}
    return secrets_of({"headers": given}, url)


def secrets_of(options: Mapping[str, Any], base_url: str | None) -> list[str]:
    """Return the secrets in what a model is built from: headers, options named as secrets, user and password."""
    found = [*_named(options, secret=False)]
    if base_url is not None:
        found += _addressed(base_url)
    return found


def _addressed(url: str) -> Iterator[str]:
    """Yield the user and the password of an address, and what it asks with under a name for secrets."""
    try:
        told = urlsplit(url)
    except ValueError:
        return
    yield from (unquote(each) for each in (told.username, told.password) if each)
    if told.password:
        yield told.netloc.rpartition("@")[0]
    yield from (value for name, value in parse_qsl(told.query) if MAY_HOLD_SECRETS.search(name))


def _named(value: Any, *, secret: bool) -> Iterator[str]:
    """Yield the texts in nested tables that stand under a name for secrets."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            known = str(name).lower() in PUBLIC_HEADERS
            yield from _named(inner, secret=not known and (secret or bool(MAY_HOLD_SECRETS.search(str(name)))))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner, secret=secret)
    elif secret and isinstance(value, str | SecretStr):
        text = value if isinstance(value, str) else value.get_secret_value()
        yield text
        scheme, _, token = text.partition(" ")
        if token and " " not in token:  # Bearer, Basic, Token, ApiKey, …
            yield token
        if scheme.lower() == "basic":
            with suppress(ValueError):
                yield b64decode(token, validate=True).decode().partition(":")[2]
    elif isinstance(value, str) and "://" in value:
        yield from _addressed(value)


def _forms(secret: str) -> set[str]:
    """Return a secret as it may be quoted: as it is, in an address, in JSON, in base64 to its last whole group."""
    coded = b64encode(secret.encode()).decode().rstrip("=")
    escaped = json.dumps(secret)[1:-1]
    return {secret, quote(secret, safe=""), escaped, coded[: len(coded) // 4 * 4] if len(coded) >= 8 else secret}
