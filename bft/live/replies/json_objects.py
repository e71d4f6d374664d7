"""A verdict in a reply that is one JSON object."""

from __future__ import annotations

from bft.core.verdict import Verdict
from bft.live.replies.page import Page, json_object
from bft.live.replies.rules import Read
from bft.live.replies.verdicts import word

NAMES = ("verdict", "decision", "judgement", "judgment")


def json_verdict(page: Page) -> Read[Verdict] | None:
    """Return what the object says under one of the names; it may say it under several if it says the same."""
    said = json_object(page)
    if said is None:
        return None
    values = [said[name] for name in NAMES if name in said]
    strict = page.answers_are_verdicts
    verdicts = {word(value, strict=strict) if isinstance(value, str) else None for value in values}
    return Read(verdicts.pop() if len(verdicts) == 1 else None)
