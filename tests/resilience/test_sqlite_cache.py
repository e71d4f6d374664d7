"""The cache on disk: durable, quarantined when corrupt, never in the way."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bft.errors import ScenarioError
from bft.resilience.asyncio_driver import AsyncioDriver
from bft.resilience.cache import Caching, Entry
from bft.resilience.exchange import Answer, Query, Source
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.sqlite_cache import SqliteCache


def entry(text: str = "yes", *, at_s: float = 0.0, keep_s: float = 100.0) -> Entry:
    return Entry(text=text, model="m", stored_at_s=at_s, expires_at_s=at_s + keep_s)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


@pytest.fixture
def cache(path: Path) -> Iterator[SqliteCache]:
    made = SqliteCache(path)
    yield made
    made.close()


def test_what_is_put_is_there_after_a_restart(path: Path) -> None:
    first = SqliteCache(path)
    assert first.put("a", entry("über\n\0‽"))
    assert first.put("a", entry("newer"))
    assert first.put("b", Entry(text="", model="m", stored_at_s=1, expires_at_s=2))
    first.close()
    second = SqliteCache(path)
    assert second.get("a") == entry("newer")
    assert second.get("b") == Entry(text="", model="m", stored_at_s=1.0, expires_at_s=2.0)
    assert second.get("c") is None
    assert (second.quarantined, second.faults) == ((), 0)
    second.close()


def test_it_writes_ahead_and_flushes_every_commit(cache: SqliteCache, path: Path) -> None:
    assert cache._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert cache._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    cache.put("a", entry())
    assert Path(f"{path}-wal").stat().st_size > 0


def corrupt_header(path: Path) -> None:
    path.write_bytes(b"this is no database" + path.read_bytes()[19:])


def corrupt_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = b"\xff" * 2000
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])


@pytest.mark.parametrize("damage", [corrupt_header, corrupt_page, cut_short])
def test_a_corrupt_file_is_quarantined_with_a_message(
    path: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(damage)
    for generation in (1, 2):
        sound = SqliteCache(path)
        for number in range(40):
            sound.put(str(number), entry("words " * 500))
        sound.close()
        damage(path)
        damaged = path.read_bytes()
        with caplog.at_level(logging.WARNING):
            cache = SqliteCache(path)
        (aside,) = cache.quarantined
        assert aside.name == f"answers.sqlite.corrupt-{generation}"
        assert aside.read_bytes() == damaged, "nothing is thrown away"
        assert f"quarantined as {aside}" in caplog.messages[-1]
        assert cache.get("7") is None
        assert cache.put("7", entry()), "the service goes on"
        assert cache.get("7") == entry()
        cache.close()


def test_a_file_that_turns_corrupt_while_in_use_is_quarantined_too(path: Path) -> None:
    cache = SqliteCache(path)
    for number in range(40):
        cache.put(str(number), entry("words " * 500))
    cache._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cache._connection.execute("PRAGMA cache_size = 0")
    path.write_bytes(b"\xff" * path.stat().st_size)
    cache.get("7")
    assert len(cache.quarantined) == 1
    assert cache.put("7", entry())
    assert cache.get("7") == entry()
    cache.close()


def test_a_changed_byte_within_a_text_is_not_believed(path: Path) -> None:
    cache = SqliteCache(path)
    cache.put("a", entry("accept this proposal"))
    cache.close()
    content = path.read_bytes()
    assert content.count(b"accept this proposal") == 1
    path.write_bytes(content.replace(b"accept this proposal", b"reject this proposal"))
    altered = SqliteCache(path)
    assert altered.quarantined == (), "the file as such is sound"
    assert altered.get("a") is None
    assert altered.faults == 1
    assert altered.put("a", entry())
    assert altered.get("a") == entry()
    altered.close()


def test_a_foreign_database_is_left_alone(path: Path) -> None:
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE accounts (balance INTEGER)")
    foreign.commit()
    foreign.close()
    with pytest.raises(ScenarioError, match=r"cache\.path = .*: is another program's database"):
        SqliteCache(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_path_that_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"cache\.path = .*: cannot be opened"):
        SqliteCache(tmp_path / "no such directory" / "answers.sqlite")


def test_what_cannot_be_written_is_counted_and_not_raised(cache: SqliteCache) -> None:
    assert not cache.put("a", entry("half a pair: \ud83d"))
    assert cache.faults == 1
    cache._connection.execute("PRAGMA query_only = ON")
    assert not cache.put("a", entry())
    assert cache.get("a") is None
    assert cache.faults == 2


def test_expired_entries_make_room(cache: SqliteCache) -> None:
    for second in range(50):
        cache.put(str(second), entry(at_s=float(second), keep_s=10.0))
    (rows,) = cache._connection.execute("SELECT count(*) FROM entries").fetchone()
    assert rows == 11


def test_threads_may_share_it(cache: SqliteCache) -> None:
    def work(thread: int) -> None:
        for number in range(20):
            assert cache.put(f"{thread}-{number}", entry(f"{thread}"))
            assert cache.get(f"{thread}-{number}") == entry(f"{thread}")

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.faults == 0


def test_a_pipeline_finds_its_answers_again_after_a_restart(path: Path) -> None:
    rules = Resilience(levels=(Level(name="primary", model="m"),), caching=Caching())
    asked = []

    async def endpoint(query: Query) -> Answer:
        asked.append(query)
        return Answer(text="yes")

    for expected in (Source.MODEL, Source.CACHE):
        cache = SqliteCache(path)
        driver = AsyncioDriver(call=endpoint, uniform=lambda: 0.0)
        answer = asyncio.run(driver.run(Pipeline(rules, cache=cache).ask("p")))
        assert isinstance(answer, Answer)
        assert answer.provenance.source is expected
        cache.close()
    assert len(asked) == 1
