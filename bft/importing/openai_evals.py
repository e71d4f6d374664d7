"""OpenAI evals' log: JSON lines, a `spec`, an event each, a final report.

Answers are in events of the type `match`: what was expected, what was picked of it, and whether that is correct. Where
nothing was picked the answer is what was sampled. Further matches of one sample are samples of the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bft.errors import TableError
from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, graded, right_of, text_of
from bft.importing.request import Request

NAME = "OpenAI evals log"


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    rows = [row for row in document.value if isinstance(row, Mapping)] if document.lines else []
    return any("spec" in row for row in rows[:1]) or any(
        {"sample_id", "type", "data"} <= row.keys() for row in rows[:2]
    )


def read(document: Document, request: Request) -> Evidence:
    """Read the answers.

    Raises
    ------
    TableError
        If no event says what was expected.
    """
    rows = [row for row in document.value if isinstance(row, Mapping)]
    spec: Mapping[str, Any] = next((row["spec"] for row in rows if isinstance(row.get("spec"), Mapping)), {})
    events = [row for row in rows if "sample_id" in row and isinstance(row.get("data"), Mapping)]
    matches = [event for event in events if event.get("type") == "match"]
    evidence = Evidence(file=str(document.file), form=NAME, read=len(matches))
    if not matches:
        kinds = ", ".join(sorted({str(event.get("type")) for event in events})) or "none"
        raise TableError(f"{document.file}: no event of the type 'match' says what was expected (found {kinds})")
    functions = spec.get("completion_fns") or [None]
    model = request.named(text_of(functions[0]), evidence.file)
    sampled = {event["sample_id"]: _said(event["data"]) for event in events if event.get("type") == "sampling"}
    seen: Counter[str] = Counter()
    for event in matches:
        data, name = event["data"], str(event["sample_id"])
        right = right_of(data.get("expected"))
        if not right:
            evidence.drop("nothing was expected")
            continue
        seen[name] += 1
        picked = data.get("picked")
        if isinstance(picked, list):
            picked = picked[0] if picked else None
        evidence.answers.append(
            ImportedAnswer(
                question=name,
                right=right,
                model=model,
                answer=text_of(picked) or _said(data) or sampled.get(event["sample_id"]),
                sample=seen[name],
                correct=graded(data.get("correct")),
            )
        )
    return evidence


def _said(data: Mapping[str, object]) -> str | None:
    said = data.get("sampled")
    return text_of(said[0] if isinstance(said, list) and said else said)
