"""Names of models in one line, with commas between them; a name that holds one stands in quotes, as in csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from bft.errors import ScenarioError, bad_value


def models_of(words: str) -> list[str]:
    """Return the models that a line names.

    Examples
    --------
    >>> models_of('gpt-x, "llama, tuned",qwen')
    ['gpt-x', 'llama, tuned', 'qwen']
    """
    try:
        rows = list(csv.reader([words], skipinitialspace=True, strict=True))
    except csv.Error as reason:
        raise ScenarioError(bad_value("models", words, f"must be names with commas between them: {reason}")) from None
    return [name.strip() for name in rows[0]] or [""]


def in_one_line(models: Iterable[str]) -> str:
    """Return the line that names models.

    Examples
    --------
    >>> in_one_line(["gpt-x", "llama, tuned", "qwen"])
    'gpt-x, "llama, tuned", qwen'
    """
    return ", ".join(map(_written, models))


def _written(name: str) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="").writerow([name])
    return text.getvalue()
