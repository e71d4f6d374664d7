"""Writes down what a live panel said: JSON lines, appended and flushed, one for each call and one for each question.

Prompts, replies, verdicts, timings and usage; never a key. `bft.validators.panel_record` reads them back, so that
yesterday's panel can be simulated under today's faults.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bft.errors import BftError
from bft.live.answer import PanelAnswer
from bft.live.secrecy import Secrets
from bft.live.transcript import Call
from bft.validators.panel_record import VERSION


class Recorder:
    """Appends to one file.

    Parameters
    ----------
    file : str or Path
        Made if there is none; what is in it stays.

    Raises
    ------
    BftError
        If the file cannot be written.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        self._lock = threading.Lock()
        try:
            self._lines = self.file.open("a", encoding="utf-8")
            self._begin_line()
        except OSError as error:
            raise BftError(f"record = {str(file)!r}: must be a file that can be written: {error.strerror}") from None

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
            self._lines.close()

    def _begin_line(self) -> None:
        """End a line that an earlier process left unfinished, so that only that one is lost."""
        if self._lines.tell():
            with self.file.open("rb") as bytes_:
                bytes_.seek(-1, 2)
                if bytes_.read(1) != b"\n":
                    self._lines.write("\n")

    def _write(self, row: dict[str, Any], secrets: Secrets) -> None:
        line = json.dumps({"version": VERSION, **secrets.hide_all(row)}, ensure_ascii=False, allow_nan=False)
        with self._lock:
            if not self._lines.closed:
                self._lines.write(line + "\n")
                self._lines.flush()
