"""Cache of answers: served while fresh instead of asking, and while stale when every level has failed.

A key is the digest of model, parameters and prompt. What comes from the cache says so, with its age: seven validators
that read one cached answer have one opinion, not seven. Only first-class answers are kept, so that an outage does not
leave the answers of a cheaper model behind, and only those that could be read. Where entries are kept is left to the
caches: in a dict here, in SQLite or in Redis next door.

Notes: `hit`, `miss`, `stored`, `not stored` (the cache could not), `stale` (an old answer served), `nothing stale`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from bft.core.digest import digest_of
from bft.core.refusal import require, require_not_negative, require_positive, require_whole
from bft.resilience.effects import NOW, Blocking, Handler, Note, Program
from bft.resilience.exchange import Answer, Failure, FailureKind, Provenance, Query, Result, Source

T = TypeVar("T")


def cache_key(query: Query) -> str:
    """Name a query: the same in every process, and different for queries that differ in model, parameters or prompt."""
    return digest_of("answer", query.model, query.parameters, query.prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kept answer; times by the clock of the policies.

    Attributes
    ----------
    text, model : str
        What was said, and by whom.
    stored_at_s, expires_at_s : float
        From when, and until when a cache must keep it if it can.
    """

    text: str
    model: str
    stored_at_s: float
    expires_at_s: float


class Cache(Protocol):
    """Keeps entries. It never raises because its disk or server fails: it then holds nothing, and says so.

    Attributes
    ----------
    blocking : bool
        Whether `get` and `put` wait for a disk or a network, and so must stay off an event loop. They may then be
        called from several threads.
    """

    blocking: bool

    def get(self, key: str) -> Entry | None:
        """Return what was kept under a key, of any age, or None."""

    def put(self, key: str, entry: Entry) -> bool:
        """Keep an entry in place of an older one; True: it is kept, for good where the cache is durable."""


class DictCache:
    """Keeps entries in memory; the oldest go first when there are too many.

    Parameters
    ----------
    capacity : int
        Entries at most.
    """

    blocking = False

    def __init__(self, *, capacity: int = 100_000) -> None:
        require_whole("cache.capacity", capacity, at_least=1)
        self._capacity = capacity
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """Return what was kept under a key, of any age, or None."""
        return self._entries.get(key)

    def put(self, key: str, entry: Entry) -> bool:
        """Keep an entry, and drop those at the old end that have expired or are too many."""
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity or self._oldest().expires_at_s < entry.stored_at_s:
            self._entries.popitem(last=False)
        return True

    def _oldest(self) -> Entry:
        return next(iter(self._entries.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """How old an answer may be.

    Attributes
    ----------
    ttl_s : float
        Served instead of asking up to this age; 0: never.
    stale_s : float
        Served when every level has failed up to this age; at least `ttl_s`.
    """

    ttl_s: float = 3600.0
    stale_s: float = 86400.0

    def __post_init__(self) -> None:
        require_not_negative("caching.ttl_s", self.ttl_s)
        require_positive("caching.stale_s", self.stale_s)
        allowed = f"must be at least caching.ttl_s, {self.ttl_s}"
        require(self.stale_s >= self.ttl_s, "caching.stale_s", self.stale_s, allowed)


def caching(rules: Caching, cache: Cache, inner: Handler) -> Handler:
    """Wrap a handler: serve what is fresh, keep what is first-class."""

    def handle(query: Query) -> Program[Result]:
        key = cache_key(query)
        if rules.ttl_s > 0.0:
            fresh = yield from _recall(cache, key, rules.ttl_s, Source.CACHE)
            yield Note(policy="cache", action="hit" if fresh else "miss")
            if fresh:
                return fresh
        result = yield from inner(query)
        if isinstance(result, Answer) and result.provenance.first_class and result.readable:
            now_s: float = yield NOW
            model = result.provenance.model or query.model
            entry = Entry(text=result.text, model=model, stored_at_s=now_s, expires_at_s=now_s + rules.stale_s)
            stored = yield from _reach(cache, partial(cache.put, key, entry))
            yield Note(policy="cache", action="stored" if stored else "not stored")
        return result

    return handle


def recalling(rules: Caching, cache: Cache) -> Handler:
    """Serve an answer that may be stale: a level for when those that ask a model have failed."""

    def handle(query: Query) -> Program[Result]:
        stale = yield from _recall(cache, cache_key(query), rules.stale_s, Source.STALE_CACHE)
        yield Note(policy="cache", action="stale" if stale else "nothing stale")
        return stale or Failure(kind=FailureKind.NOT_CACHED, attempts=0)

    return handle


def _recall(cache: Cache, key: str, max_age_s: float, source: Source) -> Program[Answer | None]:
    """Look a key up; None when there is nothing, or nothing of the right age."""
    entry: Entry | None = yield from _reach(cache, partial(cache.get, key))
    if entry is None:
        return None
    age_s = (yield NOW) - entry.stored_at_s
    if not 0.0 <= age_s <= max_age_s:  # from the future: another machine's clock is not ours, do not trust its age
        return None
    return Answer(text=entry.text, attempts=0, provenance=Provenance(source=source, model=entry.model, age_s=age_s))


def _reach(cache: Cache, work: Callable[[], T]) -> Program[T]:
    """Use the cache, off the event loop if it has to wait for something."""
    if not cache.blocking:
        return work()
    result: T = yield Blocking(work)
    return result
