"""Kill -9 at random points: what was acknowledged is there afterwards, and nothing is corrupt.

A kill ends the process, not the machine: that a commit reaches the disk rests on SQLite's synchronous = FULL and on the
order of the store's flushes, which have tests of their own.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bft.core.account import Account
from bft.resilience.snapshots import SnapshotStore
from bft.resilience.sqlite_cache import SqliteCache

KILLS = 25
MOST_WRITES = 8  # before the kill is on its way
LONGEST_S = 0.02  # until it strikes
ACCOUNTS = 40  # a state of some kilobytes, so that a kill also falls into the middle of a write

# One process imports once and forks a writer for each number that it is told to begin with.
NURSERY = """
import os, sys
from bft.core.account import Account
from bft.core.request import Proposal, Request
from bft.resilience.cache import Entry
from bft.resilience.snapshots import SnapshotStore
from bft.resilience.sqlite_cache import SqliteCache

def say(text):
    os.write(1, f"{text}\\n".encode())

def fill_cache(path, start):
    cache = SqliteCache(path)
    for number in range(start, start + 1_000_000):
        text = f"answer {number} " * 40
        assert cache.put(str(number), Entry(text=text, model="m", stored_at_s=number, expires_at_s=1e12))
        say(number)

def save_account(path, start):
    account, store = Account(), SnapshotStore(path, interval=1)
    if (found := store.load()) is not None:
        account.restore(found.value)
    for number in range(start, start + 1_000_000):
        request = Request(client="c", timestamp=number, operation=f"deposit account-{number % ACCOUNTS} 1")
        account.apply(Proposal(request=request))
        store.save(number, account.snapshot())
        say(number)

ACCOUNTS, write, path = int(sys.argv[1]), {"cache": fill_cache, "account": save_account}[sys.argv[2]], sys.argv[3]
while line := os.read(0, 100):  # not through a buffer that writers would inherit
    writer = os.fork()
    if writer == 0:
        say(f"writer {os.getpid()}")
        write(path, int(line))
    _, status = os.waitpid(writer, 0)
    say(f"ended {os.waitstatus_to_exitcode(status)}")
"""


class Nursery:
    """Starts writers that are killed."""

    def __init__(self, kind: str, path: Path) -> None:
        command = [sys.executable, "-c", NURSERY, str(ACCOUNTS), kind, str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def write_and_be_killed(self, *, start: int, source: random.Random) -> list[int]:
        """Return the numbers that a writer acknowledged before it was killed, some writes and some time on its way."""
        writes, after_s = source.randint(2, MOST_WRITES), source.uniform(0.0, LONGEST_S)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{start}\n")
        self.process.stdin.flush()
        writer = int(self.process.stdout.readline().removeprefix("writer "))
        acknowledged = [int(self.process.stdout.readline()) for _ in range(writes)]
        timer = threading.Timer(after_s, os.kill, [writer, signal.SIGKILL])
        timer.start()
        for line in self.process.stdout:
            if line.startswith("ended"):
                assert line == f"ended {-signal.SIGKILL}\n"
                break
            acknowledged.append(int(line))
        timer.join()
        return acknowledged


@pytest.fixture
def nursery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nursery]:
    started = Nursery(request.param, tmp_path / "kept")
    yield started
    started.process.kill()
    started.process.communicate(timeout=10)


@pytest.mark.parametrize("nursery", ["cache"], indirect=True)
def test_the_cache_loses_no_answer_that_it_acknowledged(nursery: Nursery, tmp_path: Path) -> None:
    source = random.Random(5)
    acknowledged: list[int] = []
    for _ in range(KILLS):
        acknowledged += nursery.write_and_be_killed(start=len(acknowledged), source=source)
        survivor = SqliteCache(tmp_path / "kept")
        assert (survivor.quarantined, survivor.faults) == ((), 0)
        for number in acknowledged:
            found = survivor.get(str(number))
            assert found is not None, f"answer {number} was acknowledged and is gone"
            assert found.text == f"answer {number} " * 40
        survivor.close()
    assert acknowledged == list(range(len(acknowledged)))
    assert len(acknowledged) > 3 * KILLS, "the kills must hit writers that write"


@pytest.mark.parametrize("nursery", ["account"], indirect=True)
def test_the_store_loses_no_state_that_it_acknowledged(nursery: Nursery, tmp_path: Path) -> None:
    source = random.Random(6)
    last, written = 0, 0
    for _ in range(KILLS):
        acknowledged = nursery.write_and_be_killed(start=last + 1, source=source)
        assert acknowledged == list(range(last + 1, acknowledged[-1] + 1))
        store = SnapshotStore(tmp_path / "kept")
        found = store.load()
        assert store.quarantined == ()
        assert found is not None
        assert found.number in (acknowledged[-1], acknowledged[-1] + 1), "the last one may not have been told of"
        account = Account()
        account.restore(found.value)
        assert sum(balance for _, balance in account.balances) == found.number, "one deposit of 1 for each number"
        last, written = found.number, written + len(acknowledged)
    assert written > 3 * KILLS, "the kills must hit writers that write"
