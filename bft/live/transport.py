"""The HTTP client of endpoints that are described by their address: what it reads of a response is bounded.

Bytes are counted as they are decoded, so that neither a body without an end nor one that was compressed a thousandfold
fills the memory. JSON with more values than any reply has is refused before somebody builds objects of it, and a usage
that cannot be meant is taken out before a client adds it up: it never costs the reply. The secrets of a request are cut
out of its response, so that callbacks and traces never see an echo of them. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import re
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from bft.live.completions import fault_of, fault_of_body
from bft.live.secrecy import Secrets, secrets_sent

BODY_BYTES = 8 * 2**20
"""Decoded bytes of a response, at most."""

JSON_VALUES = 50_000
"""Values in a response, at most: half of all texts, commas and opening brackets; a text counts once, however long."""

JSON_CHOICES = 16
"""Replies in one response, at most; one is asked for."""

AT_ONCE_BYTES = 2**15
"""Longer bodies are looked at in a thread."""

COMPLETIONS = "/chat/completions"
OK = 200

_CHUNK_BYTES = 2**16
_PARTS = re.compile(rb'"[^"\\]*+(?:\\(?s:.|\Z)[^"\\]*+)*+(?:"|\Z)|[,\[{]')
_LONGEST_NUMBER = 400
_ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
_MOST_TOKENS = 2**53
_OF_TRANSFER = ("content-encoding", "content-length", "transfer-encoding")


class UnusableReplyError(Exception):
    """A response that is refused for what it is, whatever it says."""


def unusable_reply(error: BaseException) -> UnusableReplyError | None:
    """Return the refusal behind what a client raised; None: it was something else."""
    seen: BaseException | None = error
    for _ in range(16):
        if seen is None or isinstance(seen, UnusableReplyError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def bounded_client(*, heeds_proxies: bool) -> Any:
    """Return a client whose responses are bounded, of the HTTP library that openai's client uses."""
    from openai import DefaultAsyncHttpxClient

    class BoundedClient(DefaultAsyncHttpxClient):
        """Reads responses itself, and hands on those that it has looked at."""

        async def send(self, request: Any, **options: Any) -> Any:
            """Send a request; the response has been read, decoded and looked at."""
            response = await super().send(request, **{**options, "stream": True, "follow_redirects": False})
            try:
                body = await _body(response)
            finally:
                await response.aclose()
            secrets = Secrets(secrets_sent(request.headers.multi_items(), str(request.url)))
            body = secrets.cut_bytes(body)
            told = response.headers.get("content-type", "")
            completes = response.status_code == OK and request.url.path.endswith(COMPLETIONS)
            if completes and (fault := fault_of_body(body, told)) is not None:
                raise UnusableReplyError(fault)
            if "json" in told.lower():
                look = partial(checked, body, completes=completes)
                body = await asyncio.to_thread(look) if len(body) > AT_ONCE_BYTES else look()
            kept = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _OF_TRANSFER]
            headers = [(name, secrets.cut(value)) for name, value in kept]
            read = type(response)(
                response.status_code, headers=headers, content=body, request=request, extensions=response.extensions
            )
            read.elapsed = response.elapsed
            return read

    return BoundedClient(trust_env=heeds_proxies, follow_redirects=False, headers={"accept-encoding": "gzip, deflate"})


async def _body(response: Any) -> bytes:
    """Read a response, decoded, up to the bound."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", *_ENCODINGS):
        raise UnusableReplyError(f"content-encoding {encoding[:40]!r}, which was not asked for")
    decoder = zlib.decompressobj(_ENCODINGS[encoding]) if encoding in _ENCODINGS else None
    told = response.headers.get("content-length", "")
    if told.isdecimal() and (len(told) > 12 or int(told) > BODY_BYTES):
        raise UnusableReplyError(f"a body of more than {BODY_BYTES} bytes")
    body, raw = bytearray(), 0
    async for chunk in response.aiter_raw():
        raw += len(chunk)
        for part in (chunk,) if decoder is None else _decoded(decoder, chunk):
            body += part
            if max(len(body), raw) > BODY_BYTES:
                raise UnusableReplyError(f"a body of more than {BODY_BYTES} bytes")
    return bytes(body)


def _decoded(decoder: Any, chunk: bytes) -> Iterator[bytes]:
    """Decode piece by piece: a chunk may stand for a thousand times its size."""
    left = chunk
    while left and not decoder.eof:
        try:
            yield decoder.decompress(left, _CHUNK_BYTES)
        except zlib.error as error:
            raise UnusableReplyError(f"a body that is not compressed as it says: {error}") from None
        left = decoder.unconsumed_tail


def checked(body: bytes, *, completes: bool = False) -> bytes:
    """Return a body of JSON that a client can read; what is no JSON is returned as it is, for the client to refuse.

    Parameters
    ----------
    body : bytes
        Of a response.
    completes : bool
        Whether it must be a chat completion.

    Raises
    ------
    UnusableReplyError
        If it holds more values than a reply has, nests too deeply, or is no completion where it must be.
    """
    if next(itertools.islice(_PARTS.finditer(body), 2 * JSON_VALUES, None), None) is not None:
        raise UnusableReplyError(f"JSON of more than {JSON_VALUES} values")
    try:
        said = json.loads(body, parse_int=_whole, object_pairs_hook=_agreeing)
    except RecursionError:
        raise UnusableReplyError("JSON that nests too deeply") from None
    except ValueError:
        if completes:
            raise UnusableReplyError("a body that says it is JSON and is none") from None
        return body
    choices = said.get("choices") if isinstance(said, dict) else None
    if isinstance(choices, list) and len(choices) > JSON_CHOICES:
        raise UnusableReplyError(f"{len(choices)} choices, where one was asked for")
    if completes and (fault := fault_of(said)) is not None:
        raise UnusableReplyError(fault)
    if not isinstance(said, dict):
        return body
    if "usage" in said and not _plausible(said["usage"]):
        del said["usage"]
        return json.dumps(said).encode()
    return body


def _agreeing(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object that says nothing twice in different words: clients take the last, and readers another."""
    said = dict(pairs)
    if len(said) != len(pairs) and any(said[name] != value for name, value in pairs):
        raise UnusableReplyError("JSON that says two things under one name")
    return said


def _whole(digits: str) -> float | int:
    """Read a whole number; one that is too long for any use is infinite, and not read at all."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.inf


def _plausible(usage: object) -> bool:
    """Whether a usage is one that may be added up: whole numbers of tokens, or nothing."""
    if usage is None:
        return True
    if not isinstance(usage, dict):
        return False
    if not all(_tokens(usage.get(name)) for name in ("prompt_tokens", "completion_tokens")):
        return False
    counts = [usage.get("total_tokens")]
    details = [usage.get(f"{name}_tokens_details") for name in ("prompt", "completion")]
    if not all(isinstance(detail, dict | None) for detail in details):
        return False
    counts += [count for detail in details if detail for count in detail.values()]
    return all(count is None or _tokens(count) for count in counts)


def _tokens(count: object) -> bool:
    return isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MOST_TOKENS
