"""A survey: every member of a panel answers every question, so that a table of answers is no sample of the hard ones.

Everything is written to the panel's record as it comes. Whoever is interrupted gives the same questions and the same
record again, and what is there is not asked again; questions that were under way are asked anew. Where the panel's
ceiling on spend is reached no further question is asked, and who could not be asked has yet to be. What a table of the
answers is good for is left to `bft.calibration`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bft.errors import ScenarioError, TableError, bad_value
from bft.live.panel import Panel
from bft.live.question import Question, question_of
from bft.live.transcript import Call
from bft.validators.panel_record import RecordedQuestion, read_record
from bft.validators.raw_tables import raw_table
from bft.validators.table_files import listed, named
from bft.validators.table_rows import ANSWERED, MISSING
from bft.validators.table_values import Field, Unreadable, texts_of

_COLUMNS = {"question": ("question",), "id": ("id", "question_id"), "gold": ("gold",)}
"""What the columns of a file of questions mean, and what they may be called."""


def read_questions(file: Path, columns: Mapping[str, str] | None = None) -> tuple[Question, ...]:
    """Read the questions of a survey from a table with the columns question, and perhaps id and gold.

    Parameters
    ----------
    file : Path
        A csv, json, jsonl or parquet file.
    columns : mapping, optional
        What the file calls its columns: from question, id and gold to its names, or to paths into nested objects.

    Raises
    ------
    TableError
        If it cannot be read, a question is empty, or two have the same id.
    """
    given = dict(columns or {})
    if (strange := next((name for name in given if name not in _COLUMNS), None)) is not None:
        raise TableError(bad_value("columns", strange, f"must be among {', '.join(_COLUMNS)}"))
    with raw_table(file, ("question", *given.values())) as table:
        names = {name: given[name] for name in given}
        for name, usual in _COLUMNS.items():
            column = next((there for each in usual if (there := named(file, table.header, each))), None)
            if name not in names and column is not None:
                names[name] = column
        if "question" not in names:
            raise TableError(f"{file}: column 'question' is missing (found{table.kind}: {listed(table.header)})")
        read = table.columns(names)
    nothing: list[Field] = [None] * len(read["question"])
    found: dict[str, Question] = {}
    rows = zip(read["question"], read.get("id", nothing), read.get("gold", nothing), strict=True)
    for number, given_row in enumerate(rows, start=1):
        asked, called, right = (_text(each, file, number) for each in given_row)
        if asked is None:
            raise TableError(f"{file}: row {number}: question is empty; every row must hold one")
        question = question_of({"question": asked, "id": called or f"q{number}", "gold": right})
        if question.id in found:
            raise TableError(f"{file}: row {number}: the id {question.id!r} is there already; ids must differ")
        found[question.id] = question
    if not found:
        raise TableError(f"{file}: has no rows; must hold a question in each")
    return tuple(found.values())


def _text(field: Field, file: Path, number: int) -> str | None:
    if isinstance(field, Unreadable):
        raise TableError(
            f"{file}: row {number}: {bad_value('question', field.value, 'must be text, a number or null')}"
        )
    return texts_of(field, None)[0]


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a survey has come.

    Attributes
    ----------
    questions, done, before : int
        How many there are, are answered by everybody, and were so before.
    calls, failed : int
        Calls made, and those of them of which nothing came back.
    cost : float
        Of these calls, as far as it is known.
    unpriced : bool
        Whether there were calls whose price is not known.
    """

    questions: int
    done: int = 0
    before: int = 0
    calls: int = 0
    failed: int = 0
    cost: float = 0.0
    unpriced: bool = False

    def add(self, calls: Iterable[Call]) -> None:
        """Count the calls of one more question."""
        self.done += 1
        for call in calls:
            self.calls += 1
            self.failed += call.failure is not None
            for attempt in call.attempts:
                self.cost += attempt.cost or 0.0
                self.unpriced |= attempt.cost is None and attempt.failure is None


async def survey(
    panel: Panel,
    questions: Sequence[Question],
    record: Path,
    *,
    judging: bool = False,
    retry_failed: bool = False,
    at_once: int = 4,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Ask every member every question that the record does not hold.

    Parameters
    ----------
    panel : Panel
        Whom to ask; it must write to the record.
    questions : sequence of Question
        What to ask.
    record : Path
        The panel's record.
    judging : bool
        Whether members also judge every different answer, for replays of PBFT.
    retry_failed : bool
        Whether members are asked again whose calls failed, or whose replies nobody could read.
    at_once : int
        Questions under way at a time.
    tell : callable
        Is told the progress after every question.

    Raises
    ------
    ScenarioError
        If fewer than one question is to be under way.
    """
    if at_once < 1:
        raise ScenarioError(bad_value("at_once", at_once, "must be at least 1"))
    wanted = open_seats(questions, panel.settings.names, record, retry_failed=retry_failed)
    before = sum(not nodes for nodes in wanted.values())
    progress = Progress(questions=len(questions), done=before, before=before)
    tell(progress)
    places = asyncio.Semaphore(at_once)

    async def ask(question: Question, nodes: tuple[int, ...]) -> None:
        async with places:
            if panel.overspent:
                return
            table = {"question": question.text, "id": question.id, "gold": question.gold}
            progress.add(await panel.asurvey(table, judging=judging, nodes=nodes))
            tell(progress)

    async with asyncio.TaskGroup() as asking:
        for question in questions:
            if nodes := wanted[question.id]:
                asking.create_task(ask(question, nodes))
    return progress


def open_seats(
    questions: Sequence[Question], names: Sequence[str], record: Path, *, retry_failed: bool = False
) -> dict[str, tuple[int, ...]]:
    """Return which members have yet to be asked each question, by the record."""
    known = asked_before(questions, names, record)
    everybody = tuple(range(len(names)))

    def wanted(question: RecordedQuestion) -> tuple[int, ...]:
        settled = {ANSWERED} if retry_failed else {ANSWERED, MISSING}
        return tuple(node for node in everybody if question.own_status(node) not in settled)

    return {each.id: wanted(known[each.id]) if each.id in known else everybody for each in questions}


def spent_before(record: Path) -> float:
    """Return what the calls of a record have cost, as far as it is known."""
    if not record.exists() or not record.stat().st_size:
        return 0.0
    held = read_record(record)
    calls = [*(each.calls for each in held.questions), *held.open_calls.values()]
    return sum(call.cost for each in calls for call in each)


def asked_before(questions: Sequence[Question], names: Sequence[str], record: Path) -> dict[str, RecordedQuestion]:
    """Return what a record holds of these questions, in these words, by this panel; with today's right answers."""
    if not record.exists() or not record.stat().st_size:
        return {}
    wanted = {question.id: question for question in questions}
    return {
        each.id: replace(each, gold=wanted[each.id].gold)
        for each in read_record(record).questions
        if each.id in wanted and each.models == tuple(names) and each.text == wanted[each.id].text
    }
