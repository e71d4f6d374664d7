"""The embedded cache on disk: SQLite with a write-ahead log, each answer on the disk before it is acknowledged.

A process killed at any instant loses nothing that `put` has acknowledged: WAL with synchronous = FULL flushes each
commit [1]_. Every row carries a digest of its content, because SQLite finds damaged pages but not changed bytes
within a text. A corrupt file is quarantined under another name, with a warning, and the cache starts empty; a corrupt
row reads as absent until it is written again. Any other trouble (disk full, locked for seconds) costs an answer its
place in the cache and is counted, but never fails a call.

References
----------
.. [1] SQLite documentation, "Write-Ahead Logging" and "PRAGMA synchronous".
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

from bft.core.digest import digest_of
from bft.errors import ScenarioError, bad_value
from bft.resilience.cache import Entry
from bft.resilience.quarantine import quarantine

T = TypeVar("T")
_log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 5.0
APPLICATION_ID = 0x62667463  # "bftc", in the file's header: tells our files from other programs' databases
SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, model TEXT NOT NULL,
    stored_at_s REAL NOT NULL, expires_at_s REAL NOT NULL, digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_expiry ON entries (expires_at_s);
"""


class SqliteCache:
    """Keeps entries in one file; safe to share between threads. Processes may share it as long as it is sound.

    Parameters
    ----------
    path : str or Path
        The file; made if absent. Its directory must exist.

    Attributes
    ----------
    quarantined : tuple of Path
        Where corrupt files were moved, empty as a rule.
    faults : int
        Reads and writes that failed, corrupt rows among them.

    Raises
    ------
    ScenarioError
        If the file cannot be opened at all, or is another program's database.
    """

    blocking = True

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = Lock()
        self.quarantined: tuple[Path, ...] = ()
        self.faults = 0
        try:
            self._connection = self._open()
        except sqlite3.Error as error:
            raise ScenarioError(bad_value("cache.path", str(path), f"cannot be opened: {error}")) from error

    def get(self, key: str) -> Entry | None:
        """Return what was kept under a key, of any age, or None."""

        def read(connection: sqlite3.Connection) -> tuple[str, str, float, float, str] | None:
            columns = "SELECT text, model, stored_at_s, expires_at_s, digest FROM entries WHERE key = ?"
            row: tuple[str, str, float, float, str] | None = connection.execute(columns, (key,)).fetchone()
            return row

        row = self._use(read)
        if row is None:
            return None
        *content, digest = row
        if digest != digest_of(key, *content):
            self._fault(f"the row of {key} is corrupt")
            return None
        return Entry(text=row[0], model=row[1], stored_at_s=row[2], expires_at_s=row[3])

    def put(self, key: str, entry: Entry) -> bool:
        """Keep an entry on disk; True once a crash cannot lose it."""
        content = (entry.text, entry.model, float(entry.stored_at_s), float(entry.expires_at_s))

        def write(connection: sqlite3.Connection) -> bool:
            with connection:
                connection.execute("DELETE FROM entries WHERE expires_at_s < ?", (entry.stored_at_s,))
                row = (key, *content, digest_of(key, *content))
                connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
            return True

        return bool(self._use(write))

    def close(self) -> None:
        """Release the file; the cache is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do work on the connection, on a fresh file if this one turns out corrupt; None if it cannot be done."""
        with self._lock:
            try:
                try:
                    return work(self._connection)
                except sqlite3.DatabaseError as error:
                    if not _is_corrupt(error):
                        raise
                    self._connection.close()
                    self._quarantine(error)
                    self._connection = self._connect()
                    return work(self._connection)
            except (sqlite3.Error, OSError, UnicodeError) as error:
                self._fault(str(error))
                return None

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise
            self._quarantine(error)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if finding != "ok":
                raise _CorruptFile(finding)
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if tables and application != APPLICATION_ID:
                raise ScenarioError(bad_value("cache.path", str(self._path), "is another program's database"))
            connection.executescript(SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection

    def _quarantine(self, error: sqlite3.Error) -> None:
        aside = quarantine(self._path, error, companions=("-wal", "-shm"))
        self.quarantined = (*self.quarantined, aside)

    def _fault(self, message: str) -> None:
        self.faults += 1
        _log.warning("%s: %s", self._path, message)


class _CorruptFile(sqlite3.DatabaseError):
    """The integrity check found damage."""


def _is_corrupt(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, _CorruptFile):
        return True
    primary_code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return primary_code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
