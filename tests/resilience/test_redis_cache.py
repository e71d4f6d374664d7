"""The shared cache, against a real redis-server."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

import pytest
import redis

from bft.errors import ScenarioError
from bft.resilience.asyncio_driver import AsyncioDriver
from bft.resilience.cache import Caching, Entry
from bft.resilience.exchange import Answer, Query, Source
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.redis_cache import RedisCache

NOWHERE = "redis://127.0.0.1:1/0"


def entry(text: str = "yes", *, keep_s: float = 100.0) -> Entry:
    return Entry(text=text, model="m", stored_at_s=7.25, expires_at_s=7.25 + keep_s)


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def cache(redis_url: str, server: redis.Redis) -> Iterator[RedisCache]:
    assert server.dbsize() == 0
    made = RedisCache(redis_url, timeout_s=5.0)
    yield made
    made.close()


def test_what_is_put_is_there_for_others(cache: RedisCache, redis_url: str) -> None:
    assert cache.put("a", entry("über\n\0‽ \ud83d"))
    assert cache.put("b", entry("older"))
    assert cache.put("b", entry("newer"))
    other = RedisCache(redis_url)
    assert other.get("a") == entry("über\n\0‽ \ud83d")
    assert other.get("b") == entry("newer")
    assert other.get("c") is None
    assert (cache.faults, other.faults) == (0, 0)
    other.close()


def test_the_server_forgets_what_has_expired(cache: RedisCache, server: redis.Redis) -> None:
    cache.put("short", entry(keep_s=0.02))
    cache.put("long", entry(keep_s=86400.0))
    time.sleep(0.1)  # the server's clock is real
    assert cache.get("short") is None
    assert 86390_000 < int(server.pttl("bft:answer:long")) <= 86400_000


def test_two_prefixes_do_not_meet(cache: RedisCache, redis_url: str) -> None:
    other = RedisCache(redis_url, prefix="another:")
    cache.put("a", entry())
    assert other.get("a") is None
    other.close()


@pytest.mark.parametrize(
    "value",
    ["", "no JSON", "{}", '["yes", "m", 1.0]', '["yes", "m", "1.0", 2.0]', pytest.param("\udcff", id="no UTF-8")],
)
def test_an_entry_that_cannot_be_read_is_absent_and_counted(cache: RedisCache, server: redis.Redis, value: str) -> None:
    server.set("bft:answer:a", value.encode("utf-8", "surrogateescape"))
    assert cache.get("a") is None
    assert cache.faults == 1


def test_a_server_that_is_away_fails_no_call(caplog: pytest.LogCaptureFixture) -> None:
    cache = RedisCache(NOWHERE, timeout_s=0.2)
    assert not cache.put("a", entry())
    assert cache.get("a") is None
    assert cache.get("a") is None
    assert cache.faults == 3
    assert len(caplog.messages) == 1, "one warning, not one for each call"
    cache.close()


@pytest.mark.usefixtures("server")
def test_a_pipeline_works_with_the_server_and_without_it(redis_url: str) -> None:
    rules = Resilience(levels=(Level(name="primary", model="m"),), caching=Caching())

    async def endpoint(_: Query) -> Answer:
        return Answer(text="yes")

    def ask(url: str) -> Source:
        cache = RedisCache(url, timeout_s=5.0)
        driver = AsyncioDriver(call=endpoint, uniform=lambda: 0.0)
        answer = asyncio.run(driver.run(Pipeline(rules, cache=cache).ask("p")))
        cache.close()
        assert isinstance(answer, Answer)
        return answer.provenance.source

    assert [ask(redis_url), ask(redis_url), ask(NOWHERE)] == [Source.MODEL, Source.CACHE, Source.MODEL]


def test_without_the_extra_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ScenarioError, match=r"cache\.url = .*: needs the extra: pip install 'bft-lab\[redis\]'"):
        RedisCache(NOWHERE)


def test_an_address_that_cannot_be_understood_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"cache\.url = 'answers': cannot be understood"):
        RedisCache("answers")
    with pytest.raises(ScenarioError, match=r"cache\.timeout_s = 0\.0: must be positive"):
        RedisCache(NOWHERE, timeout_s=0.0)
