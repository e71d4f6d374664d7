"""Answers of several files as the rows of one table; what does not fit together is dropped, counted and told.

A question is named by its task as well where there are several tasks. Where a model gave several answers to a question
its samples are called `MODEL #1`, `MODEL #2`, as the members of a live panel are that share one model. What a tool
counted as right is written as the right answer, whatever words it had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bft.importing.evidence import Evidence, ImportedAnswer
from bft.validators.canonical import canonical

Repeats: TypeAlias = Literal["first", "samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One table."""

    rows: tuple[dict[str, str | None], ...]
    """Its rows, by column."""
    dropped: Counter[str]
    """Answers that were dropped because they do not fit together, by reason."""
    notes: tuple[str, ...]
    """What else is to be known."""


def gather(files: Sequence[Evidence], *, repeats: Repeats = "first") -> Gathered:
    """Put the answers of files together.

    Parameters
    ----------
    files : sequence of Evidence
        What was read of each.
    repeats : {"first", "samples"}
        What becomes of a second answer of a model to a question: it is dropped, or one more sample.
    """
    dropped: Counter[str] = Counter()
    answers = _named([answer for each in files for answer in each.answers])
    answers = _of_one_question(answers, dropped)
    answers = _once(answers, dropped, repeats)
    several = {answer.model for answer in answers if answer.sample > 1}
    wide = [
        name
        for name in ("category", "n_options", "status")
        if any(getattr(answer, name) is not None for answer in answers)
    ]
    counted: Counter[str] = Counter()
    rows = []
    for answer in answers:
        said = _said(answer, counted)
        row: dict[str, str | None] = {
            "question_id": answer.question,
            "gold": answer.right[0],
            "model": f"{answer.model} #{answer.sample}" if answer.model in several else answer.model,
            "answer": said,
        }
        for name in wide:
            value = getattr(answer, name)
            row[name] = None if value is None else str(value)
        rows.append(row)
    return Gathered(rows=tuple(rows), dropped=dropped, notes=_notes(counted, several))


def _named(answers: list[ImportedAnswer]) -> list[ImportedAnswer]:
    """Put the task before the name of a question, where there are several tasks."""
    if len({answer.task for answer in answers}) < 2:
        return answers
    return [
        replace(answer, question=f"{answer.task}/{answer.question}" if answer.task else answer.question)
        for answer in answers
    ]


def _of_one_question(answers: list[ImportedAnswer], dropped: Counter[str]) -> list[ImportedAnswer]:
    """Drop questions whose rows speak of different ones: other right answers, or another fingerprint."""
    right: dict[str, str | None] = {}
    prints: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for answer in answers:
        if right.setdefault(answer.question, canonical(answer.right[0])) != canonical(answer.right[0]):
            wrong.setdefault(answer.question, "its question has two right answers")
        if answer.fingerprint and prints.setdefault(answer.question, answer.fingerprint) != answer.fingerprint:
            wrong.setdefault(answer.question, "its question is another one under the same name")
    first: dict[str, tuple[str, ...]] = {}
    kept = []
    for answer in answers:
        if answer.question in wrong:
            dropped[wrong[answer.question]] += 1
        else:
            same = first.setdefault(answer.question, answer.right)
            kept.append(replace(answer, right=(same[0], *answer.right)))
    return kept


def _once(answers: list[ImportedAnswer], dropped: Counter[str], repeats: Repeats) -> list[ImportedAnswer]:
    taken: set[tuple[str, str, int]] = set()
    kept = []
    for answer in answers:
        sample = answer.sample
        while repeats == "samples" and (answer.question, answer.model, sample) in taken:
            sample += 1
        key = (answer.question, answer.model, sample)
        if key in taken:
            dropped["a second answer of its model to its question (--repeats samples keeps them apart)"] += 1
            continue
        taken.add(key)
        kept.append(replace(answer, sample=sample))
    return kept


def _said(answer: ImportedAnswer, counted: Counter[str]) -> str | None:
    """Return the answer as it is written in the table."""
    gold = answer.right[0]
    same = answer.answer is not None and any(canonical(answer.answer) == canonical(each) for each in answer.right)
    if answer.correct and not same:
        counted["counted as right by the tool in other words, and written as the right answer"] += 1
        return gold
    if answer.correct is False and same:
        counted["counted as wrong by the tool, though they equal the right answer, and kept as they are"] += 1
        return answer.answer
    return gold if same else answer.answer


def _notes(counted: Counter[str], several: set[str]) -> tuple[str, ...]:
    notes = [f"{number} answers were {what}" for what, number in counted.items()]
    if several:
        names = ", ".join(sorted(several)[:4])
        notes.append(f"{names}: several answers to a question, kept as samples of one model (NAME #1, NAME #2, …)")
    return tuple(notes)
