"""HELM's `scenario_state.json`: what was asked of a model, and what it completed.

Where options carry letters (`output_mapping`), the answer is the letter that was written, and the right one the letter
of the reference tagged correct. Where each option was asked about by itself, the answer is the option with the largest
log-probability. Further trials are samples; perturbed copies of a question are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.importing.documents import Document
from bft.importing.evidence import Evidence, ImportedAnswer, options_of, right_of, text_of, whole_of
from bft.importing.request import Request

NAME = "HELM scenario state"


def recognises(document: Document) -> bool:
    """Return whether a document has this form."""
    value = document.value
    return isinstance(value, Mapping) and isinstance(value.get("request_states"), list) and "adapter_spec" in value


def read(document: Document, request: Request) -> Evidence:
    """Read the answers."""
    spec, states = document.value["adapter_spec"], document.value["request_states"]
    evidence = Evidence(file=str(document.file), form=NAME, read=len(states))
    model = request.named(text_of(spec.get("model") or spec.get("model_deployment")), evidence.file)
    separate: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for state in states:
        instance = state["instance"]
        if instance.get("perturbation") is not None:
            evidence.drop("a perturbed copy of a question")
        elif state.get("request_mode") == "calibration":
            evidence.drop("a request for calibration")
        elif state.get("reference_index") is not None:
            separate.setdefault((str(instance.get("id")), _trial(state)), []).append(state)
        else:
            _keep(evidence, state, model, *_written(state))
    for options in separate.values():
        _keep(evidence, options[0], model, *_likeliest(options))
    return evidence


def _keep(evidence: Evidence, state: Mapping[str, Any], model: str, right: tuple[str, ...], answer: str | None) -> None:
    if not right:
        evidence.drop("no reference is tagged correct")
        return
    evidence.answers.append(
        ImportedAnswer(
            question=str(state["instance"].get("id")),
            right=right,
            model=model,
            answer=answer,
            sample=_trial(state) + 1,
            n_options=options_of(state["instance"].get("references")) if state.get("output_mapping") else None,
        )
    )


def _trial(state: Mapping[str, Any]) -> int:
    return whole_of(state.get("train_trial_index")) or 0


def _correct_texts(state: Mapping[str, Any]) -> list[Any]:
    references = state["instance"].get("references") or []
    return [each["output"]["text"] for each in references if "correct" in (each.get("tags") or [])]


def _written(state: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """Return the right answers and the given one, as letters where options have them."""
    completions = (state.get("result") or {}).get("completions") or []
    said = text_of(completions[0].get("text")) if completions else None
    correct, mapping = _correct_texts(state), state.get("output_mapping") or {}
    letters = [letter for letter, text in mapping.items() if text in correct]
    return right_of(letters or correct), said


def _likeliest(options: list[Mapping[str, Any]]) -> tuple[tuple[str, ...], str | None]:
    """Return the numbers of the right options, and that of the option that was given the largest log-probability."""
    correct = _correct_texts(options[0])
    references = options[0]["instance"].get("references") or []
    right = [str(place) for place, each in enumerate(references) if each["output"]["text"] in correct]
    likely = {
        state["reference_index"]: float(completions[0]["logprob"])
        for state in options
        if (completions := (state.get("result") or {}).get("completions"))
    }
    best = max(likely, key=lambda place: likely[place], default=None)
    return right_of(right), None if best is None else str(best)
