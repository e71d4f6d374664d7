"""Inspect's logs: `.eval`, a ZIP archive of JSON compressed with zstandard, and the same as one JSON file.

A sample's answer is what its scorer took for it, and whether it is right is the scorer's word; of several scorers one
is named. Without a score, the reply itself is the answer. Epochs are samples of one model. A sample that ended in an
error gave nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.errors import TableError
from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, graded, options_of, right_of, text_of, whole_of
from bft.importing.request import Request

NAME = "Inspect log"
_CHOICE = "choice"  # the scorer for which several targets are one answer: all of them


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    value = document.value
    if not isinstance(value, Mapping):
        return False
    if "header.json" in value or "_journal/start.json" in value:
        return True
    return isinstance(value.get("eval"), Mapping) and "status" in value and "model" in value["eval"]


def read(document: Document, request: Request) -> Evidence:
    """Read the answers.

    Raises
    ------
    TableError
        If a scorer must be named, or the log holds no samples.
    """
    header, samples = _parts(document.value)
    told = header.get("eval", {})
    evidence = Evidence(file=str(document.file), form=NAME, read=len(samples))
    if not samples:
        raise TableError(f"{document.file}: holds no samples (status {header.get('status')!r})")
    if header.get("status") not in (None, "success"):
        evidence.notes.append(f"the log's status is {header['status']!r}: it may lack questions")
    scorers = [name for sample in samples for name in (sample.get("scores") or {})]
    scorer = request.choice(evidence.file, "scorer", scorers) if scorers else None
    model = request.named(text_of(told.get("model")), evidence.file)
    for sample in samples:
        score = (sample.get("scores") or {}).get(scorer)
        target = sample.get("target")
        if scorer == _CHOICE and isinstance(target, list):
            target = ", ".join(map(str, target))
        right = right_of(target)
        if not right:
            evidence.drop("no right answer (target)")
            continue
        failed = sample.get("error") is not None
        evidence.answers.append(
            ImportedAnswer(
                question=str(sample.get("id")),
                right=right,
                model=model,
                answer=None if failed else _answer(sample, score),
                task=str(told.get("task") or ""),
                sample=whole_of(sample.get("epoch")) or 1,
                correct=None if failed or score is None else graded(score.get("value")),
                category=text_of(told.get("task")),
                n_options=options_of(sample.get("choices")),
            )
        )
    return evidence


def _parts(value: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Return the header of a log, and its samples."""
    if "eval" in value:
        return value, list(value.get("samples") or [])
    header = value.get("header.json") or value["_journal/start.json"]  # without the former the run was cut off
    return header, [sample for name, sample in value.items() if name.startswith("samples/")]


def _answer(sample: Mapping[str, Any], score: Mapping[str, Any] | None) -> str | None:
    if score is not None:
        return text_of(score.get("answer"))
    choices = (sample.get("output") or {}).get("choices") or []
    content = (choices[0].get("message") or {}).get("content") if choices else None
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return text_of(content)
