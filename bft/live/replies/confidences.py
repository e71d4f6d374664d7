"""How sure a model says it is: the last line that tells."""

from __future__ import annotations

import re

from bft.live.replies.labels import Label, plain
from bft.live.replies.page import Page, json_object
from bft.live.replies.rules import Read, Rule

CONFIDENCE = Label.of(("confidence level", "confidence score", "confidence"), bare=True)
_NUMBER = re.compile(r"([0-9]{1,3}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})\s{0,3}(%|percent)?\.?", re.ASCII)


def _from_json(page: Page) -> Read[float] | None:
    said = json_object(page)
    if said is None or "confidence" not in said:
        return None
    value = said["confidence"]
    if isinstance(value, str):
        return Read(_share(value))
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 1.0
    return Read(float(value) if fits and isinstance(value, int | float) else None)


def _last_line(page: Page) -> Read[float] | None:
    for line in reversed(page.lines):
        value = None if line.quoted else CONFIDENCE.value(line.text)
        if value is not None:
            return Read(_share(value))
    return None


CONFIDENCE_RULES: tuple[Rule[float], ...] = (Rule("a JSON object", _from_json), Rule("the last label", _last_line))


def _share(value: str) -> float | None:
    found = _NUMBER.fullmatch(plain(value[:40])) if len(value) <= 40 else None
    if found is None:
        return None
    number = float(found[1]) / (100.0 if found[2] else 1.0)
    return number if 0.0 <= number <= 1.0 else None
