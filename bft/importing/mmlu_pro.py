"""MMLU-Pro's results: an array of questions with `answer`, `pred` and `options`.

The model stands in the name of the file (`model_outputs_MODEL_5shots.json`), or is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, options_of, right_of, text_of
from bft.importing.request import Request

NAME = "MMLU-Pro results"
_FILE = re.compile(r"model_outputs_(?P<model>.+?)(_\d+shots?)?\.json", re.ASCII)


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    value = document.value
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, Mapping) and {"question_id", "answer", "pred", "options"} <= first.keys()


def read(document: Document, request: Request) -> Evidence:
    """Read the answers."""
    evidence = Evidence(file=str(document.file), form=NAME, read=len(document.value))
    named = _FILE.search(document.name)
    model = request.named(named["model"] if named else None, evidence.file)
    for row in document.value:
        right = right_of(row.get("answer"))
        if not right:
            evidence.drop("no right answer (answer)")
            continue
        evidence.answers.append(
            ImportedAnswer(
                question=str(row["question_id"]),
                right=right,
                model=model,
                answer=text_of(row.get("pred")),
                category=text_of(row.get("category")),
                n_options=options_of(row.get("options")),
            )
        )
    return evidence
