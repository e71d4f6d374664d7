"""Tables of recorded answers: one row for each question and model, checked once and then indexed by number.

The layout is question_id, gold, model, answer, and optionally category, n_options; further columns are ignored. An
answer that is missing is a call that gave nothing parseable; a right answer must not be, in any format. Reading the
formats is left to `table_files`, what a field says to `table_values`, what counts as the same answer to `comparison`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bft.errors import TableError, bad_value
from bft.validators.answers import MISSING, RIGHT, Codes
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison, form_of
from bft.validators.table_files import read_columns
from bft.validators.table_rows import TableRow, option_counts, rows_of, without_faults
from bft.validators.table_values import without_marks

_ABSENT = -2  # the table has no row of this model for this question
_UNKNOWN = -3  # it has one, which says that the call was cancelled or never made
_NEAR_MATCHES = 3
_NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTable:
    """The recorded answers of many models to many questions.

    Attributes
    ----------
    source : str
        The file it came from, for messages.
    questions : tuple of str
        Identifiers of the questions, in the order of the file.
    gold : tuple of str
        Right answer of each question.
    models : tuple of str
        Names of the models, in the order of the file.
    texts : tuple of str
        The distinct answers as written.
    answers : ndarray of int, shape (questions, models)
        Index into `texts`; -1 where nothing parseable came, -2 where the model was not asked, -3 where the table says
        that its call was cancelled or never made.
    category, n_options : tuple or None
        Category and number of options of each question, where the table has them.
    notes : tuple of str
        What a reader of the table should know: what was left out, and what is read otherwise than may be meant.
    """

    source: str
    questions: tuple[str, ...]
    gold: tuple[str, ...]
    models: tuple[str, ...]
    texts: tuple[str, ...]
    answers: Codes
    category: tuple[str | None, ...] | None
    n_options: tuple[int | None, ...] | None
    notes: tuple[str, ...] = ()

    def panel(self, models: Sequence[str], *, compare: Comparison = DEFAULT_COMPARISON) -> RecordedPanel:
        """Return the answers of a panel to the questions that all its models were asked.

        Parameters
        ----------
        models : sequence of str
            Names of the panel's models, one for each node, all different.
        compare : str
            How answers are compared; see `bft.validators.comparison`.

        Raises
        ------
        TableError
            If a model is unknown or named twice, the models share no question, or calls of the panel were cancelled:
            what is left would be a sample of the questions on which members agree slowly.
        """
        columns = [self._column(model) for model in models]
        if not columns:
            raise TableError(bad_value("validators.models", [], f"must name models of {self.source}"))
        repeated = next((model for index, model in enumerate(models) if model in models[:index]), None)
        if repeated is not None:
            raise TableError(bad_value("validators.models", repeated, "named twice: the models of a panel must differ"))
        given = self.answers[:, columns]
        self._refuse_unknown(given)
        rows = np.flatnonzero((given != _ABSENT).all(axis=1))
        if not len(rows):
            phrase = f"these models share no question in {self.source}; every question needs an answer of each"
            raise TableError(bad_value("validators.models", list(models), phrase))
        return _coded(tuple(models), rows, given[rows], self, compare)

    def right(self, *, compare: Comparison = DEFAULT_COMPARISON) -> NDArray[np.bool_]:
        """Return who got which question right, shape (questions, models)."""
        form = form_of(compare)
        forms: dict[str | None, int] = {None: -1}  # what has no form is no answer
        answers = np.array([forms.setdefault(form(text), len(forms)) for text in (*self.texts, "")], dtype=np.intp)
        gold = [forms.get(self.right_form(row, compare), -2) for row in range(len(self.questions))]
        given = np.where(self.answers < 0, -1, answers[np.maximum(self.answers, 0)])
        found: NDArray[np.bool_] = (given == np.array(gold)[:, None]) & (given >= 0)
        return found

    def warnings(self, *, compare: Comparison = DEFAULT_COMPARISON) -> tuple[str, ...]:
        """Return the notes, and whether right answers and answers look as if they never could match."""
        notes = self.notes
        if (unknown := int((self.answers == _UNKNOWN).sum())) > 0:
            told = f"{unknown} of {self.answers.size} answers are not known: their calls were cancelled or never made"
            notes = (*notes, f"{told}; the rest is no fair sample")
        if not (self.answers >= 0).any() or self.right(compare=compare).any():
            return notes
        row, column = np.argwhere(self.answers >= 0)[0]
        example = f"{self.gold[row]!r} is right and {self.texts[self.answers[row, column]]!r} is answered"
        return (*notes, f"no answer of any model is right, compared as {compare!r}: {example}, for example")

    def right_form(self, row: int, compare: Comparison) -> str:
        """Return what a comparison looks at in a question's right answer.

        Raises `TableError` if there is nothing to look at: nobody could be right.
        """
        form = form_of(compare)(self.gold[row])
        if form is None:
            allowed = f"says nothing where answers are compared as {compare!r}; every question must have a right answer"
            phrase = bad_value("gold", self.gold[row], allowed)
            raise TableError(f"{self.source}: question {self.questions[row]!r}: {phrase}")
        return form

    def _refuse_unknown(self, given: Codes) -> None:
        unknown = given == _UNKNOWN
        if not unknown.any():
            return
        row = int(unknown.any(axis=1).argmax())
        questions = int(unknown.any(axis=1).sum())
        why = f"{int(unknown.sum())} answers to {questions} of {len(given)} questions are not known"
        raise TableError(
            f"{self.source}: {why}, {self.questions[row]!r} the first: the calls were cancelled or never made, and the "
            "other questions are no fair sample; ask everyone with `bft survey`, or record with finish = true"
        )

    def _column(self, model: str) -> int:
        if model in self.models:
            return self.models.index(model)
        near = difflib.get_close_matches(model, self.models, n=_NEAR_MATCHES)
        names = near or sorted(self.models)[:_NAMES_SHOWN]
        more = " …" if not near and len(self.models) > _NAMES_SHOWN else ""
        listed = ", ".join(names) + more
        hint = f"did you mean {listed}?" if near else f"it has {len(self.models)} models: {listed}"
        raise TableError(bad_value("validators.models", model, f"is not a model of {self.source}; {hint}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPanel:
    """The answers of one panel to the questions that it answered in full, as codes and as strings.

    Attributes
    ----------
    models : tuple of str
        One model for each node.
    rows : ndarray of int, shape (questions,)
        The table's row of each question.
    codes : ndarray of int, shape (questions, n)
        0 right, -1 nothing parseable, equal positive codes are equal wrong answers of the question.
    texts : tuple of tuple of str
        For each question the right answer and then the wrong ones: texts[question][code].
    """

    models: tuple[str, ...]
    rows: NDArray[np.intp]
    codes: Codes
    texts: tuple[tuple[str, ...], ...]


def _coded(
    models: tuple[str, ...], rows: NDArray[np.intp], given: Codes, table: AnswerTable, compare: Comparison
) -> RecordedPanel:
    form = form_of(compare)
    forms = [form(text) for text in table.texts]
    codes = np.empty(given.shape, dtype=np.intp)
    texts = []
    for index, (row, answers) in enumerate(zip(rows.tolist(), given.tolist(), strict=True)):
        known = {table.right_form(row, compare): RIGHT}
        said = [None if answer < 0 else forms[answer] for answer in answers]
        codes[index] = [MISSING if text is None else known.setdefault(text, len(known)) for text in said]
        texts.append(tuple(known))
    codes.flags.writeable = False
    return RecordedPanel(models=models, rows=rows, codes=codes, texts=tuple(texts))


def load_answers(path: str | Path, *, drop_conflicts: bool = False) -> AnswerTable:
    """Read a table of recorded answers from a parquet, csv (with any usual separator), json or jsonl file.

    Parameters
    ----------
    path : str or Path
        The file.
    drop_conflicts : bool
        Whether questions that have two right answers, none, two answers of one model, or an unreadable field are left
        out, and counted in the table's notes, instead of being refused.

    Raises
    ------
    TableError
        If the file cannot be read, is empty, lacks a column, or contradicts itself; the message says where and how
        often.
    """
    file = Path(path)
    try:
        stamp = file.stat()
    except OSError as reason:
        raise TableError(bad_value("validators.file", str(path), f"cannot be read: {reason.strerror}")) from reason
    return _load(file, (stamp.st_mtime_ns, stamp.st_size), drop_conflicts)


@lru_cache(maxsize=4)
def _load(file: Path, stamp: tuple[int, int], drop_conflicts: bool) -> AnswerTable:  # noqa: ARG001 (a file written anew is read anew)
    columns = read_columns(file)
    rows = rows_of(columns)
    if not rows:
        raise TableError(f"{file}: has no rows; must have one for each question and model")
    rows, notes = without_faults(file, rows, drop_conflicts=drop_conflicts)
    answers, warnings = without_marks([row.answer for row in rows])
    options, unknown = option_counts(rows)
    return _index(file, columns, rows, answers, options, (*notes, *warnings, *unknown))


def _index(
    file: Path,
    columns: Collection[str],
    rows: Sequence[TableRow],
    answers: Sequence[str | None],
    options: Mapping[str, int],
    notes: tuple[str, ...],
) -> AnswerTable:
    questions = _numbered(row.question for row in rows)
    models = _numbered(row.model for row in rows)
    texts: dict[str, int] = {}
    codes = np.full((len(questions), len(models)), _ABSENT, dtype=np.intp)
    gold: dict[str, str] = {}
    categories: dict[str, str | None] = {}
    for row, answer in zip(rows, answers, strict=True):
        assert row.question is not None  # `faults_of` has found those
        assert row.model is not None
        assert row.gold is not None
        said = _UNKNOWN if row.unknown else MISSING if answer is None else texts.setdefault(answer, len(texts))
        codes[questions[row.question], models[row.model]] = said
        gold[row.question] = row.gold
        categories[row.question] = row.category
    codes.flags.writeable = False
    return AnswerTable(
        source=str(file),
        questions=tuple(questions),
        gold=tuple(gold[question] for question in questions),
        models=tuple(models),
        texts=tuple(texts),
        answers=codes,
        category=tuple(categories[question] for question in questions) if "category" in columns else None,
        n_options=tuple(options.get(question) for question in questions) if "n_options" in columns else None,
        notes=notes,
    )


def _numbered(names: Iterable[str | None]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for name in names:
        assert name is not None
        numbers.setdefault(name, len(numbers))
    return numbers
