"""A cache shared between machines: Redis. Needs the extra `redis`; nothing else of this room imports it.

How durable an acknowledged entry is, is the server's configuration (`appendfsync`). A server that is away costs
answers their place in the cache and is counted, but never fails a call. Machines that share a cache must agree on the
time of day.
"""

from __future__ import annotations

import json
import logging
import math
from typing import Any

from bft.core.refusal import require_positive
from bft.errors import ScenarioError, bad_value
from bft.resilience.cache import Entry

_log = logging.getLogger(__name__)


class RedisCache:
    """Keeps entries on a Redis server, which forgets them when they expire; safe to share between threads.

    Parameters
    ----------
    url : str
        For instance `redis://host:6379/0`, or `unix:///path`.
    prefix : str
        Before every key, so that several uses can share a server.
    timeout_s : float
        How long to wait for the server.

    Attributes
    ----------
    faults : int
        Reads and writes that failed, unreadable entries among them.

    Raises
    ------
    ScenarioError
        If the extra is not installed or the address cannot be understood. A server that does not answer is no error.
    """

    blocking = True

    def __init__(self, url: str, *, prefix: str = "bft:answer:", timeout_s: float = 1.0) -> None:
        require_positive("cache.timeout_s", timeout_s)
        try:
            import redis
        except ImportError as error:
            raise ScenarioError(bad_value("cache.url", url, "needs the extra: pip install 'bft-lab[redis]'")) from error
        try:
            self._client = redis.Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s)
        except ValueError as error:
            raise ScenarioError(bad_value("cache.url", url, f"cannot be understood: {error}")) from error
        self._prefix = prefix
        self._trouble = (redis.RedisError, ValueError)
        self._answering = True
        self.faults = 0

    def get(self, key: str) -> Entry | None:
        """Return what was kept under a key, or None."""
        try:
            value = self._client.get(self._prefix + key)
            entry = None if value is None else _decode(value)
        except self._trouble as error:
            self._fault(error)
            return None
        self._answering = True
        return entry

    def put(self, key: str, entry: Entry) -> bool:
        """Keep an entry; True: the server has it."""
        content = [entry.text, entry.model, entry.stored_at_s, entry.expires_at_s]
        keep_ms = math.ceil((entry.expires_at_s - entry.stored_at_s) * 1000.0)
        try:
            self._client.set(self._prefix + key, json.dumps(content), px=keep_ms)
        except self._trouble as error:
            self._fault(error)
            return False
        self._answering = True
        return True

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def _fault(self, error: Exception) -> None:
        """Count a failure; warn of the first in a row only, for a server that is away fails every call."""
        self.faults += 1
        if self._answering:
            _log.warning("the cache cannot be used: %s", error)
        self._answering = False


def _decode(value: Any) -> Entry:
    match json.loads(value):
        case [str(text), str(model), int() | float() as stored_at_s, int() | float() as expires_at_s]:
            return Entry(text=text, model=model, stored_at_s=stored_at_s, expires_at_s=expires_at_s)
    raise ValueError("an entry is not as it was written")
