"""Snapshots on disk: the state of a replica, saved so that a crash at any instant leaves the newest one whole.

    store = SnapshotStore("state", interval=16)
    if (found := store.load()) is not None:
        account.restore(found.value)
    …
    if store.due(seq):
        store.save(seq, account.snapshot())

A snapshot is written under a temporary name, flushed, renamed to its own name, and the folder flushed: only then does
`save` return [1]_. Each file carries its number, its length and a checksum. A file that is cut short or altered is set
aside under another name, with a warning, and the one before it is loaded; without any the service starts afresh, and
the others tell it what it lacks. When to save, and what is done with a state, is left to the host.

References
----------
.. [1] T. S. Pillai et al., "All file systems are not created equal", OSDI 2014.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from bft.core.encoding import EncodingError, decode, encode
from bft.core.refusal import require, require_whole
from bft.errors import ScenarioError, bad_value
from bft.resilience.quarantine import quarantine

INTERVAL = 16
KEEP = 2
_FORMAT = "bft-snapshot 1"
_NAME = re.compile(r"snapshot-([0-9]{20})")
_UNFINISHED = "unfinished"
_LARGEST = 10**20 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A snapshot that was loaded.

    Attributes
    ----------
    number : int
        What it was saved under: the last request executed, as a rule.
    value : object
        The state.
    """

    number: int
    value: Any


class SnapshotStore:
    """Keeps the last snapshots of one replica in a folder of its own, which one process at a time may use.

    Parameters
    ----------
    folder : str or Path
        Made if absent; its parent must exist.
    interval : int
        Requests from one snapshot to the next; 1 or more.
    keep : int
        Snapshots that are kept, 1 or more. With 2, one corrupt file costs `interval` requests, not the state.
    types : iterable of type
        Dataclasses that a state may hold, such as the messages of a protocol.

    Attributes
    ----------
    quarantined : tuple of Path
        Where corrupt files were moved, empty as a rule.

    Raises
    ------
    ScenarioError
        If a number is out of range, or the folder cannot be used.
    """

    def __init__(
        self, folder: str | Path, *, interval: int = INTERVAL, keep: int = KEEP, types: Iterable[type] = ()
    ) -> None:
        require_whole("snapshots.interval", interval, at_least=1)
        require_whole("snapshots.keep", keep, at_least=1)
        self.folder = Path(folder)
        self.interval, self.keep = interval, keep
        self.quarantined: tuple[Path, ...] = ()
        self._types = tuple(types)
        try:
            self.folder.mkdir(exist_ok=True)
            for left in self.folder.glob(f"*.{_UNFINISHED}"):  # never acknowledged
                left.unlink()
            self._numbers = sorted(
                int(named[1]) for each in self.folder.iterdir() if (named := _NAME.fullmatch(each.name))
            )
        except OSError as error:
            raise ScenarioError(bad_value("snapshots.folder", str(folder), f"cannot be used: {error}")) from error

    def due(self, number: int) -> bool:
        """Whether an interval has passed since the newest snapshot, or since 0."""
        return number - (self._numbers[-1] if self._numbers else 0) >= self.interval

    def save(self, number: int, value: object) -> Path:
        """Write a snapshot; when this returns, a crash cannot lose it.

        Parameters
        ----------
        number : int
            Above those of all snapshots before, at most 20 digits.
        value : object
            The state: str, int, bytes, bool, None, tuples, and dataclasses named in `types`.

        Raises
        ------
        ScenarioError
            If the number is not above the newest.
        EncodingError
            If the value holds something else.
        OSError
            If the disk refuses; nothing that was saved before is touched then.
        """
        newest = self._numbers[-1] if self._numbers else -1
        require_whole("snapshots.number", number, at_least=newest + 1)
        require(number <= _LARGEST, "snapshots.number", number, "must have at most 20 digits")
        path = self._path(number)
        unfinished = path.with_suffix(f".{_UNFINISHED}")
        content = _sealed(number, encode(value))
        decode(content.split("\n", 1)[1], self._types)  # what could not be loaded is refused now, not after a crash
        try:
            with unfinished.open("wb") as file:
                file.write(content.encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._flush_folder()
        self._numbers.append(number)
        self._forget_the_oldest()
        return path

    def load(self) -> Saved | None:
        """Return the newest snapshot that is whole, or None; what is corrupt is quarantined on the way.

        Raises
        ------
        ScenarioError
            If a file cannot be read for another reason: an older state must not be taken for the newest.
        """
        while self._numbers:
            path = self._path(self._numbers[-1])
            try:
                return Saved(number=self._numbers[-1], value=self._read(path, self._numbers[-1]))
            except EncodingError as reason:
                self.quarantined = (*self.quarantined, quarantine(path, reason))
                self._numbers.pop()
            except OSError as error:
                raise ScenarioError(bad_value("snapshots.folder", str(path), f"cannot be read: {error}")) from error
        return None

    def _read(self, path: Path, number: int) -> Any:
        try:
            content = path.read_bytes().decode("ascii")
        except UnicodeDecodeError as reason:
            raise EncodingError("a byte that does not belong there") from reason
        _, newline, payload = content.partition("\n")
        if not newline or content != _sealed(number, payload):
            raise EncodingError("length or checksum do not agree")
        return decode(payload, self._types)

    def _path(self, number: int) -> Path:
        return self.folder / f"snapshot-{number:020d}"

    def _flush_folder(self) -> None:
        """Make the new name durable: a flushed file without a name is lost."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _forget_the_oldest(self) -> None:
        while len(self._numbers) > self.keep:
            self._path(self._numbers.pop(0)).unlink(missing_ok=True)


def _sealed(number: int, payload: str) -> str:
    """Return the file of a payload: a line with number, length and checksum of both, then the payload."""
    digest = sha256(f"{number}\n{payload}".encode("ascii")).hexdigest()
    return f"{_FORMAT} {number} {len(payload)} {digest}\n{payload}"
