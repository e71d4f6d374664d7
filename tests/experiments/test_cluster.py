"""A sweep on a real `dask.distributed` cluster on this machine, one of whose workers is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bft.experiments import sweep

pytest.importorskip("distributed")

OVER: dict[str, object] = {"n": [7, 10], "faults.delta": [0.0, 0.2]}
ENDED_S = 20.0

# In a process of its own: the client starts threads and a logger that outlive it.
SWEEP = """
import json, os, signal, sys
from bft.experiments import sweep, sweeps

class Bar:
    def __init__(self, **_): self.done, self.victim = 0, int(sys.argv[2])
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def update(self, runs):
        self.done += runs
        if self.done > 300 and self.victim:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0

if __name__ == "__main__":
    sweeps.tqdm = Bar
    where = {"cluster": 2} if sys.argv[1] == "here" else {"scheduler": sys.argv[1]}
    found = sweep(over=json.loads(sys.argv[3]), replications=300, seed=1, engine="simpy", **where)
    print(json.dumps(found.to_json()))
"""


def start(*words: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """Return the address of a scheduler on the loopback, and its two workers."""
    quiet = ("--no-dashboard", "--host", "127.0.0.1")
    with ExitStack() as stack:

        def started(*words: str) -> subprocess.Popen[str]:
            process = stack.enter_context(start(*words, folder=tmp_path))
            stack.callback(end, process)
            return process

        scheduler = started("distributed.cli.dask_scheduler", *quiet, "--port", "0")
        assert scheduler.stderr is not None
        address = next(line.split()[-1] for line in scheduler.stderr if "Scheduler at:" in line)
        workers = [
            started("distributed.cli.dask_worker", address, *quiet, "--no-nanny", "--nthreads", "1") for _ in range(2)
        ]
        yield address, workers


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(ENDED_S)
    except subprocess.TimeoutExpired:
        process.kill()


def test_a_worker_is_killed_and_nothing_is_lost(cluster: tuple[str, list[subprocess.Popen[str]]]) -> None:
    address, workers = cluster
    assert rows(address, workers[0].pid) == expected()
    assert workers[0].wait(ENDED_S) == -signal.SIGKILL
    assert workers[1].poll() is None


def test_a_cluster_can_be_started_on_the_way() -> None:
    assert rows("here", 0) == expected()


def rows(where: str, victim: int) -> str:
    words = [sys.executable, "-c", SWEEP, where, str(victim), json.dumps(OVER)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120, env=env).stdout.strip()


def expected() -> str:
    return json.dumps(sweep(over=OVER, replications=300, seed=1, workers=1).to_json())


def test_a_scheduler_that_is_not_there_is_a_sentence() -> None:
    words = [sys.executable, "-m", "bft.cli", "sweep", "--scheduler", "tcp://127.0.0.1:9", "--replications", "2"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("bft: error: scheduler = 'tcp://127.0.0.1:9': cannot be reached")
    assert "Traceback" not in done.stderr
