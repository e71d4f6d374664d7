"""Finished blocks in one SQLite file, so that a sweep that was broken off goes on where it stopped.

A block is filed under what it is: the content of its scenario, the seed of its cell, the version of results, and which
replications it holds; whichever sweep needs the same ones finds them. Only counts are kept, unless records of single
replications were asked for.

Only the process that sweeps writes, one transaction a block, to a write-ahead log that is on the disk before the next
block is looked at: a block is there whole or not at all, whenever the process or the machine stops.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from inspect import getsource
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

from bft.adversary.node import Behaviour
from bft.adversary.settings import BEHAVIOURS
from bft.arguments import check_instance
from bft.errors import SweepError, bad_value
from bft.experiments.blocks import Failure, Record, Tally
from bft.experiments.cells import addressed, content
from bft.experiments.results_version import RESULTS_VERSION
from bft.protocols.registry import PROTOCOLS, homes
from bft.randomness import seed_text
from bft.record.outcome import Outcome
from bft.scenario import Scenario

APPLICATION = 0x62667473  # "bfts", in the header of the file
FORMAT = 1
PATIENCE_S = 30.0  # with another sweep that writes to the same file

SCHEMA = f"""
CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    scenario TEXT NOT NULL,
    seed INTEGER NOT NULL,
    results_version INTEGER NOT NULL
) STRICT;
CREATE TABLE blocks (
    cell INTEGER NOT NULL REFERENCES cells,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL CHECK (stop > start),
    counts TEXT NOT NULL,
    breaches INTEGER NOT NULL,
    vectorised INTEGER NOT NULL,
    failures TEXT NOT NULL,
    recorded INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (cell, start, stop)
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    cell INTEGER NOT NULL REFERENCES cells,
    replication INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    decided_at_s REAL,
    first_decided_at_s REAL,
    last_decided_at_s REAL,
    views INTEGER,
    PRIMARY KEY (cell, replication)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
"""


class BlockStore:
    """A file of finished blocks.

    Parameters
    ----------
    path : str or Path
        The file; made where there is none.

    Raises
    ------
    SweepError
        If it cannot be opened, is no such file, is damaged, or was written by another version of this package.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._cells: dict[str, int] = {}
        with self._told():
            try:
                self._file = sqlite3.connect(self.path, timeout=PATIENCE_S, isolation_level=None)
            except sqlite3.OperationalError as error:
                raise SweepError(bad_value("store", str(path), f"cannot be opened: {error}")) from None
            try:
                self._open()
            except BaseException:
                self._file.close()
                raise

    def __enter__(self) -> BlockStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def blocks(self, scenario: Scenario, seed: int, *, records: bool = False) -> Iterator[tuple[int, int, Tally]]:
        """Yield start, stop and tally of every block of a cell.

        Parameters
        ----------
        scenario : Scenario
            Of the cell.
        seed : int
            Of the cell.
        records : bool
            Whether only blocks with records are of use; their records come with them then.
        """
        key = cell_key(scenario, seed)
        with self._told():
            cell = self._file.execute("SELECT id FROM cells WHERE key = ?", (key,)).fetchone()
            if cell is None:
                return
            rows = self._file.execute(
                "SELECT start, stop, counts, breaches, vectorised, failures, checksum FROM blocks "
                "WHERE cell = ? AND recorded >= ? ORDER BY start, stop",
                (cell[0], records),
            ).fetchall()
            for start, stop, *told, found in rows:
                _check_block(key, start, stop, told, found)
                tally = _tally(seed, *told)
                yield start, stop, replace(tally, records=self._records(cell[0], start, stop)) if records else tally

    def add(self, scenario: Scenario, seed: int, start: int, stop: int, tally: Tally, *, recorded: bool) -> None:
        """Write one block, whole or not at all; a block that is there already stays as it is."""
        with self._told(), self._transaction():
            key = cell_key(scenario, seed)
            cell = self._cell(key, scenario, seed)
            counts = json.dumps({outcome.value: number for outcome, number in tally.counts.items()}, sort_keys=True)
            failures = json.dumps([[failure.replication, failure.error] for failure in tally.failures])
            told = [counts, tally.breaches, tally.vectorised, failures]
            self._file.execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET recorded = max(recorded, excluded.recorded)",
                (cell, start, stop, *told, recorded, checksum(key, start, stop, told)),
            )
            rows = [(cell, *record) for record in tally.records]
            self._file.executemany("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def table(self, name: Literal["blocks", "records"]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the names of the columns and the rows of all blocks, or of all records.

        Each row has the key of its cell, its scenario (JSON), its seed (as `bft.randomness.seed_text` writes it), and a
        column for every field in which the cells differ.

        Raises
        ------
        SweepError
            If a block, or its records, are not what was written.
        """
        with self._told():
            cells = {
                number: (key, scenario, seed_text(int(seed)))
                for number, key, scenario, seed in self._file.execute("SELECT id, key, scenario, seed FROM cells")
            }
            swept, values = differing({number: json.loads(each[1]) for number, each in cells.items()})
            rows = list(self._block_rows(cells) if name == "blocks" else self._record_rows(cells))
        columns = {
            "blocks": ["start", "stop", *(each.value for each in Outcome), "failed", "breaches", "vectorised"],
            "records": list(Record._fields),
        }[name]
        return ["cell", "scenario", "seed", *swept, *columns], [
            (*cells[cell], *values[cell], *rest) for cell, *rest in rows
        ]

    def _block_rows(self, cells: Mapping[int, tuple[str, str, str]]) -> Iterator[tuple[Any, ...]]:
        """Yield cell and columns of every block that is what was written."""
        for cell, start, stop, *told, found in self._file.execute(
            "SELECT cell, start, stop, counts, breaches, vectorised, failures, checksum FROM blocks "
            "ORDER BY cell, start, stop"
        ):
            _check_block(cells[cell][0], start, stop, told, found)
            counts, breaches, vectorised, failures = told
            numbers = json.loads(counts)
            outcomes = (numbers.get(each.value, 0) for each in Outcome)
            yield cell, start, stop, *outcomes, len(json.loads(failures)), breaches, vectorised

    def _record_rows(self, cells: Mapping[int, tuple[str, str, str]]) -> Iterator[tuple[Any, ...]]:
        """Yield cell and columns of every record, each once; a block's records have the outcomes that it counts."""
        reached: dict[int, int] = {}
        for cell, start, stop, *told, found in self._file.execute(
            "SELECT cell, start, stop, counts, breaches, vectorised, failures, checksum FROM blocks WHERE recorded "
            "ORDER BY cell, start, stop"
        ).fetchall():
            _check_block(cells[cell][0], start, stop, told, found)
            records = self._records(cell, start, stop)
            if Counter(each.outcome for each in records) != {k: v for k, v in json.loads(told[0]).items() if v}:
                raise sqlite3.DatabaseError("the records of a block are not what was written")
            yield from ((cell, *each) for each in records if each.replication >= reached.get(cell, 0))
            reached[cell] = max(stop, reached.get(cell, 0))

    def _open(self) -> None:
        """Read the header, make the tables of a new file, and look the pages of an old one through."""
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (found,) = self._file.execute("PRAGMA user_version").fetchone()
        (tables,) = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != APPLICATION:
            raise SweepError(bad_value("store", str(self.path), "is a database of something else"))
        if tables and found != FORMAT:
            allowed = f"has format {found}, and this version of bft reads format {FORMAT}: name another file"
            raise SweepError(bad_value("store", str(self.path), allowed))
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        if not tables:
            with self._transaction():  # another sweep may have been quicker
                (made,) = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()
                for statement in () if made else SCHEMA.split(";"):
                    self._file.execute(statement)
            return
        (healthy,) = self._file.execute("PRAGMA quick_check(1)").fetchone()
        if healthy != "ok":
            raise SweepError(bad_value("store", str(self.path), f"is damaged ({healthy}): name another file"))

    def _cell(self, key: str, scenario: Scenario, seed: int) -> int:
        described = json.dumps(content(scenario), sort_keys=True)
        self._file.execute(
            "INSERT INTO cells (key, scenario, seed, results_version) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET scenario = excluded.scenario",  # fields may have had other names
            (key, described, seed, RESULTS_VERSION),
        )
        return int(self._file.execute("SELECT id FROM cells WHERE key = ?", (key,)).fetchone()[0])

    def _records(self, cell: int, start: int, stop: int) -> tuple[Record, ...]:
        rows = self._file.execute(
            "SELECT replication, outcome, decided_at_s, first_decided_at_s, last_decided_at_s, views FROM records "
            "WHERE cell = ? AND replication >= ? AND replication < ? ORDER BY replication",
            (cell, start, stop),
        )
        return tuple(Record(*row) for row in rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in a sentence what is wrong with the file."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise SweepError(bad_value("store", str(self.path), f"cannot be used: {error}")) from None
        except (sqlite3.DatabaseError, ValueError) as error:
            allowed = f"is no store of blocks, or is damaged ({error}): name another file"
            raise SweepError(bad_value("store", str(self.path), allowed)) from None


def cell_key(scenario: Scenario, seed: int) -> str:
    """Return what a cell is filed under: its scenario, the code of what in it is a user's own, seed and version.

    Of a network's files it is what they hold, beside their names: an edited graph is another one.
    """
    strangers = [_code(each) for each in scenario.faults.behaviour if type(each) not in BEHAVIOURS.values()]
    if scenario.protocol.name not in PROTOCOLS:
        strangers += [getsource(sys.modules[home]) for home in homes(scenario.protocol)]
    held = [sha256(Path(file).read_bytes()).hexdigest() for file in scenario.network.files]
    written = json.dumps([RESULTS_VERSION, addressed(scenario), strangers, *held, seed], sort_keys=True)
    return sha256(written.encode()).hexdigest()


def checksum(key: str, start: int, stop: int, told: Sequence[object]) -> int:
    """Return what tells whether a block is what was written, and stands where it was written."""
    return crc32(json.dumps([key, start, stop, *told]).encode())


def _check_block(key: str, start: int, stop: int, told: Sequence[object], found: int) -> None:
    """Refuse a block that is not what was written."""
    if found != checksum(key, start, stop, told):
        raise sqlite3.DatabaseError("a block is not what was written")


def differing(scenarios: Mapping[int, Mapping[str, Any]]) -> tuple[list[str], dict[int, tuple[Any, ...]]]:
    """Return the dotted paths of the fields in which scenarios differ, and the values of each there, None for absent.

    Examples
    --------
    >>> differing({1: {"n": 4, "faults": {"delta": 0.0}}, 2: {"n": 4, "faults": {"delta": 0.5}}})
    (['faults.delta'], {1: (0.0,), 2: (0.5,)})
    """
    flat = {number: dict(_leaves(each)) for number, each in scenarios.items()}
    paths = list(dict.fromkeys(path for each in flat.values() for path in each))
    swept = [path for path in paths if len({json.dumps(each.get(path)) for each in flat.values()}) > 1]
    return swept, {number: tuple(each.get(path) for path in swept) for number, each in flat.items()}


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of every field; lists are texts of JSON."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, json.dumps(value) if isinstance(value, list) else value


def _tally(seed: int, counts: str, breaches: int, vectorised: int, failures: str) -> Tally:
    return Tally(
        counts={Outcome(name): number for name, number in json.loads(counts).items()},
        breaches=breaches,
        vectorised=vectorised,
        failures=tuple(Failure(seed=seed, replication=number, error=error) for number, error in json.loads(failures)),
    )


def _code(behaviour: Behaviour) -> str:
    """Return the source of a user's own behaviour: when it changes, results do."""
    try:
        return getsource(sys.modules[type(behaviour).__module__])
    except (KeyError, OSError, TypeError):
        return getsource(type(behaviour))


def check_store(path: str | Path | None, cells: Sequence[tuple[Scenario, int]]) -> None:
    """Refuse a store that cannot be used, or a cell whose code cannot be told, before anything runs."""
    if path is None:
        return
    check_instance("store", path, (str, Path), "must be the path of a file", SweepError)
    for scenario, seed in cells:
        try:
            cell_key(scenario, seed)
        except (OSError, TypeError):
            allowed = "has a source that cannot be read, so that nothing can be stored under it"
            own = scenario.protocol.name not in PROTOCOLS
            field, value = (
                ("protocol", scenario.protocol.name) if own else ("faults.behaviour", scenario.faults.behaviour)
            )
            raise SweepError(bad_value(field, value, allowed)) from None
    BlockStore(path).close()
