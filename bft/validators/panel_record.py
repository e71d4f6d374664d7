"""Reading what a live panel wrote down: JSON lines, one for each call and one for each question.

A line that a crash or a full disk left unfinished is left out and counted, and so are calls whose question never
ended; anything else that cannot be read is refused with its line. How a record is played again is left to `replayed`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from bft.core.verdict import Verdict
from bft.errors import TableError, bad_value
from bft.limits import MOST_MEMBERS
from bft.validators.table_rows import ANSWERED, CANCELLED, MISSING, NOT_ASKED
from bft.validators.table_writing import write_rows

VERSION = 1
SURVEYED = "surveyed"
NEVER_SENT = frozenset({"breaker open", "shed", "rate limited", "not cached", "spend"})
"""Failures of calls that no endpoint heard of."""
BEGINNING = '{"version": '
"""How every line begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call of one node.

    Attributes
    ----------
    node : int
        Who.
    member : str
        Its name; empty in records from before it was written.
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
    member: str
    role: str
    proposal: str | None
    answer: str | None
    verdict: str | None
    failure: str | None
    latency_s: float
    tokens: int
    cost: float
    confidence: float | None = None

    @property
    def known(self) -> bool:
        """Whether the call went to its end; what one that was cut off would have said is not known."""
        return self.failure != CANCELLED


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
    votes : tuple of (str or None)
        In a ballot, what each member's answer was a vote for, where that was not for its words alone to say.
    form : str or None
        What was decided, as it was voted on.
    """

    id: str
    text: str
    gold: str | None
    models: tuple[str, ...]
    state: str
    decided: str | None
    calls: tuple[RecordedCall, ...]
    votes: tuple[str | None, ...] = ()
    form: str | None = None

    def vote(self, node: int) -> str | None:
        """Return what a node's own answer was a vote for, by the comparison of its panel; else the answer itself."""
        voted = self.votes[node] if node < len(self.votes) else None
        return self.own_answer(node) if voted is None else voted

    def own_answer(self, node: int) -> str | None:
        """Return what a node answered by itself; None if it was not asked, or had no answer."""
        return next((call.answer for call in reversed(self.calls) if call.node == node and call.answer), None)

    def own_status(self, node: int) -> str:
        """Return what is known of a node's own answer: answered, missing, cancelled or not_asked.

        Missing says that its call failed, or that nobody could read the reply: an abstention. Of a call that was
        cancelled, or never made, nobody knows what it would have said; one that the panel's own policies kept from
        being sent (an open circuit breaker, for instance) was never made.
        """
        calls = [call for call in self.calls if call.node == node and call.role == "answer"]
        if any(call.answer for call in calls):
            return ANSWERED
        sent = [call for call in calls if call.failure not in NEVER_SENT]
        if not sent:
            return NOT_ASKED
        return MISSING if any(call.known for call in sent) else CANCELLED

    def cut_off(self, node: int) -> bool:
        """Return whether the panel decided without a node's own answer: it was never asked for, or cancelled."""
        return not any(call.node == node and call.role == "answer" and call.known for call in self.calls)

    def answer_rows(self) -> list[dict[str, str | None]]:
        """Return the rows of a table of recorded answers, one for each member."""
        return [
            {
                "question_id": self.id,
                "gold": self.gold,
                "model": model,
                "answer": self.own_answer(node),
                "status": self.own_status(node),
            }
            for node, model in enumerate(self.models)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRecord:
    """What a live panel wrote down.

    Attributes
    ----------
    source : str
        The file, for messages.
    questions : tuple of RecordedQuestion
        Those that ended, in their order; of two with the same id the later one, in a survey both as one.
    open_calls : mapping of str to tuple of RecordedCall
        The calls of questions that never ended.
    torn : int
        Lines that were left unfinished.
    """

    source: str
    questions: tuple[RecordedQuestion, ...]
    open_calls: Mapping[str, tuple[RecordedCall, ...]]
    torn: int = 0

    @property
    def unfinished(self) -> int:
        """Questions of which there are calls and no end."""
        return len(self.open_calls)

    def of_panel(self, models: tuple[str, ...] | None) -> tuple[RecordedQuestion, ...]:
        """Return the questions put to one panel; by default to the last that was asked.

        Raises `TableError` if there are none.
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
        """Write the members' own answers as a table of recorded answers; return how many questions it holds.

        Every question whose right answer is known has a place there, with a row for each member. The column `status`
        says what an empty answer means: missing (the call failed, or nobody could read the reply), cancelled (no longer
        needed), not_asked. The last two are not known, and no reader of the table takes them for abstentions.

        Parameters
        ----------
        file : str or Path
            A csv, jsonl or parquet file, by its ending.
        models : tuple of str, optional
            Members of the panel; by default the last one.

        Raises
        ------
        TableError
            If no right answer is known, or the file cannot be written.
        """
        questions = [question for question in self.of_panel(models) if question.gold is not None]
        if not questions:
            raise TableError(f"{self.source}: no question has a known right answer")
        write_rows(Path(file), [row for question in questions for row in question.answer_rows()])
        return len(questions)


def read_record(file: str | Path) -> PanelRecord:
    """Read the record of a live panel.

    Raises
    ------
    TableError
        If it cannot be read, or a line is no record; the message says which.
    """
    path = Path(file)
    try:
        stamp = path.stat()
    except OSError as error:
        raise TableError(bad_value("validators.file", str(file), f"cannot be read: {error.strerror}")) from None
    return _read(path, str(file), (stamp.st_mtime_ns, stamp.st_size))


@lru_cache(maxsize=4)
def _read(path: Path, file: str, stamp: tuple[int, int]) -> PanelRecord:  # noqa: ARG001 (a file written anew is read anew)
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
                question = _question(row, calls.pop(row["question"], []))
                ended[question.id] = _after(ended.pop(question.id, None), question)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise TableError(f"{file}: line {number}: is no record of a call or a question: {error!r}") from None
    left = {question: tuple(said) for question, said in calls.items()}
    return PanelRecord(source=str(file), questions=tuple(ended.values()), open_calls=left, torn=torn)


def _after(before: RecordedQuestion | None, question: RecordedQuestion) -> RecordedQuestion:
    """Return a question that was asked again: of a survey that went on, with the calls of before."""
    if before is None or {before.state, question.state} != {SURVEYED}:
        return question
    if (before.models, before.text) != (question.models, question.text):
        return question
    return replace(question, calls=before.calls + question.calls)


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
    except ValueError:
        raise TableError(f"{path}: line {number}: holds a number of thousands of digits") from None
    if not isinstance(row, dict) or row.get("record") not in ("call", "question"):
        raise TableError(f"{path}: line {number}: is no record of a call or a question")
    if row.get("version") != VERSION:
        raise TableError(f"{path}: line {number}: {bad_value('version', row.get('version'), f'must be {VERSION}')}")
    return row


def _call(row: Mapping[str, Any]) -> RecordedCall:
    return RecordedCall(
        node=_node(row["node"]),
        member=_needed(row, "member") if "member" in row else "",
        role=_needed(row, "role"),
        proposal=_text(row, "proposal"),
        answer=_text(row, "answer"),
        verdict=None if row["verdict"] is None else Verdict(row["verdict"]).value,
        failure=_text(row, "failure"),
        latency_s=float(row["latency_s"]),
        tokens=sum(int(attempt["tokens_out"]) for attempt in row["attempts"]),
        cost=sum(float(attempt.get("cost", 0.0)) for attempt in row["attempts"]),
        confidence=_sure(row.get("confidence")),
    )


def _node(told: object) -> int:
    if type(told) is not int or not 0 <= told < MOST_MEMBERS:
        raise ValueError(f"node = {told!r}")
    return told


def _text(row: Mapping[str, Any], name: str) -> str | None:
    told = row[name]
    return None if told is None else _needed(row, name)


def _needed(row: Mapping[str, Any], name: str) -> str:
    told = row[name]
    if not isinstance(told, str):
        raise ValueError(f"{name} = {told!r}")
    return told


def _sure(stated: object) -> float | None:
    if stated is None:
        return None
    if not isinstance(stated, int | float) or not 0.0 <= stated <= 1.0:
        raise ValueError(f"confidence = {stated!r}")
    return float(stated)


def _question(row: Mapping[str, Any], calls: list[RecordedCall]) -> RecordedQuestion:
    return RecordedQuestion(
        id=_needed(row, "question"),
        text=_needed(row, "text"),
        gold=_text(row, "gold"),
        models=tuple(str(model) for model in row["models"]),
        state=_needed(row, "state"),
        decided=_text(row, "answer"),
        calls=tuple(calls),
        votes=tuple(_text_of(seat, "vote") for seat in row.get("seats") or ()),
        form=_text_of(row.get("certificate"), "answer"),
    )


def _text_of(table: object, name: str) -> str | None:
    value = table.get(name) if isinstance(table, dict) else None
    return value if isinstance(value, str) else None
