"""Writes down what a live panel said: JSON lines, appended and flushed, one for each call and one for each question.

Prompts, replies, verdicts, timings and usage; never a key. `bft.validators.panel_record` reads them back, so that
yesterday's panel can be simulated under today's faults. A record that cannot be written, on a full disk for instance,
costs no answer: a warning says so once, what was lost is counted, and a line that was torn is ended before the next.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
import weakref
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bft.errors import BftError
from bft.live.answer import PanelAnswer
from bft.live.secrecy import Secrets
from bft.live.transcript import Call
from bft.validators.panel_record import BEGINNING, VERSION

OWNER_ALONE = 0o600
"""Who may read a new record: prompts and replies are nobody else's."""


class Recorder:
    """Appends to one file.

    Parameters
    ----------
    file : str or Path
        Made if there is none; what is in it stays.

    Raises
    ------
    BftError
        If the file cannot be opened for writing.

    Attributes
    ----------
    failure : str or None
        Why something could not be written last; None: everything was.
    lost : int
        Lines that could not be written.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        self.failure: str | None = None
        self.lost = 0
        self._lock = threading.Lock()
        try:
            self._lines = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, OWNER_ALONE)
            if not self._is_record():
                os.close(self._lines)
                raise BftError(f"record = {str(file)!r}: holds something else than a record; name another file")
            self._torn = self._ends_in_a_line()
        except OSError as error:
            raise BftError(f"record = {str(file)!r}: must be a file that can be written: {error.strerror}") from None
        self._finalizer = weakref.finalize(self, os.close, self._lines)

    def call(self, question_id: str, call: Call, secrets: Secrets) -> None:
        """Write one call."""
        row = asdict(call)
        attempts = [{key: value for key, value in each.items() if value is not None} for each in row["attempts"]]
        self._write({"record": "call", "question": question_id, **row, "attempts": attempts}, secrets)

    def survey(self, question_id: str, text: str, *, models: list[str], gold: str | None, secrets: Secrets) -> None:
        """Write that every member was asked everything about a question, and nothing was decided."""
        told = {"record": "question", "question": question_id, "text": text, "gold": gold, "models": models}
        self._write({**told, "state": "surveyed", "answer": None}, secrets)

    def question(self, answer: PanelAnswer, *, models: list[str], gold: str | None, secrets: Secrets) -> None:
        """Write what became of a question."""
        row = answer.to_json()
        text = row.pop("question")
        told = {"record": "question", "question": row.pop("id"), "text": text, "gold": gold, "models": models, **row}
        self._write(told, secrets)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._finalizer()

    def _is_record(self) -> bool:
        """Return whether nothing but a record stands there, whole or torn: nobody's other file is appended to."""
        if not stat.S_ISREG(os.fstat(self._lines).st_mode):
            return True  # such as /dev/stdout
        told = BEGINNING.encode()
        begins = os.pread(self._lines, len(told), 0)
        return begins == told[: len(begins)]

    def _ends_in_a_line(self) -> bool:
        """Return whether an earlier process left a line unfinished."""
        size = os.fstat(self._lines).st_size
        return size > 0 and os.pread(self._lines, 1, size - 1) != b"\n"

    def _write(self, row: dict[str, Any], secrets: Secrets) -> None:
        line = json.dumps({"version": VERSION, **secrets.hide_all(row)}, ensure_ascii=False, allow_nan=False)
        with self._lock:
            if self._finalizer.alive:
                self._append(line.encode("utf-8", "replace") + b"\n")

    def _append(self, line: bytes) -> None:
        told = b"\n" + line if self._torn else line
        written = 0
        try:
            while written < len(told):
                written += os.write(self._lines, told[written:])
            self._torn = False
        except OSError as error:
            self._torn = self._torn if not written else written > 1 or not self._torn
            self.lost += 1
            if self.failure is None:
                name, reason = self.file.name, error.strerror
                logging.getLogger(__name__).warning("bft: the record %s cannot be written: %s", name, reason)
            self.failure = error.strerror or str(error)
