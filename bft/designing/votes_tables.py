"""The votes in a table of answers, whether or not it knows the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bft.designing.without_gold import WithoutGold, dawid_skene, many_classes, one_parameter
from bft.errors import TableError, bad_value
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison, form_of
from bft.validators.raw_tables import raw_table
from bft.validators.table_files import listed, named
from bft.validators.table_values import Unreadable, texts_of, without_marks

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

    @property
    def truth(self) -> tuple[float, ...] | None:
        """Each model's share of right answers, where the right ones are known."""
        if self.gold is None:
            return None
        right = [[said == gold for said in row] for row, gold in zip(self.rows, self.gold, strict=True)]
        return tuple(np.mean(right, axis=0).tolist())


def read_votes(
    file: str | Path, models: Sequence[str] | None = None, *, compare: Comparison = DEFAULT_COMPARISON
) -> Votes:
    """Read a table with the columns question_id, model and answer; gold may be there, and is only compared with.

    Parameters
    ----------
    file : str or Path
        The table, in any format of `bft.validators.tables`.
    models : sequence of str, optional
        Which models; by default all.
    compare : str
        When answers are the same.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column or a model, or the models share no question.
    """
    path, form = Path(file), form_of(compare)
    with raw_table(path, _NEEDED) as table:
        called = {name: named(path, table.header, name) for name in (*_NEEDED, "gold")}
        lacking = next((name for name in _NEEDED if called[name] is None), None)
        if lacking is not None:
            phrase = f"must have {', '.join(_NEEDED)} (found{table.kind}: {listed(table.header)})"
            raise TableError(f"{path}: column {lacking!r} is missing; {phrase}")
        columns = table.columns({name: own for name, own in called.items() if own is not None})
    unreadable = next(
        (name for name, fields in columns.items() for each in fields if isinstance(each, Unreadable)), None
    )
    if unreadable is not None:
        raise TableError(f"{path}: column {unreadable!r} has a field that is no text and no number")
    questions, names = ([texts_of(each, None)[0] for each in columns[name]] for name in ("question_id", "model"))
    answers, _ = without_marks([texts_of(None, each)[1] for each in columns["answer"]])
    right = [texts_of(each, None)[0] for each in columns["gold"]] if "gold" in columns else [None] * len(answers)
    asked = tuple(models) if models is not None else tuple(dict.fromkeys(each for each in names if each is not None))
    unknown = next((model for model in asked if model not in names), None)
    if unknown is not None:
        raise TableError(bad_value("models", unknown, f"is not a model of {path}"))
    said: dict[str, dict[str, str | None]] = {}
    gold: dict[str, str | None] = {}
    for question, name, answer, truth in zip(questions, names, answers, right, strict=True):
        if question is not None and name is not None:
            said.setdefault(question, {})[name] = None if answer is None else form(answer)
            gold[question] = None if truth is None else form(truth)
    whole = [question for question, given in said.items() if all(model in given for model in asked)]
    if not whole:
        raise TableError(bad_value("models", list(asked), f"these models share no question in {path}"))
    known = [gold[question] for question in whole]
    return Votes(
        models=asked,
        rows=[[said[question][model] for model in asked] for question in whole],
        gold=None if any(each is None for each in known) else [each for each in known if each is not None],
    )


def estimates(votes: Votes, *, resamples: int = 100, seed: int = 0) -> dict[str, WithoutGold]:
    """Return the estimates of both models; of confusion matrices only where answers come from few classes."""
    found = {"one_parameter": one_parameter(votes.rows, resamples=resamples, seed=seed)}
    if not many_classes(votes.rows):
        found["dawid_skene"] = dawid_skene(votes.rows, resamples=resamples, seed=seed)
    return found
