"""The record of a run: typed events in the order in which they happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple


class Record(NamedTuple):
    """One event of one node at one time."""

    time_s: float
    node: int
    event: Any


Recorded = tuple[float, int, Any]
"""A record as it is kept while a run lasts: a plain tuple, which is made in a quarter of the time."""


class Trace(Sequence[Record]):
    """All recorded events of a run, in order.

    Parameters
    ----------
    records : list of tuple
        Records, or plain tuples of what they name, which become records when somebody reads them. Kept as given: what
        is added to the list later belongs to the trace.
    """

    def __init__(self, records: list[Any]) -> None:
        self._records = records
        self._made = 0

    @property
    def records(self) -> list[Record]:
        """All records, in order."""
        records = self._records
        if self._made < len(records):
            records[self._made :] = map(partial(tuple.__new__, Record), records[self._made :])
            self._made = len(records)
        return records

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: Any) -> Any:
        return self.records[index]

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def of(self, *kinds: type) -> list[Record]:
        """Return the records whose event is of one of these types."""
        return [record for record in self.records if isinstance(record.event, kinds)]

    @property
    def hash(self) -> str:
        """SHA-256 over every time, node and event: equal for equal runs, in every process."""
        digest = sha256()
        for time_s, node, event in self._records:
            digest.update(f"{time_s!r} {node} {event!r}\n".encode())
        return digest.hexdigest()

    def to_json(self) -> list[dict[str, Any]]:
        """Return the records as JSON values: `time_s`, `node`, `event` (its type) and the event's fields."""
        return [
            {"time_s": time_s, "node": node, "event": type(event).__name__, **_fields(event)}
            for time_s, node, event in self._records
        ]


def _fields(event: Any) -> dict[str, Any]:
    return {each.name: _json(getattr(event, each.name)) for each in fields(event) if each.repr}


def _json(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"type": type(value).__name__, **_fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    return value
