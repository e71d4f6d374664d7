"""Tables of recorded answers: one row for each question and model, checked once and then indexed by number.

The layout is question_id, gold, model, answer, and optionally category, n_options, output_chars; further columns are
ignored. An answer that is null, empty or white space is a call that gave nothing parseable; a right answer must not be,
in any format. Reading the formats is left to `table_files`, what counts as the same answer to `comparison`.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bft.errors import TableError, bad_value
from bft.validators.answers import MISSING, RIGHT, Codes
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison, form_of
from bft.validators.table_files import COLUMNS, read_columns

_ABSENT = -2  # the model was never asked this question
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
        Index into `texts`; -1 where nothing parseable came, -2 where the model was not asked.
    category, n_options : tuple or None
        Category and number of options of each question, where the table has them.
    """

    source: str
    questions: tuple[str, ...]
    gold: tuple[str, ...]
    models: tuple[str, ...]
    texts: tuple[str, ...]
    answers: Codes
    category: tuple[str | None, ...] | None
    n_options: tuple[int | None, ...] | None

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
            If a model is unknown or named twice, or the models share no question.
        """
        columns = [self._column(model) for model in models]
        if not columns:
            raise TableError(bad_value("validators.models", [], f"must name models of {self.source}"))
        repeated = next((model for index, model in enumerate(models) if model in models[:index]), None)
        if repeated is not None:
            raise TableError(bad_value("validators.models", repeated, "named twice: the models of a panel must differ"))
        given = self.answers[:, columns]
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
        given = np.where(self.answers < 0, -1, answers[self.answers])
        found: NDArray[np.bool_] = (given == np.array(gold)[:, None]) & (given >= 0)
        return found

    def right_form(self, row: int, compare: Comparison) -> str:
        """Return what a comparison looks at in a question's right answer.

        Raises
        ------
        TableError
            If there is nothing to look at: nobody could be right.
        """
        form = form_of(compare)(self.gold[row])
        if form is None:
            allowed = f"says nothing where answers are compared as {compare!r}; every question must have a right answer"
            phrase = bad_value("gold", self.gold[row], allowed)
            raise TableError(f"{self.source}: question {self.questions[row]!r}: {phrase}")
        return form

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


def load_answers(path: str | Path) -> AnswerTable:
    """Read a table of recorded answers from a parquet, csv or jsonl file.

    Raises
    ------
    TableError
        If the file cannot be read, is empty, lacks a column, or contradicts itself; the message says where.
    """
    file = Path(path)
    try:
        stamp = file.stat()
    except OSError as reason:
        raise TableError(bad_value("validators.file", str(path), f"cannot be read: {reason.strerror}")) from reason
    return _load(file, (stamp.st_mtime_ns, stamp.st_size))


@lru_cache(maxsize=4)
def _load(file: Path, stamp: tuple[int, int]) -> AnswerTable:  # noqa: ARG001 (a file written anew is read anew)
    columns = read_columns(file)
    for name in COLUMNS:
        if name not in columns:
            found = ", ".join(columns) or "none"
            raise TableError(f"{file}: column {name!r} is missing; must have {', '.join(COLUMNS)} (found: {found})")
    if not columns["question_id"]:
        raise TableError(f"{file}: has no rows; must have one for each question and model")
    return _index(file, columns)


def _index(file: Path, columns: dict[str, list[str | None]]) -> AnswerTable:
    questions = _numbered(file, "question_id", columns["question_id"])
    models = _numbered(file, "model", columns["model"])
    texts: dict[str, int] = {}
    answers = np.full((len(questions), len(models)), _ABSENT, dtype=np.intp)
    gold: list[str | None] = [None] * len(questions)
    category, n_options = columns.get("category"), columns.get("n_options")
    categories: list[str | None] = [None] * len(questions)
    options: list[int | None] = [None] * len(questions)
    rows = zip(columns["question_id"], columns["model"], columns["gold"], columns["answer"], strict=True)
    for number, (question, model, right, answer) in enumerate(rows, start=1):
        assert question is not None  # `_numbered` has refused nulls
        assert model is not None
        row, column = questions[question], models[model]
        if right is None or not right.strip():
            what = "null" if right is None else "empty"
            raise TableError(f"{file}: row {number}: gold is {what}; every question must have a right answer")
        if gold[row] not in (None, right):
            allowed = f"must be {gold[row]!r}, as in the other rows of question {question!r}"
            raise TableError(f"{file}: row {number}: {bad_value('gold', right, allowed)}")
        if answers[row, column] != _ABSENT:
            raise TableError(
                f"{file}: row {number}: question {question!r} and model {model!r} are there already; "
                "must have one row for each question and model"
            )
        gold[row] = right
        said = answer if answer is not None and answer.strip() else None
        answers[row, column] = MISSING if said is None else texts.setdefault(said, len(texts))
        if category is not None:
            categories[row] = category[number - 1]
        if n_options is not None:
            options[row] = _option_count(file, number, n_options[number - 1])
    answers.flags.writeable = False
    return AnswerTable(
        source=str(file),
        questions=tuple(questions),
        gold=tuple(text for text in gold if text is not None),
        models=tuple(models),
        texts=tuple(texts),
        answers=answers,
        category=None if category is None else tuple(categories),
        n_options=None if n_options is None else tuple(options),
    )


def _numbered(file: Path, name: str, column: list[str | None]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for row, value in enumerate(column, start=1):
        if value is None:
            raise TableError(f"{file}: row {row}: {name} is null; every row must name its question and model")
        numbers.setdefault(value, len(numbers))
    return numbers


def _option_count(file: Path, row: int, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        count = int(value)
    except ValueError:
        count = 0
    if count < 2:
        raise TableError(f"{file}: row {row}: n_options = {value!r}: must be a whole number, 2 or more")
    return count
