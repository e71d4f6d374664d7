"""promptfoo's results: `promptfoo eval --output results.json`.

A question is a set of variables; its right answer is the value of an assertion that compares texts. Whether an answer
is right is promptfoo's word. A provider with several prompts counts as several models; repeats are samples.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, graded, right_of, text_of
from bft.importing.request import Request

NAME = "promptfoo results"
_COMPARING = ("equals", "contains", "icontains", "starts-with")


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    rows = _rows(document.value)
    return bool(rows) and isinstance(rows[0], Mapping) and {"provider", "vars"} <= rows[0].keys()


def read(document: Document, request: Request) -> Evidence:
    """Read the answers."""
    rows = _rows(document.value)
    evidence = Evidence(file=str(document.file), form=NAME, read=len(rows))
    prompts: dict[str, dict[str, None]] = {}
    for row in rows:
        prompts.setdefault(_provider(row), {})[_prompt(row)] = None
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        right = _right(row)
        if not right:
            evidence.drop(f"no assertion names a right answer ({', '.join(_COMPARING)})")
            continue
        provider = _provider(row)
        known = provider or None
        if known is not None and len(prompts[provider]) > 1:
            known = f"{provider}, prompt {list(prompts[provider]).index(_prompt(row)) + 1}"
        model, question = request.named(known, evidence.file), _question(row.get("vars"))
        seen[model, question] += 1
        output = (row.get("response") or {}).get("output")
        evidence.answers.append(
            ImportedAnswer(
                question=question,
                right=right,
                model=model,
                answer=text_of(json.dumps(output) if isinstance(output, dict | list) else output),
                sample=seen[model, question],
                correct=None if row.get("error") else graded(row.get("success")),
            )
        )
    return evidence


def _rows(value: Any) -> list[Any]:
    results = value.get("results") if isinstance(value, Mapping) else None
    rows = results.get("results") if isinstance(results, Mapping) else results
    return rows if isinstance(rows, list) else []


def _provider(row: Mapping[str, Any]) -> str:
    given = row["provider"]
    return str((given.get("label") or given.get("id") or "") if isinstance(given, Mapping) else given)


def _prompt(row: Mapping[str, Any]) -> str:
    given = row.get("prompt")
    told = given.get("label") or given.get("raw") if isinstance(given, Mapping) else given
    index = row.get("promptIdx")
    return str(told if index is None else index)


def _question(variables: Any) -> str:
    values = list(variables.values()) if isinstance(variables, Mapping) else [variables]
    if len(values) == 1 and (text := text_of(values[0])) is not None:
        return text
    return json.dumps(variables, sort_keys=True, ensure_ascii=False)


def _right(row: Mapping[str, Any]) -> tuple[str, ...]:
    test = row.get("testCase")
    asserted = test.get("assert") if isinstance(test, Mapping) else None
    named = [
        each.get("value")
        for each in asserted or []
        if isinstance(each, Mapping) and each.get("type") in _COMPARING and each.get("value") is not None
    ]
    return right_of(named[0]) if named else ()
