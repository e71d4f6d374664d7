"""The record of a live panel or of a survey of this project: what each member answered by itself.

Answers that nobody knows, because their calls were cancelled or never made, are kept and marked.
"""

from __future__ import annotations

from collections.abc import Mapping

from bft.errors import TableError
from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, right_of
from bft.importing.request import Request
from bft.validators.panel_record import read_record

NAME = "record of a live panel"


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    first = document.value[0] if document.lines and document.value else None
    return isinstance(first, Mapping) and {"version", "record", "question"} <= first.keys()


def read(document: Document, request: Request) -> Evidence:
    """Read the answers of all members of all panels of the record.

    Raises
    ------
    TableError
        If a model is named: members have their own names; or if it cannot be read.
    """
    if request.model is not None:
        raise TableError(f"{document.file}: names its members itself; --model has no place here")
    record = read_record(document.file)
    evidence = Evidence(file=str(document.file), form=NAME)
    if record.unfinished:
        evidence.notes.append(f"{record.unfinished} questions never ended and are left out")
    for question in record.questions:
        right = () if question.gold is None else right_of(question.gold)
        for node, member in enumerate(question.models):
            evidence.read += 1
            if not right:
                evidence.drop("no right answer (gold)")
                continue
            evidence.answers.append(
                ImportedAnswer(
                    question=question.id,
                    right=right,
                    model=member,
                    answer=question.own_answer(node),
                    status=question.own_status(node),
                )
            )
    return evidence
