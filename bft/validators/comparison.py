"""When two answers of a table are the same answer: the comparisons that a table may be read with, by name.

| comparison | folds | for |
|---|---|---|
| canonical | white space, case, a full stop, parentheses around it, how numbers are written | short final answers |
| letters | the same, but leaves numbers as they are written | letters of options, words, labels |
| numbers | white space, how numbers are written; case and punctuation stay | calculations, with units or not |
| as_written | nothing | code, formulas, identifiers, versions |

Each is a projection: a form is its own form. So answers are the same iff their forms are equal, and it does not matter
whether an answer was brought into its form before. In every comparison an answer of white space alone is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from bft.errors import ScenarioError, bad_value
from bft.validators.canonical import canonical, plain_words
from bft.validators.written_numbers import number_form

Comparison: TypeAlias = Literal["canonical", "letters", "numbers", "as_written"]
Form: TypeAlias = Callable[[str], str | None]

DEFAULT_COMPARISON: Comparison = "canonical"


def form_of(comparison: str) -> Form:
    """Return what brings an answer into the form that a comparison looks at; the form of no answer is None.

    Raises
    ------
    ScenarioError
        If there is no such comparison.

    Examples
    --------
    >>> [[form_of(name)("(B). ") == form_of(name)("b") for name in COMPARISONS]]
    [[True, True, False, False]]
    >>> [[form_of(name)("1,000") == form_of(name)("1e3") for name in COMPARISONS]]
    [[True, False, True, False]]
    """
    form = COMPARISONS.get(comparison)
    if form is None:
        raise ScenarioError(bad_value("compare", comparison, f"must be one of {', '.join(COMPARISONS)}"))
    return form


def _numbers(answer: str) -> str | None:
    text = " ".join(answer.split())
    return number_form(text) or text or None


def _as_written(answer: str) -> str | None:
    return answer if answer.strip() else None


COMPARISONS: Mapping[str, Form] = {
    "canonical": canonical,
    "letters": plain_words,
    "numbers": _numbers,
    "as_written": _as_written,
}
