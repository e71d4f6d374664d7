"""The votes in a table of answers, whether or not it knows the right ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bft.designing.pools import WELL_COVERED
from bft.designing.without_gold import WithoutGold, dawid_skene, many_classes, one_parameter
from bft.errors import TableError, bad_value
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison, form_of
from bft.validators.model_names import in_one_line
from bft.validators.raw_tables import raw_table
from bft.validators.table_files import listed, named
from bft.validators.table_rows import rows_of, without_faults
from bft.validators.table_values import without_marks

_NEEDED = ("question_id", "model", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """What models answered, in the form in which answers are compared."""

    models: tuple[str, ...]
    """Their names."""
    rows: list[list[str | None]]
    """For each question that all of them were asked the form of each answer; None for nothing."""
    gold: list[str] | None
    """The form of each right answer, where the table has one for every question."""
    notes: tuple[str, ...] = ()
    """What a reader should know: what was left out."""

    @property
    def truth(self) -> tuple[float, ...] | None:
        """Each model's share of right answers, where the right ones are known."""
        if self.gold is None:
            return None
        right = [[said == gold for said in row] for row, gold in zip(self.rows, self.gold, strict=True)]
        return tuple(np.mean(right, axis=0).tolist())


def read_votes(
    file: str | Path,
    models: Sequence[str] | None = None,
    *,
    compare: Comparison = DEFAULT_COMPARISON,
    drop_conflicts: bool = False,
) -> Votes:
    """Read a table with the columns question_id, model and answer; gold may be there, and is only compared with.

    Parameters
    ----------
    file : str or Path
        The table, in any format of `bft.validators.tables`.
    models : sequence of str, optional
        Which models; by default those that were asked nine tenths of the questions.
    compare : str
        When answers are the same.
    drop_conflicts : bool
        Whether questions with two answers of one model, two right answers or an unreadable field are left out, instead
        of being refused.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column or a model, contradicts itself, or the models share no question.
    """
    path, form = Path(file), form_of(compare)
    with raw_table(path, _NEEDED) as table:
        called = {name: named(path, table.header, name) for name in (*_NEEDED, "gold", "status")}
        lacking = next((name for name in _NEEDED if called[name] is None), None)
        if lacking is not None:
            phrase = f"must have {', '.join(_NEEDED)} (found{table.kind}: {listed(table.header)})"
            raise TableError(f"{path}: column {lacking!r} is missing; {phrase}")
        columns = table.columns({name: own for name, own in called.items() if own is not None})
    rows, notes = without_faults(path, rows_of(columns), drop_conflicts=drop_conflicts, gold=False)
    answers, _ = without_marks([row.answer for row in rows])
    said: dict[str, dict[str, str | None]] = {}
    gold: dict[str, str | None] = {}
    for row, answer in zip(rows, answers, strict=True):
        assert row.question is not None  # `without_faults` has found those
        assert row.model is not None
        of = said.setdefault(row.question, {})
        if not row.unknown:
            of[row.model] = None if answer is None else form(answer)
        if row.gold is not None:
            gold[row.question] = form(row.gold)
    asked, left = _asked(path, said, models)
    whole = [question for question, given in said.items() if all(model in given for model in asked)]
    if not whole:
        raise TableError(bad_value("models", list(asked), f"these models share no question in {path}"))
    if len(whole) < len(said):
        notes.append(f"{len(whole)} of the {len(said)} questions have an answer, or none, of all {len(asked)} models")
    known = [gold.get(question) for question in whole]
    return Votes(
        models=asked,
        rows=[[said[question][model] for model in asked] for question in whole],
        gold=None if any(each is None for each in known) else [each for each in known if each is not None],
        notes=(*notes, *left),
    )


def _asked(
    path: Path, said: Mapping[str, Mapping[str, str | None]], models: Sequence[str] | None
) -> tuple[tuple[str, ...], list[str]]:
    """Return which models are looked at, and which are left out because they were asked too little."""
    number = Counter(model for given in said.values() for model in given)
    if models is None:
        least = WELL_COVERED * max(number.values(), default=0)
        few = [model for model, questions in number.items() if questions < least]
        told = [f"left out, for they were asked too few of the questions: {in_one_line(few)}"] if few else []
        return tuple(model for model in number if model not in few), told
    unknown = next((model for model in models if model not in number), None)
    if unknown is not None:
        raise TableError(bad_value("models", unknown, f"is not a model of {path}"))
    repeated = next((model for place, model in enumerate(models) if model in models[:place]), None)
    if repeated is not None:
        raise TableError(bad_value("models", repeated, "named twice: models must differ"))
    return tuple(models), []


def estimates(votes: Votes, *, resamples: int = 100, seed: int = 0) -> dict[str, WithoutGold]:
    """Return the estimates of both models; of confusion matrices only where answers come from few classes."""
    found = {"one_parameter": one_parameter(votes.rows, resamples=resamples, seed=seed)}
    if not many_classes(votes.rows):
        found["dawid_skene"] = dawid_skene(votes.rows, resamples=resamples, seed=seed)
    return found
