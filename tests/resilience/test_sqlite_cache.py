"""The cache on disk: durable when killed, set aside when corrupt, never in the way."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sqlite3
import subprocess
import sys
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

KILLS = 6

WRITER = """
import sys
from bft.resilience.cache import Entry
from bft.resilience.sqlite_cache import SqliteCache

start = int(sys.stdin.readline())
cache = SqliteCache(sys.argv[1])
for number in range(start, start + 1_000_000):
    text = f"answer {number} " * 40
    assert cache.put(str(number), Entry(text=text, model="m", stored_at_s=number, expires_at_s=1e12))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


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
    assert (second.set_aside, second.faults) == ((), 0)
    second.close()


def test_it_writes_ahead_and_flushes_every_commit(cache: SqliteCache, path: Path) -> None:
    assert cache._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert cache._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    cache.put("a", entry())
    assert Path(f"{path}-wal").stat().st_size > 0


@pytest.fixture
def writers(path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that wait to be told at which number to begin; started together, since importing takes the longest."""
    command = [sys.executable, "-c", WRITER, str(path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(KILLS)
    ]
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def write_and_be_killed(writer: subprocess.Popen[str], *, start: int, after_s: float) -> list[int]:
    """Return the numbers that the writer acknowledged before it was killed."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(f"{start}\n")
    writer.stdin.flush()
    first = writer.stdout.readline()
    timer = threading.Timer(after_s, writer.send_signal, [signal.SIGKILL])
    timer.start()
    lines = [first, *writer.stdout]
    timer.join()
    assert writer.wait(timeout=10) == -signal.SIGKILL
    return [int(line) for line in lines if line.endswith("\n")]


def test_killed_at_random_it_loses_nothing_it_acknowledged(path: Path, writers: list[subprocess.Popen[str]]) -> None:
    """Kill -9 ends the process, not the machine: that commits reach the disk rests on SQLite's synchronous = FULL."""
    source = random.Random(5)
    acknowledged: list[int] = []
    for writer in writers:
        acknowledged += write_and_be_killed(writer, start=len(acknowledged), after_s=source.uniform(0.0, 0.15))
        survivor = SqliteCache(path)
        assert (survivor.set_aside, survivor.faults) == ((), 0)
        for number in acknowledged:
            found = survivor.get(str(number))
            assert found is not None, f"answer {number} was acknowledged and is gone"
            assert found.text == f"answer {number} " * 40
        survivor.close()
    assert acknowledged == list(range(len(acknowledged)))
    assert len(acknowledged) > 5 * KILLS, "the kills must hit writers that write"


def corrupt_header(path: Path) -> None:
    path.write_bytes(b"this is no database" + path.read_bytes()[19:])


def corrupt_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = b"\xff" * 2000
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])


@pytest.mark.parametrize("damage", [corrupt_header, corrupt_page, cut_short])
def test_a_corrupt_file_is_set_aside_with_a_message(
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
        (aside,) = cache.set_aside
        assert aside.name == f"answers.sqlite.corrupt-{generation}"
        assert aside.read_bytes() == damaged, "nothing is thrown away"
        assert f"set aside as {aside}" in caplog.messages[-1]
        assert cache.get("7") is None
        assert cache.put("7", entry()), "the service goes on"
        assert cache.get("7") == entry()
        cache.close()


def test_a_file_that_turns_corrupt_while_in_use_is_set_aside_too(path: Path) -> None:
    cache = SqliteCache(path)
    for number in range(40):
        cache.put(str(number), entry("words " * 500))
    cache._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cache._connection.execute("PRAGMA cache_size = 0")
    path.write_bytes(b"\xff" * path.stat().st_size)
    cache.get("7")
    assert len(cache.set_aside) == 1
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
    assert altered.set_aside == (), "the file as such is sound"
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
