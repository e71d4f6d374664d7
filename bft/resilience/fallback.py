"""Fallback: levels from the best to the last resort, each with its own retries and breaker.

The primary model, a cheaper one, the same one with a simpler prompt, an old answer from the cache, a default: each is
a level, and the first that answers wins. The answer's provenance names the level and says why the earlier ones
failed; a permanent failure ends the descent, for the query itself is at fault (`classification` says which those are).
Which levels there are is left to `pipeline`.

Notes: `failed` (a level, and why), `answered` (a level, and the source).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bft.resilience.classification import treatment
from bft.resilience.effects import Handler, Note, Program
from bft.resilience.exchange import Answer, Provenance, Query, Result, Source

Transform: TypeAlias = Callable[[str], str]

SIMPLE_CHARS = 2000
GAP = " … "


def unchanged(prompt: str) -> str:
    """Return the prompt as it is."""
    return prompt


def simplify(prompt: str) -> str:
    r"""Return a shorter prompt with the same beginning and end: the self-healing agent's second try.

    White space is collapsed. Of what exceeds `SIMPLE_CHARS` characters the middle is left out, for instructions stand
    at the beginning of a prompt and the question at its end.

    Examples
    --------
    >>> simplify("Answer   with one letter.\n\n\nWhich?")
    'Answer with one letter. Which?'
    """
    words = re.sub(r"\s+", " ", prompt).strip()
    if len(words) <= SIMPLE_CHARS:
        return words
    half = (SIMPLE_CHARS - len(GAP)) // 2
    return f"{words[:half].rstrip()}{GAP}{words[-half:].lstrip()}"


TRANSFORMS: Mapping[str, Transform] = {"unchanged": unchanged, "simplify": simplify}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One level, ready to run.

    Attributes
    ----------
    name : str
        For provenance and counters.
    handler : Handler
        Tries to answer; with its own policies inside.
    model : str or None
        Asked instead of the query's model.
    transform : callable
        Applied to the prompt.
    """

    name: str
    handler: Handler
    model: str | None = None
    transform: Transform = unchanged

    def query(self, query: Query) -> Query:
        """Return what this level asks."""
        model = query.model if self.model is None else self.model
        prompt = self.transform(query.prompt)
        return query if (model, prompt) == (query.model, query.prompt) else replace(query, model=model, prompt=prompt)


def descending(steps: Sequence[Step]) -> Handler:
    """Try the levels in order."""

    def handle(query: Query) -> Program[Result]:
        attempts = 0
        reasons: list[str] = []
        for rank, step in enumerate(steps):
            asked = step.query(query)
            result = yield from step.handler(asked)
            attempts += result.attempts
            if isinstance(result, Answer):
                provenance = _provenance(result.provenance, rank, step, asked, query, tuple(reasons))
                yield Note(policy="fallback", action="answered", level=step.name, reason=provenance.source.value)
                # `replace` takes ten times as long, and this is done for every answer of a run.
                return Answer(text=result.text, attempts=attempts, provenance=provenance, readable=result.readable)
            yield Note(policy="fallback", action="failed", level=step.name, reason=result.reason)
            reasons.append(f"{step.name}: {result.reason}")
            if rank == len(steps) - 1 or not treatment(result).falls_back:
                return replace(result, attempts=attempts)
        raise AssertionError("there is at least one level")

    return handle


def _provenance(
    found: Provenance, rank: int, step: Step, asked: Query, query: Query, reasons: tuple[str, ...]
) -> Provenance:
    """Say where an answer is from; of a text that no model wrote just now, the handler knows model and age."""
    if found.source is not Source.MODEL:
        return replace(found, level=step.name, rank=rank, reasons=reasons)
    transformed = asked.prompt != query.prompt
    return Provenance(level=step.name, rank=rank, model=asked.model, transformed=transformed, reasons=reasons)


def saying(text: str) -> Handler:
    """Answer every query with the same text: the last resort."""

    def handle(_: Query) -> Program[Result]:
        yield from ()  # a generator, like every handler
        return Answer(text=text, attempts=0, provenance=Provenance(source=Source.DEFAULT))

    return handle
