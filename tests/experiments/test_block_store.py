"""What is in the store is not run again, is there whole or not at all, and gives the same rows in the end."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import networkx as nx
import pytest

import bft
from bft.errors import SweepError
from bft.experiments import Sweep, SweepInterrupted, Tally, sweep
from bft.experiments import block_store as store_module
from bft.experiments import blocks as blocks_module
from bft.experiments.block_store import BlockStore, cell_key
from bft.experiments.blocks import Block, run_block
from bft.experiments.executors import InProcess

OVER: dict[str, object] = {"n": [4, 5], "faults.delta": [0.0, 0.4]}
PLAIN: dict[str, Any] = {"over": OVER, "seed": 1, "workers": 1, "engine": "simpy"}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Return the cell, start and stop of every block that is run."""
    seen: list[tuple[int, int, int]] = []

    def told(block: Block) -> Tally:
        seen.append((block.cell, block.start, block.stop))
        return run_block(block)

    monkeypatch.setattr("bft.experiments.executors.run_block", told)
    monkeypatch.setattr(blocks_module, "LARGEST_BLOCK", 10)
    return seen


def test_the_same_sweep_again_runs_nothing(tmp_path: Path, ran: list[tuple[int, int, int]]) -> None:
    file = tmp_path / "blocks.sqlite"
    first = sweep(replications=25, store=file, **PLAIN)
    assert len(ran) == 12
    again = sweep(replications=25, store=file, **PLAIN)
    assert len(ran) == 12
    assert again.rows == first.rows == sweep(replications=25, **PLAIN).rows


def test_more_replications_run_only_what_is_missing(tmp_path: Path, ran: list[tuple[int, int, int]]) -> None:
    file = tmp_path / "blocks.sqlite"
    sweep(replications=25, store=file, **PLAIN)
    del ran[:]
    more = sweep(replications=42, store=file, **PLAIN)
    assert [each[1:] for each in ran if each[0] == 0] == [(25, 30), (30, 40), (40, 42)]
    assert more.rows == sweep(replications=42, **PLAIN).rows
    del ran[:]
    assert sweep(replications=25, store=file, **PLAIN).rows == sweep(replications=25, **PLAIN).rows


def test_another_sweep_finds_the_cells_that_it_shares(tmp_path: Path, ran: list[tuple[int, int, int]]) -> None:
    file = tmp_path / "blocks.sqlite"
    sweep(replications=10, store=file, **PLAIN)
    del ran[:]
    narrow: dict[str, Any] = {"replications": 10, "workers": 1, "engine": "simpy", "store": file}
    sweep(bft.Scenario(n=5), {"faults.delta": [0.4, 0.6]}, seed=1, **narrow)
    assert ran == [(1, 0, 10)]
    sweep(bft.Scenario(n=5), {"faults.delta": [0.4]}, seed=2, **narrow)
    assert ran[1:] == [(0, 0, 10)]


def test_an_interrupted_sweep_goes_on_to_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def some(_: InProcess, blocks: Iterable[Block]) -> Iterator[tuple[Block, Tally]]:
        todo = list(blocks)
        for number in (0, 2, 3, 5):
            yield todo[number], run_block(todo[number])
        raise KeyboardInterrupt

    monkeypatch.setattr(blocks_module, "LARGEST_BLOCK", 10)
    with monkeypatch.context() as patch:
        patch.setattr(InProcess, "run", some)
        with pytest.raises(SweepInterrupted):
            sweep(replications=30, store=tmp_path / "s", **PLAIN)
    with BlockStore(tmp_path / "s") as store:
        assert len(store.table("blocks")[1]) == 4
    assert sweep(replications=30, store=tmp_path / "s", **PLAIN).rows == sweep(replications=30, **PLAIN).rows


def test_failed_replications_are_kept_with_their_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fragile(bft.Simulator):
        def run(self, replication: int = 0) -> bft.Run:
            if replication == 3:
                raise ZeroDivisionError("by zero")
            return super().run(replication)

    with monkeypatch.context() as patch:
        patch.setattr(blocks_module, "Simulator", Fragile)
        first = sweep(bft.Scenario(n=6), replications=5, store=tmp_path / "s", workers=1, engine="simpy")
    again = sweep(bft.Scenario(n=6), replications=5, store=tmp_path / "s", workers=1, engine="simpy")
    assert again.rows == first.rows
    assert again.failures == first.failures
    assert [failure.error for _, failure in again.failures] == ["ZeroDivisionError: by zero"]


KILLED = """
import os, random, signal, sys, time
from bft.experiments import blocks, sweep, sweeps

class Bar:
    def __init__(self, **_): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def update(self, runs): os.write(told, b".")

def child(file):
    sweeps.tqdm = Bar
    over = {"n": [4, 5], "faults.delta": [0.0, 0.4]}
    sweep(over=over, replications=150, seed=1, workers=1, engine="simpy", store=file)
    os._exit(0)

blocks.LARGEST_BLOCK = 5
sweep(replications=2, workers=1, progress=False)
random, file, killed = random.Random(7), sys.argv[1], 0
for _ in range(20):
    heard, told = os.pipe()
    process = os.fork()
    if process == 0:
        child(file)
    os.close(told)
    for _ in range(random.randrange(4)):  # blocks that it has told of, and then a moment more
        os.read(heard, 1)
    time.sleep(random.uniform(0.0, 0.02))
    os.kill(process, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(process, 0)[1])
    os.close(heard)
print(killed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to be killed twenty times in a second")
def test_a_sweep_that_was_killed_twenty_times_ends_with_the_same_rows(tmp_path: Path) -> None:
    file = tmp_path / "blocks.sqlite"
    words = [sys.executable, "-c", KILLED, str(file)]
    killed = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout
    assert int(killed) > 10
    with BlockStore(file) as store:
        assert 20 < len(store.table("blocks")[1]) < 120
    assert sweep(replications=150, store=file, **PLAIN).rows == sweep(replications=150, **PLAIN).rows


def test_the_key_is_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = bft.Scenario(n=5, faults={"delta": 0.1})
    keys = {
        cell_key(scenario, 1),
        cell_key(scenario, 2),
        cell_key(scenario.replace("horizon_s", 9.0), 1),
    }
    monkeypatch.setattr(store_module, "RESULTS_VERSION", store_module.RESULTS_VERSION + 1)
    keys.add(cell_key(scenario, 1))
    assert len(keys) == 4
    assert cell_key(bft.Scenario.from_dict(scenario.to_dict()), 1) in keys


def test_a_graph_file_that_was_edited_is_another_cell_and_another_simulator(tmp_path: Path) -> None:
    store, file = tmp_path / "blocks.sqlite", tmp_path / "graph.graphml"
    rates = []
    for delay_s in (0.1, 1000.0, 0.1):
        graph = nx.complete_graph(4)
        nx.set_edge_attributes(graph, delay_s, "delay_s")
        nx.write_graphml(graph, file)
        base = bft.Scenario(n=4, network={"topology": {"kind": "graphml", "file": str(file)}})
        for kept in (None, store):
            swept = sweep(base, over={"faults.delta": [0.0]}, replications=3, progress=False, store=kept)
            rates.append(swept.rows[0]["p_correct"])
    assert rates == [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]


OWN = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Mine:
    byzantine: ClassVar[bool] = True

    def bend(self, node, now, event, effects):
        return effects
"""


def test_a_users_own_behaviour_is_filed_under_its_source(tmp_path: Path) -> None:
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from own_behaviour import Mine
from bft import Scenario
from bft.experiments.block_store import cell_key
print(cell_key(Scenario(faults={"delta": 0.5, "behaviour": Mine()}), 1))
"""
    keys = set()
    for source in (OWN, OWN, OWN.replace("return effects", "return []")):
        (tmp_path / "own_behaviour.py").write_text(source)
        words = [sys.executable, "-B", "-c", program, str(tmp_path)]
        keys.add(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert len(keys) == 2


def database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_files_that_are_no_stores_are_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("replications,agree\n" * 300)
    database(tmp_path / "other", "CREATE TABLE t (x)")
    BlockStore(tmp_path / "newer").close()
    database(tmp_path / "newer", "PRAGMA user_version = 7")
    for name, message in {
        "text": "is no store of blocks, or is damaged (file is not a database): name another file",
        "other": "is a database of something else",
        "newer": "has format 7, and this version of bft reads format 1: name another file",
        "nowhere/s": "cannot be opened: unable to open database file",
    }.items():
        with pytest.raises(SweepError) as refused:
            sweep(replications=1, workers=1, store=tmp_path / name)
        assert str(refused.value) == f"store = {str(tmp_path / name)!r}: {message}"
    assert (tmp_path / "text").read_text() == "replications,agree\n" * 300


def told_by(attempt: Callable[[], Sweep], expected: object) -> str | None:
    """Return what a refused sweep says; one that is not refused has the right rows."""
    try:
        assert attempt().rows == expected
    except SweepError as error:
        return str(error)
    return None


def test_a_damaged_store_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "s"
    sweep(over={"faults.delta": "0:1:40"}, replications=5, workers=1, store=file, engine="simpy")
    expected = sweep(over={"faults.delta": "0:1:40"}, replications=5, workers=1).rows
    whole = file.read_bytes()
    random, refused = Random(3), 0
    for _ in range(40):
        hurt = bytearray(whole)
        place = random.randrange(100, len(hurt) - 400)
        length = random.choice((1, 400))
        hurt[place : place + length] = random.randbytes(length)
        file.write_bytes(hurt)
        told = told_by(lambda: sweep(over={"faults.delta": "0:1:40"}, replications=5, workers=1, store=file), expected)
        refused += told is not None
        assert told is None or told.startswith(f"store = {str(file)!r}: ")
        for more in ("-wal", "-shm"):
            Path(f"{file}{more}").unlink(missing_ok=True)
    assert refused > 5  # the others hit pages that nobody reads, or cells that were then run again
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SweepError, match="damaged"):
        BlockStore(file)


def test_the_disk_is_asked_to_keep_every_block(tmp_path: Path) -> None:
    with BlockStore(tmp_path / "s") as store:
        (journal,) = store._file.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = store._file.execute("PRAGMA synchronous").fetchone()
    assert (journal, synchronous) == ("wal", 2)


def test_blocks_and_records_can_be_exported(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from bft.cli import main

    file = tmp_path / "s.sqlite"
    words = [
        "sweep",
        "--over",
        "faults.delta=0,0.5",
        "--replications",
        "12",
        "--store",
        str(file),
        "--records",
        "--json",
    ]
    assert main(words) == 0
    for name in ("blocks.csv", "runs.csv", "blocks.parquet", "runs.parquet"):
        more = ["--records"] if name.startswith("runs") else []
        assert main(["export", str(file), str(tmp_path / name), "--quiet", *more]) == 0
    blocks = list(csv.DictReader((tmp_path / "blocks.csv").read_text().splitlines()))
    assert sum(int(row["agreed_correct"]) + int(row["stalled"]) for row in blocks) == 24
    assert {json.loads(row["scenario"])["faults"]["delta"] for row in blocks} == {0.0, 0.5}
    assert {row["faults.delta"] for row in blocks} == {"0.0", "0.5"}, "a column for every swept field, and for no other"
    assert not any("." in name for name in blocks[0] if name != "faults.delta")
    runs = list(csv.DictReader((tmp_path / "runs.csv").read_text().splitlines()))
    assert len(runs) == 24
    first = bft.simulate(bft.Scenario(), int(runs[0]["seed"]), replication=int(runs[0]["replication"]))
    assert (runs[0]["outcome"], float(runs[0]["decided_at_s"])) == (first.outcome.value, first.metrics.decided_at_s)
    table = parquet.read_table(tmp_path / "runs.parquet")
    assert table.num_rows == 24
    assert {str(table.schema.field(name).type) for name in ("seed", "faults.delta")} == {"string", "double"}
    assert table.column("seed").to_pylist()[0] == runs[0]["seed"], "doubles would not hold it"
    assert table.schema.metadata[b"bft.version"].decode() == bft.__version__
    assert table.column("decided_at_s").to_pylist()[0] == first.metrics.decided_at_s


def test_rows_of_a_sweep_go_to_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    result = sweep(over={"faults.behaviour": ["slow", "crash"]}, replications=5, workers=1)
    result.to_parquet(tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column("faults.behaviour").to_pylist() == ["slow", "crash"]
    assert table.column("p_agree").to_pylist() == [row["p_agree"] for row in result.rows]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "NOWHERE", "x.csv"], "store = 'NOWHERE': is not there"),
        (["export", "STORE", "x.txt"], "file = 'x.txt': must end in .csv or .parquet"),
        (["export", "STORE", "nowhere/x.csv"], "file = 'nowhere/x.csv': must be a file in a folder that is there"),
        (["export", "STORE", "OUT.csv", "--records"], "store = 'STORE': has no records"),
        (["sweep", "--records"], "records = True: needs a store"),
    ],
)
def test_bad_words_are_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from bft.cli import main

    sweep(replications=2, workers=1, store=tmp_path / "s")
    given = [word.replace("STORE", str(tmp_path / "s")).replace("OUT", str(tmp_path / "out")) for word in words]
    assert main(given) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"bft: error: {message.replace('STORE', str(tmp_path / 's'))}")
    assert said.count("\n") == 1


def test_results_are_those_of_their_version() -> None:
    # If this fails although the change is meant, raise RESULTS_VERSION: stores of before must not be mixed in.
    scenarios = {
        "crash": bft.Scenario(n=7, faults={"delta": 0.3}),
        "equivocate": bft.Scenario(n=6, faults={"delta": 0.3, "behaviour": "equivocate"}),
        "models": bft.Scenario(n=7, faults={"delta": 0.1, "behaviour": "collude"}, validators={"kind": "statistical"}),
        "links": bft.Scenario(n=5, network={"loss": 0.3, "duplication": 0.1}, views=2, horizon_s=14.0),
        "slow": bft.Scenario(n=5, faults={"delta": 0.4, "behaviour": "slow"}, horizon_s=12.0),
    }
    found = {}
    for name, scenario in scenarios.items():
        block = Block(cell=0, scenario=scenario, seed=11, start=0, stop=60)
        found[name] = {outcome.value: count for outcome, count in run_block(block).counts.items()}
    assert (store_module.RESULTS_VERSION, found) == (7, GOLDEN)


GOLDEN = {
    "crash": {"agreed_correct": 44, "stalled": 16},
    "equivocate": {"agreed_correct": 39, "split": 21},
    "models": {"agreed_correct": 27, "agreed_wrong": 7, "stalled": 26},
    "links": {"agreed_correct": 10, "partial": 17, "stalled": 33},
    "slow": {"agreed_correct": 25, "stalled": 35},
}


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ("UPDATE blocks SET counts = replace(counts, '12', '99')", []),
        ("UPDATE blocks SET counts = '{'", []),
        ("UPDATE blocks SET counts = '{'", ["--records"]),
        ("UPDATE records SET outcome = 'split'", ["--records"]),
        ("DELETE FROM records WHERE replication = 3", ["--records"]),
        ("UPDATE cells SET scenario = '{'", []),
    ],
)
def test_an_export_refuses_what_was_not_written_by_a_sweep(
    change: str, more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from bft.cli import main

    file, table = tmp_path / "s.sqlite", tmp_path / "t.csv"
    words = ["sweep", "--over", "faults.delta=0", "--replications", "12", "--store", str(file), "--records", "--quiet"]
    assert main([*words, "--json"]) == 0
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute(change).rowcount > 0
        opened.commit()
    capsys.readouterr()
    assert main(["export", str(file), str(table), *more]) == 2
    assert "is damaged" in capsys.readouterr().err
    assert not table.exists()
