"""A run as a self-contained page: how it ended, what it cost, a space-time view that zooms and filters, the log."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from bft.errors import BftError
from bft.exporting.entry_words import entry_words
from bft.exporting.html import asset, embedded, facts, page, table
from bft.record.diagram import Arrow, Mark, SpaceTime, Span
from bft.record.diagram_signs import ALARM, AT_WORK, BELOW, OTHER, SIGNS, WORDED, times
from bft.record.folded_time import FoldedTime
from bft.record.outcome import Outcome
from bft.record.words import Words
from bft.simulation.journal import Journal, Message
from bft.simulation.run import Run
from bft.simulation.run_words import address_words, fact_words, fault_words, outcome_words

LOOKS = (
    {"colour": "#0072B2", "dash": ""},
    {"colour": "#B87F00", "dash": "6 3"},
    {"colour": "#444444", "dash": "2 3"},
    {"colour": "#009E73", "dash": "8 3 2 3"},
    {"colour": "#D55E00", "dash": "8 3 2 3 2 3"},
)
"""Of kinds of messages, in the order of a view; of those beyond them, the look of all others."""

WORKING = "validator at work"
LOG_ENTRIES = 3000
"""Rows of the log that are shown at once; the search looks through all."""


def run_report(run: Run) -> str:
    """Return the page of a run.

    Parameters
    ----------
    run : Run
        Run with ``journal=True``.

    Returns
    -------
    str
        HTML that needs nothing beside itself.

    Raises
    ------
    BftError
        If the run kept no journal.
    """
    journal = run.journal
    if journal is None:
        raise BftError("run.journal = None: a report needs a run that kept one: simulate(scenario, seed, journal=True)")
    title = address_words(run)
    return page(f"bft: {title}", _body(run, journal, title))


def _body(run: Run, journal: Journal, title: str) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>"
    yield f'<p class="lead"><span class="verdict {_tone(run.outcome)}">{escape(outcome_words(run))}</span></p>'
    yield facts(_facts(run))
    if run.faults:
        yield "<h2>What each fault did</h2>"
        yield table(_fault_rows(run), head=("node", "behaviour", "what it did"))
    yield "<h2>In space and time</h2>"
    diagram = journal.diagram()
    yield _controls(diagram)
    yield '<svg id="space-time" class="space-time" tabindex="0" role="img" aria-label="space-time diagram"></svg>'
    yield '<p id="shown" role="status"></p>'
    yield "<h2>Messages</h2>"
    yield table(_message_rows(journal), head=("kind", "sent", "delivered", "recipient down", "not delivered"))
    yield "<h2>Log</h2>"
    yield '<input id="search" type="search" placeholder="filter: a node, a kind, a word" aria-label="filter the log">'
    rows = list(_log_rows(journal))
    yield f'<div id="log" class="log">{table(rows[:LOG_ENTRIES], head=("time in s", "node", "what"))}</div>'
    shown = f"{len(rows)} entries" if len(rows) <= LOG_ENTRIES else f"the first {LOG_ENTRIES} of {len(rows)} entries"
    yield f'<p id="found" role="status">{shown}</p>'
    yield f'<script type="application/json" id="rest">{embedded(rows[LOG_ENTRIES:])}</script>'
    yield "<h2>Scenario</h2>"
    yield f"<pre>{escape(run.scenario.to_toml())}</pre>"
    yield f'<script type="application/json" id="diagram">{_data(journal, diagram)}</script>'
    yield f"<script>\n{asset('space_time.js')}</script>"


def _tone(outcome: Outcome) -> str:
    if outcome in (Outcome.AGREED_CORRECT, Outcome.AGREED):
        return "good"
    return "bad" if outcome in (Outcome.SPLIT, Outcome.AGREED_WRONG) else "none"


def _facts(run: Run) -> Iterator[tuple[str, object]]:
    for name, words in fact_words(run).items():
        if name == "broken":
            yield "invariants broken", words or "none"
        elif words:
            yield name, words


def _fault_rows(run: Run) -> Iterator[tuple[object, ...]]:
    for node, told in run.faults.items():
        yield node, told["behaviour"], fault_words(told)


def _message_rows(journal: Journal) -> Iterator[tuple[object, ...]]:
    for kind in dict.fromkeys(each.kind for each in journal.messages):
        fates = [each.fate for each in journal.messages if each.kind == kind]
        yield kind, len(fates), *(fates.count(fate) for fate in ("delivered", "recipient down", "not delivered"))


def _log_rows(journal: Journal) -> Iterator[tuple[str, str, str]]:
    words = Words(journal.protocol)
    for entry in journal.log:
        yield f"{entry.time_s:.6f}", f"node {entry.node}", entry_words(entry, words)


def _controls(diagram: SpaceTime) -> str:
    kinds = list(dict.fromkeys(each.kind for each in diagram.arrows))
    marks = [kind for kind in SIGNS if any(each.kind == kind for each in diagram.marks)]
    work = [WORKING] if any(each.end is not None and each.end > each.start for each in diagram.spans) else []
    messages = "".join(_tick(kind, kind not in diagram.hidden) for kind in kinds)
    return (
        f"<fieldset><legend>messages</legend>{messages}</fieldset>"
        f"<fieldset><legend>what nodes report</legend>{''.join(_tick(kind, True) for kind in marks + work)}</fieldset>"
        '<p><button id="zoom-in">+</button><button id="zoom-out">−</button><button id="zoom-all">all</button>'
        " wheel, + and − zoom; dragging and arrow keys move</p>"
    )


def _tick(kind: str, shown: bool) -> str:
    ticked = " checked" if shown else ""
    return f'<label><input type="checkbox" data-kind="{escape(kind)}"{ticked}> {escape(kind)}</label>'


def _data(journal: Journal, diagram: SpaceTime) -> str:
    """Return what the script draws; times are places on the folded axis already."""
    place = FoldedTime(times(diagram))
    words = Words(journal.protocol)
    marks = [*diagram.marks, *([diagram.breach] if diagram.breach else [])]
    told: dict[str, Any] = {
        "lanes": [{"name": each.name, "honest": each.honest} for each in diagram.lanes],
        "arrows": [
            _arrow(arrow, message, place, words)
            for arrow, message in zip(diagram.arrows, journal.messages, strict=True)
        ],
        "marked": [_mark(each, place) for each in marks],
        "spans": [_span(each, place) for each in diagram.spans if each.end is not None and each.end > each.start],
        "kinds": dict(zip(diagram.phases, LOOKS, strict=False)),
        "other": {"colour": OTHER, "dash": ""},
        "marks": SIGNS,
        "alarm": ALARM,
        "work": AT_WORK,
        "hidden": list(diagram.hidden),
        "corners": place.corners,
        "folds": [(place(start), place(end)) for start, end in place.folds],
        "end": place(place.end) or 1.0,
    }
    return embedded(told)


def _arrow(arrow: Arrow, message: Message, place: FoldedTime, words: Words) -> dict[str, Any]:
    fate = f"arrives at {arrow.received:.6f} s" if arrow.received is not None else message.fate
    says = f"{words.of_message(message.body)}: {arrow.sender} to {arrow.recipient}"
    return {
        "kind": arrow.kind,
        "sender": arrow.sender,
        "recipient": arrow.recipient,
        "sent": place(arrow.sent),
        "received": None if arrow.received is None else place(arrow.received),
        "words": f"{says}, sent at {arrow.sent:.6f} s, {fate}",
    }


def _mark(mark: Mark, place: FoldedTime) -> dict[str, Any]:
    return {
        "kind": mark.kind,
        "lane": mark.lane,
        "at": place(mark.at),
        "time": f"{mark.at:.6f}",
        "words": mark.words,
        "worded": mark.kind in WORDED,
        "below": mark.kind in BELOW,
    }


def _span(span: Span, place: FoldedTime) -> dict[str, Any]:
    assert span.end is not None
    words = f"{span.kind}: {span.words}, {span.end - span.start:.3f} s"
    return {"lane": span.lane, "start": place(span.start), "end": place(span.end), "words": words}
