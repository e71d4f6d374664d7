"""ZeroEval's results: an array of questions with `generator` and `output`, whose texts hold JSON with an `answer`.

A reply that was cut off, or holds no such JSON, gave no answer. Several outputs are several samples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, options_of, right_of, text_of
from bft.importing.request import Request

NAME = "ZeroEval results"
_RIGHT = ("correct_answer", "answer", "solution", "label")
_ANSWER = re.compile(r'"answer"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d[\d.,]*)')


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    value = document.value
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, Mapping) and {"generator", "output"} <= first.keys()


def read(document: Document, request: Request) -> Evidence:
    """Read the answers."""
    evidence = Evidence(file=str(document.file), form=NAME, read=len(document.value))
    for place, row in enumerate(document.value):
        right = next((found for name in _RIGHT if (found := right_of(row.get(name)))), ())
        if not right:
            evidence.drop(f"no right answer ({', '.join(_RIGHT)})")
            continue
        model = request.named(text_of(row.get("generator")), evidence.file)
        outputs = row["output"] if isinstance(row["output"], list) else [row["output"]]
        for sample, output in enumerate(outputs or [None], start=1):
            evidence.answers.append(
                ImportedAnswer(
                    question=str(row.get("id", row.get("session_id", place))),
                    right=right,
                    model=model,
                    answer=_answer(output),
                    task=str(row.get("dataset") or ""),
                    sample=sample,
                    category=text_of(row.get("category") or row.get("subject")),
                    n_options=options_of(row.get("choices")),
                )
            )
    return evidence


def _answer(output: Any) -> str | None:
    """Return the answer in the JSON of a reply; the last, where there are several."""
    found = _ANSWER.findall(output) if isinstance(output, str) else []
    if not found:
        return None
    try:
        return text_of(json.loads(found[-1])) if found[-1].startswith('"') else text_of(found[-1].rstrip(".,"))
    except ValueError:
        return None
