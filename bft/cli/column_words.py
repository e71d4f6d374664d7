"""What a file calls its columns, as it is written on the command line."""

from __future__ import annotations

from bft.errors import ScenarioError, bad_value


def columns_of(words: str | None) -> dict[str, str]:
    """Read what a file calls its columns: gold=answer,answer=pred.

    Raises `ScenarioError` if it is no list of pairs, or a name stands there twice.
    """
    found: dict[str, str] = {}
    for pair in (words or "").split(","):
        if not pair.strip():
            continue
        name, equals, called = (part.strip() for part in pair.partition("="))
        if not (name and equals and called):
            raise ScenarioError(bad_value("columns", words, "must be a list such as gold=answer,answer=pred"))
        if name in found:
            raise ScenarioError(bad_value("columns", words, f"must name {name} once"))
        found[name] = called
    return found
