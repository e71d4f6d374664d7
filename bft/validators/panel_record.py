"""Reading what a live panel wrote down: JSON lines, one for each call and one for each question.

A line that a crash or a full disk left unfinished is left out and counted, and so are calls whose question never
ended; anything else that cannot be read is refused with its line. How a record is played again is left to `replayed`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bft.errors import TableError, bad_value
from bft.validators.table_files import COLUMNS

VERSION = 1
BEGINNING = '{"version": '
"""How every line begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call of one node.

    Attributes
    ----------
    node : int
        Who.
    role : {"answer", "judge"}
        What for.
    proposal : str or None
        What was judged.
    answer : str or None
        The answer; None where there was none.
    verdict : str or None
        accept, reject or unsure; None where there was none.
    failure : str or None
        Why there is nothing; "cancelled": it was no longer needed.
    latency_s : float
        How long it took.
    tokens : int
        Tokens written.
    cost : float
        As far as it is known.
    confidence : float or None
        How sure the node said it was of its answer; None where it was not asked.
    """

    node: int
    role: str
    proposal: str | None
    answer: str | None
    verdict: str | None
    failure: str | None
    latency_s: float
    tokens: int
    cost: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedQuestion:
    """One question, with all calls made for it in the order of their ends.

    Attributes
    ----------
    id, text : str
        Its name and its words.
    gold : str or None
        The right answer, where it is known.
    models : tuple of str
        Names of the panel's members.
    state : str
        decided, degraded, no_quorum, or surveyed.
    decided : str or None
        The panel's answer.
    calls : tuple of RecordedCall
        What was said.
    """

    id: str
    text: str
    gold: str | None
    models: tuple[str, ...]
    state: str
    decided: str | None
    calls: tuple[RecordedCall, ...]

    def own_answer(self, node: int) -> str | None:
        """Return what a node answered by itself; None if it was not asked, or had no answer."""
        return next((call.answer for call in reversed(self.calls) if call.node == node and call.answer), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRecord:
    """What a live panel wrote down.

    Attributes
    ----------
    source : str
        The file, for messages.
    questions : tuple of RecordedQuestion
        Those that ended, in their order; of two with the same id the later one.
    unfinished : int
        Questions of which there are calls and no end.
    torn : int
        Lines that were left unfinished.
    """

    source: str
    questions: tuple[RecordedQuestion, ...]
    unfinished: int
    torn: int = 0

    def of_panel(self, models: tuple[str, ...] | None) -> tuple[RecordedQuestion, ...]:
        """Return the questions put to one panel; by default to the last that was asked.

        Raises
        ------
        TableError
            If there are none.
        """
        if not self.questions:
            raise TableError(f"{self.source}: holds no question that has ended")
        wanted = self.questions[-1].models if models is None else models
        found = tuple(question for question in self.questions if question.models == wanted)
        if not found:
            told = f"no question in {self.source} was put to them"
            raise TableError(bad_value("validators.models", list(wanted), told))
        return found

    def write_answers(self, file: str | Path, models: tuple[str, ...] | None = None) -> int:
        """Write the members' own answers as a table of recorded answers (csv); return how many questions it holds.

        Only questions whose right answer is known have a place there, and only those that every member was asked.

        Raises
        ------
        TableError
            If there is none, or the file cannot be written.
        """
        rows = [
            (question.id, question.gold, model, question.own_answer(node) or "")
            for question in self.of_panel(models)
            if question.gold is not None and _asked_all(question)
            for node, model in enumerate(question.models)
        ]
        if not rows:
            raise TableError(f"{self.source}: no question has a known right answer and an answer of every member")
        try:
            with Path(file).open("w", encoding="utf-8", newline="") as lines:
                csv.writer(lines).writerows([COLUMNS, *rows])
        except OSError as error:
            raise TableError(f"{file}: cannot be written: {error.strerror}") from None
        return len(rows) // len(self.of_panel(models)[0].models)


def _asked_all(question: RecordedQuestion) -> bool:
    asked = {call.node for call in question.calls if call.role == "answer" and call.failure != "cancelled"}
    return asked == set(range(len(question.models)))


def read_record(file: str | Path) -> PanelRecord:
    """Read the record of a live panel.

    Raises
    ------
    TableError
        If it cannot be read, or a line is no record; the message says which.
    """
    path = Path(file)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise TableError(bad_value("validators.file", str(file), f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise TableError(f"{file}: is not text in UTF-8; must be the record of a live panel") from None
    calls: dict[str, list[RecordedCall]] = {}
    ended: dict[str, RecordedQuestion] = {}
    torn, among_records = 0, any(line.startswith(BEGINNING) for line in lines)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _row(line, number, path, among_records=among_records)
        if row is None:
            torn += 1
            continue
        try:
            if row["record"] == "call":
                calls.setdefault(row["question"], []).append(_call(row))
            else:
                ended.pop(row["question"], None)
                ended[row["question"]] = _question(row, calls.pop(row["question"], []))
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"{file}: line {number}: is no record of a call or a question: {error!r}") from None
    return PanelRecord(source=str(file), questions=tuple(ended.values()), unfinished=len(calls), torn=torn)


def _row(line: str, number: int, path: Path, *, among_records: bool) -> Mapping[str, Any] | None:
    """Return what a line says; None where it begins as a record does and was left unfinished."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        if line.startswith(BEGINNING) or (among_records and BEGINNING.startswith(line)):
            return None
        raise TableError(f"{path}: line {number}: is not JSON: {error.msg}") from None
    except RecursionError:
        raise TableError(f"{path}: line {number}: is nested too deeply") from None
    if not isinstance(row, dict) or row.get("record") not in ("call", "question"):
        raise TableError(f"{path}: line {number}: is no record of a call or a question")
    if row.get("version") != VERSION:
        raise TableError(f"{path}: line {number}: {bad_value('version', row.get('version'), f'must be {VERSION}')}")
    return row


def _call(row: Mapping[str, Any]) -> RecordedCall:
    return RecordedCall(
        node=int(row["node"]),
        role=str(row["role"]),
        proposal=row["proposal"],
        answer=row["answer"],
        verdict=row["verdict"],
        failure=row["failure"],
        latency_s=float(row["latency_s"]),
        tokens=sum(int(attempt["tokens_out"]) for attempt in row["attempts"]),
        cost=sum(float(attempt.get("cost", 0.0)) for attempt in row["attempts"]),
        confidence=_sure(row.get("confidence")),
    )


def _sure(stated: object) -> float | None:
    if stated is None:
        return None
    if not isinstance(stated, int | float) or not 0.0 <= stated <= 1.0:
        raise ValueError(f"confidence = {stated!r}")
    return float(stated)


def _question(row: Mapping[str, Any], calls: list[RecordedCall]) -> RecordedQuestion:
    return RecordedQuestion(
        id=str(row["question"]),
        text=str(row["text"]),
        gold=row["gold"],
        models=tuple(str(model) for model in row["models"]),
        state=str(row["state"]),
        decided=row["answer"],
        calls=tuple(calls),
    )
