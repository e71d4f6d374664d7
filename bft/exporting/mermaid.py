"""A sequence diagram in Mermaid's words, for documents and tickets: readable for a decision, not for a campaign."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bft.errors import ScenarioError, bad_value
from bft.record.diagram import looks_of, marks_of, sentence
from bft.record.words import Words
from bft.simulation.journal import Entry, Journal

MOST = 200
"""Arrows in a diagram; more than that is not read by anyone."""


def mermaid(journal: Journal, *, most: int = MOST, without: Collection[str] | None = None) -> str:
    """Return the run as a Mermaid sequence diagram.

    Parameters
    ----------
    journal : Journal
        Of a run that was asked to keep one.
    most : int, optional
        Number of messages after which the diagram ends, and says so; at least 1.
    without : collection of str, optional
        Kinds of messages that are left out; by default those that the protocol hides in diagrams.

    Raises
    ------
    ScenarioError
        If `most` is less than 1.
    """
    if most < 1:
        raise ScenarioError(bad_value("most", most, "must be at least 1"))
    lines = ["sequenceDiagram"]
    for node in range(journal.n):
        known_as = f"node {node}, Byzantine" if node in journal.byzantine else f"node {node}"
        lines.append(f"    participant n{node} as {known_as}")
    drawn = 0
    words = Words(journal.protocol)
    without = looks_of(journal.protocol).get("hidden", ()) if without is None else without
    for entry in journal.log:
        if entry.kind in ("send", "arrive") and entry.item.kind not in without:
            arrow = list(_arrow(entry, words))
            if arrow and drawn == most:
                lines.append(f"    Note over n0,n{journal.n - 1}: the first {most} messages, and the run goes on")
                break
            drawn += len(arrow)
            lines += arrow
        elif entry.kind == "report":
            lines += [
                f"    Note over n{entry.node}: {_plain(sentence(mark))}"
                for mark in marks_of(entry.item, entry.node, entry.time_s, words)
            ]
    return "\n".join(lines) + "\n"


def _arrow(entry: Entry, words: Words) -> Iterator[str]:
    """An arrow stands where its message arrives; one that never does, where it is sent."""
    message = entry.item
    digest = getattr(message.body, "digest", None)
    value = f" {words.names.of(digest)}" if isinstance(digest, str) else ""
    if entry.kind == "arrive":
        yield f"    n{message.sender}->>n{message.recipient}: {_plain(message.kind + value)}"
    elif message.fate != "delivered":
        yield f"    n{message.sender}--xn{message.recipient}: {_plain(message.kind + value)} ({message.fate})"


def _plain(words: str) -> str:
    """Return words without what Mermaid would read as its own."""
    return words.translate({ord("#"): "#35;", ord(";"): "#59;", ord("\n"): " "})
