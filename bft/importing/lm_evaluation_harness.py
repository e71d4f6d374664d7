"""EleutherAI's lm-evaluation-harness: `samples_TASK_TIME.jsonl`, written with `--log_samples`.

One line a question and filter. Multiple choice: the answer is the option with the largest of the filtered
log-likelihoods, which are strings, and the right one is an index or the option's text. Generation: what the filter
left, `[invalid]` where that is nothing; several texts are several samples. The model stands in `results_TIME.json`
beside the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

from bft.errors import TableError, bad_value
from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, graded, right_of, text_of
from bft.importing.request import Request

NAME = "lm-evaluation-harness samples"
_FILE = re.compile(r"samples_(?P<task>.+?)_(?P<time>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl", re.ASCII)
_GRADES = ("exact_match", "acc", "em")


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    first = document.value[0] if document.lines and document.value else None
    return isinstance(first, Mapping) and {"doc_id", "target", "filtered_resps"} <= first.keys()


def read(document: Document, request: Request) -> Evidence:
    """Read the answers.

    Raises
    ------
    TableError
        If a filter must be named, or the model is not known.
    """
    named = _FILE.search(document.name)
    task = named["task"] if named else ""
    evidence = Evidence(file=str(document.file), form=NAME, read=len(document.value))
    chosen = request.choice(evidence.file, "filter", [str(row.get("filter", "none")) for row in document.value])
    model = request.model or _model(document.file, named["time"] if named else None)
    for row in document.value:
        if str(row.get("filter", "none")) != chosen:
            evidence.drop(f"another filter than {chosen!r}")
            continue
        answers, right, options = _answers(row)
        if not right:
            evidence.drop("no single right answer")
            continue
        correct = _correct(row) if len(answers) == 1 else None
        for sample, answer in enumerate(answers, start=1):
            evidence.answers.append(
                ImportedAnswer(
                    question=str(row["doc_id"]),
                    right=right,
                    model=model,
                    answer=answer,
                    task=task,
                    sample=sample,
                    correct=correct,
                    category=task or None,
                    n_options=options,
                    fingerprint=str(row.get("doc_hash", "")),
                )
            )
    return evidence


def _answers(row: Mapping[str, Any]) -> tuple[list[str | None], tuple[str, ...], int | None]:
    """Return the samples of a row, the right answers, and the number of options."""
    given = row["filtered_resps"]
    likelihoods = _likelihoods(given)
    if likelihoods is None:
        texts = given[0] if isinstance(given, list) and len(given) == 1 and isinstance(given[0], list) else given
        listed = texts if isinstance(texts, list) else [texts]
        return [text_of(text) for text in listed], right_of(row["target"]), None
    known = [place for place, value in enumerate(likelihoods) if not isnan(value)]
    best = max(known, key=lambda place: likelihoods[place], default=None)  # of equal ones the first
    right = _index(row, len(likelihoods))
    return [None if best is None else str(best)], () if right is None else (str(right),), len(likelihoods)


def _likelihoods(given: Any) -> list[float] | None:
    """Return the log-likelihoods of the options; None where the answer was generated."""
    if not isinstance(given, list) or len(given) < 2:
        return None
    found = []
    for each in given:
        pair = each[0] if isinstance(each, list) and len(each) == 1 else each
        if not isinstance(pair, list) or len(pair) != 2 or str(pair[1]) not in ("True", "False"):
            return None
        try:
            found.append(float(pair[0]))
        except (TypeError, ValueError):
            return None
    return found


def _index(row: Mapping[str, Any], options: int) -> int | None:
    """Return which option is right, from an index or an option's text; None where that is not one."""
    target = str(row["target"]).strip()
    if target.isdecimal():
        return int(target) if int(target) < options else None
    texts = [text.strip() for text in _continuations(row)[:options]]
    return texts.index(target) if texts.count(target) == 1 else None


def _continuations(row: Mapping[str, Any]) -> list[str]:
    arguments = row.get("arguments")
    if isinstance(arguments, Mapping):
        return [str(each.get("arg_1", "")) for each in arguments.values() if isinstance(each, Mapping)]
    if isinstance(arguments, Sequence):
        return [str(each[1]) for each in arguments if isinstance(each, list) and len(each) > 1]
    return []


def _correct(row: Mapping[str, Any]) -> bool | None:
    return next((graded(row[name]) for name in _GRADES if name in row), None)


def _model(file: Path, time: str | None) -> str:
    """Return the model of the results that were written beside the samples."""
    found = sorted(file.parent.glob(f"results_{time}.json" if time else "results_*.json"))
    names = {name for each in found if (name := _named_in(each)) is not None}
    if len(names) == 1:
        return names.pop()
    why = "results file beside it names it" if not names else f"of several is meant: {', '.join(sorted(names))}"
    raise TableError(bad_value("model", None, f"must be given with --model: no {why} ({file})"))


def _named_in(file: Path) -> str | None:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, Mapping):
        return None
    name = told.get("model_name") or (told.get("config") or {}).get("model_args") or told.get("model_source")
    return name if isinstance(name, str) and name else None
