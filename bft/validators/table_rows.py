"""The rows of a table of answers, and what is wrong with them: contradictions, missing and unreadable fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bft.errors import TableError, bad_value
from bft.validators.table_files import COLUMNS, OPTIONAL_COLUMNS
from bft.validators.table_values import Field, Unreadable, texts_of
from bft.validators.written_numbers import number_form

MOST_OPTIONS = 10**6
ANSWERED, MISSING, CANCELLED, NOT_ASKED = "answered", "missing", "cancelled", "not_asked"
"""What the column `status` says of an answer; without one, an answer that is not there is missing."""
STATUSES = (ANSWERED, MISSING, CANCELLED, NOT_ASKED)
NOT_KNOWN = frozenset({CANCELLED, NOT_ASKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row as texts; `unreadable` names a field that is none."""

    number: int
    question: str | None
    model: str | None
    gold: str | None
    answer: str | None
    category: str | None
    n_options: str | None
    status: str | None
    unreadable: str | None

    @property
    def unknown(self) -> bool:
        """Whether nobody knows what the model would have answered: it was cut off, or not asked."""
        return self.answer is None and self.status in NOT_KNOWN


def rows_of(columns: Mapping[str, Sequence[Field]]) -> list[TableRow]:
    """Return the rows of a table, as texts."""
    found = []
    number = len(columns["question_id"])
    nothing: Sequence[Field] = [None] * number
    given = [columns.get(name, nothing) for name in (*COLUMNS, *OPTIONAL_COLUMNS)]
    for place, (question, gold, model, answer, category, n_options, status) in enumerate(
        zip(*given, strict=True), start=1
    ):
        fields = {"question_id": question, "gold": gold, "model": model, "answer": answer}
        wrong = next(
            (f"{name} = {each.value!r}" for name, each in fields.items() if isinstance(each, Unreadable)), None
        )
        right, said = (None, None) if wrong is not None else texts_of(gold, answer)
        found.append(
            TableRow(
                number=place,
                question=None if isinstance(question, Unreadable) else texts_of(question, None)[0],
                model=None if isinstance(model, Unreadable) else texts_of(model, None)[0],
                gold=right,
                answer=said,
                category=None if isinstance(category, Unreadable) else texts_of(category, None)[0],
                n_options=str(n_options.value) if isinstance(n_options, Unreadable) else texts_of(n_options, None)[0],
                status=status if isinstance(status, str) else None,
                unreadable=wrong,
            )
        )
    return found


def without_faults(
    file: Path, rows: list[TableRow], *, drop_conflicts: bool, gold: bool = True
) -> tuple[list[TableRow], list[str]]:
    """Return the rows of questions that have no fault, and a note about those left out.

    Parameters
    ----------
    file : Path
        Where they come from, for messages.
    rows : list of TableRow
        All of them.
    drop_conflicts : bool
        Whether questions with a fault are left out.
    gold : bool
        Whether every question must have a right answer.

    Raises
    ------
    TableError
        If there is a fault, unless questions are to be left out and some have none.
    """
    faults = list(faults_of(rows, gold=gold))
    if not faults:
        return rows, []
    wrong = {row.question for row, _ in faults}
    kept = [row for row in rows if row.question is not None and row.question not in wrong]
    first, sentence = faults[0]
    told = f"row {first.number}: {sentence}"
    if not drop_conflicts:
        count = f"; {len(faults)} rows are at fault" if len(faults) > 1 else ""
        allowed = "give --drop-conflicts (drop_conflicts = true) to leave their questions out"
        raise TableError(f"{file}: {told}{count}; {allowed}")
    if not kept:
        raise TableError(f"{file}: {told}; no question is left without such a fault")
    return kept, [f"{len(faults)} rows are at fault, and their {len(wrong - {None})} questions left out; {told}"]


def faults_of(rows: Sequence[TableRow], *, gold: bool = True) -> Iterator[tuple[TableRow, str]]:
    """Yield the rows that contradict others or cannot be used, each with a sentence."""
    right: dict[str, str] = {}
    there: set[tuple[str, str]] = set()
    for row in rows:
        if row.unreadable is not None:
            yield row, f"{row.unreadable}: must be text, a number or null"
        elif row.question is None or row.model is None:
            name = "question_id" if row.question is None else "model"
            yield row, f"{name} is null; every row must name its question and model"
        elif row.gold is None and gold:
            yield row, "gold is null; every question must have a right answer"
        elif row.gold is not None and right.setdefault(row.question, row.gold) != row.gold:
            allowed = f"must be {right[row.question]!r}, as in the other rows of question {row.question!r}"
            yield row, bad_value("gold", row.gold, allowed)
        elif (row.question, row.model) in there:
            phrase = f"question {row.question!r} and model {row.model!r} are there already"
            yield row, f"{phrase}; must have one row for each question and model"
        else:
            there.add((row.question, row.model))


def option_counts(rows: Sequence[TableRow]) -> tuple[dict[str, int], list[str]]:
    """Return how many options questions have, and what is said about numbers that are none: they count as unknown."""
    found: dict[str, int] = {}
    wrong = []
    for row in rows:
        if row.n_options is None or row.question is None:
            continue
        written = number_form(row.n_options.strip())
        if written is not None and written.isdecimal() and 2 <= int(written) <= MOST_OPTIONS:
            found[row.question] = int(written)
        else:
            wrong.append(row)
    if not wrong:
        return found, []
    first = wrong[0]
    phrase = bad_value("n_options", first.n_options, "must be a whole number, 2 or more")
    return found, [f"{len(wrong)} numbers of options are taken as unknown; row {first.number}: {phrase}"]
