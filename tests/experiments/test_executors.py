"""Workers may die: what they were at is run again, and what kills them again and again is quarantined and told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from tqdm import tqdm

import bft
from bft.cli import main
from bft.errors import SweepError
from bft.experiments import SweepStoppedError, sweep
from bft.experiments import sweeps as sweep_module
from bft.experiments.block_store import BlockStore
from bft.experiments.blocks import Block
from bft.experiments.engines import Way
from bft.experiments.interruption import Interruption
from bft.experiments.pool import Pool

OVER: dict[str, object] = {"n": [4, 5], "faults.delta": [0.0, 0.4]}

DEADLY = """
import os
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Deadly:
    byzantine: ClassVar[bool] = True

    def bend(self, node, now, event, effects):
        os._exit(1)
"""


@pytest.fixture
def deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "deadly_behaviour.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(tmp_path)
    from deadly_behaviour import Deadly  # type: ignore[import-not-found]

    return Deadly()


def test_a_worker_is_given_its_next_block_before_its_last_result_is_handed_on() -> None:
    scenario = bft.Scenario(n=4)
    taken: list[int] = []

    def blocks() -> Iterator[Block]:
        for start in range(3):
            taken.append(start)
            yield Block(cell=0, scenario=scenario, seed=1, start=start, stop=start + 1, way=Way.SIMPY, records=False)

    with closing(Pool(1, Interruption(elsewhere=True))) as pool:
        taken_at = [len(taken) for _ in pool.run(blocks())]
    assert taken_at == [2, 3, 3]  # whoever keeps the results takes time, and nobody waits for that


def test_a_killed_worker_is_replaced_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int | None] = []

    class Bar(tqdm):  # type: ignore[type-arg]
        def update(self, n: float | None = 1) -> bool | None:
            # A worker that was killed is listed until it has been waited for.
            living = [worker for worker in active_children() if worker.pid not in killed]
            if len(killed) < 2 and living:
                living[0].kill()
                killed.append(living[0].pid)
            return super().update(n)

    expected = sweep(over=OVER, replications=300, seed=1, workers=1, engine="simpy").rows
    monkeypatch.setattr(sweep_module, "tqdm", Bar)
    assert sweep(over=OVER, replications=300, seed=1, workers=2, engine="simpy").rows == expected
    assert len(set(killed)) == 2
    assert active_children() == []


def test_a_block_that_kills_its_workers_is_quarantined_and_the_sweep_goes_on(
    deadly: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = bft.Scenario(faults={"delta": 1.0, "behaviour": deadly})
    monkeypatch.setattr("bft.cli.sweep.scenario_of", lambda *_: scenario)
    words = ["sweep", "--over", "faults.delta=0,1", "--replications", "20", "--workers", "2", "--engine", "simpy"]
    assert main([*words, "--store", str(tmp_path / "s"), "--json"]) == 1
    said = capsys.readouterr()
    assert [(row["replications"], row["failed"]) for row in json.loads(said.out)] == [(20, 0), (0, 20)]
    assert "20 of the replications failed; the first: faults.delta = 1" in said.err
    assert "quarantined: 3 workers died at its block" in said.err
    with BlockStore(tmp_path / "s") as kept:  # another time it may go better
        assert len(kept.table("blocks")[1]) == 1


def test_what_workers_cannot_read_stops_the_sweep_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("only_here")
    monkeypatch.setitem(sys.modules, "only_here", module)
    exec("from __future__ import annotations\n" + DEADLY.replace("os._exit(1)", "return effects"), module.__dict__)
    scenario = bft.Scenario(faults={"delta": 0.5, "behaviour": module.Deadly()})
    with pytest.raises(
        SweepStoppedError, match=r"a worker cannot read its block.*No module named 'only_here'.*workers = 1"
    ):
        sweep(scenario, {"views": [1, 2]}, replications=5, workers=2)
    assert active_children() == []


UNGUARDED = """
from bft.experiments import sweep
sweep(over={"n": [4, 5]}, replications=3, workers=2, engine="simpy")
"""


def test_a_script_without_its_guard_is_told_so_soon(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(UNGUARDED)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "workers die before they have begun" in last
    assert "if __name__ == '__main__'" in last


ORPHANS = """
import sys
from multiprocessing import active_children
from bft.experiments import sweep, sweeps

class Bar:
    def __init__(self, **_): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def update(self, runs): print(*(each.pid for each in active_children()), flush=True)

if __name__ == "__main__":
    sweeps.tqdm = Bar
    sweep(over={"n": [10, 13]}, replications=100000, workers=2, engine="simpy")
"""


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(ORPHANS)
    with subprocess.Popen([sys.executable, str(tmp_path / "script.py")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        workers = [int(word) for word in process.stdout.readline().split()]
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert len(workers) == 2
    end_s = time.monotonic() + 20
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < end_s
        time.sleep(0.05)


def alive(process: int) -> bool:
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workers": 0}, "workers = 0: must be at least 1"),
        ({"cluster": 0}, "cluster = 0: must be at least 1"),
        ({"workers": 2, "cluster": 2}, "cluster = 2: must not be given together with workers"),
        ({"scheduler": "tcp://127.0.0.1:1", "cluster": 2}, "cluster = 2: must not be given together with scheduler"),
    ],
)
def test_impossible_executors_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SweepError) as refused:
        sweep(replications=1, **given)
    assert str(refused.value) == message


def test_rows_do_not_depend_on_the_hash_seed() -> None:
    program = "from bft.experiments import sweep; print(sweep(over={'n': [4, 6]}, replications=9, workers=1).to_csv())"
    said = {
        subprocess.check_output([sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, text=True)
        for seed in ("1", "2")
    }
    assert len(said) == 1
