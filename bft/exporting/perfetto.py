"""The trace format of Chrome and Perfetto: one process for each node, messages as arrows between slices.

References
----------
Google, *Trace Event Format* (the JSON that chrome://tracing and Perfetto read): metadata "M", complete slices "X",
instants "i", flows "s" and "f". Times are in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bft.checking.words import Names, event_words, message_words
from bft.core.events import ViewChangeStarted, ViewEntered
from bft.simulation.journal import Call, Journal, Message, Timer

TRACKS = {"messages": 1, "replica": 2, "view": 3, "validator": 4, "timers": 5}
US_PER_S = 1e6
MESSAGE_US = 1.0
"""Sending and receiving take no time; a viewer needs a slice to draw an arrow from."""

Event = dict[str, Any]


def perfetto(journal: Journal) -> dict[str, Any]:
    """Return the run as a JSON object that Perfetto and chrome://tracing open.

    Parameters
    ----------
    journal : Journal
        Of a run that was asked to keep one.

    Returns
    -------
    dict
        `traceEvents`, in order of time, and `displayTimeUnit`.
    """
    names = Names()
    events = [*_views(journal)]
    for time_s, node, kind, item in journal.log:
        if kind == "send":
            events += _message(item, node, time_s, "send", "s", names)
        elif kind == "arrive":
            events += _message(item, node, time_s, "receive", "f", names)
        elif kind == "report":
            events.append(_instant(node, time_s, event_words(item, names)))
    events += [_call(each, journal.end_s) for each in journal.calls]
    events += [_timer(each, journal.end_s) for each in journal.timers]
    events.sort(key=lambda each: float(each["ts"]))
    return {"traceEvents": [*_titles(journal), *events], "displayTimeUnit": "ms"}


def _titles(journal: Journal) -> Iterator[Event]:
    for node in range(journal.n):
        title = f"node {node}, Byzantine" if node in journal.byzantine else f"node {node}"
        yield _metadata("process_name", node, 0, title)
        for track, number in TRACKS.items():
            yield _metadata("thread_name", node, number, track)


def _metadata(what: str, node: int, track: int, name: str) -> Event:
    return {"ph": "M", "name": what, "pid": node, "tid": track, "args": {"name": name}}


def _slice(track: str, node: int, name: str, start_s: float, length_us: float, **told: object) -> Event:
    return {
        "ph": "X",
        "name": name,
        "cat": track,
        "pid": node,
        "tid": TRACKS[track],
        "ts": start_s * US_PER_S,
        "dur": length_us,
        "args": told,
    }


def _message(message: Message, node: int, time_s: float, what: str, flow: str, names: Names) -> Iterable[Event]:
    """A slice for one end of a message, and the end of its arrow there."""
    peer = message.recipient if what == "send" else message.sender
    words = message_words(message.body, names)
    told = {"message": words, "peer": peer, "number": message.number, "fate": message.fate}
    yield _slice("messages", node, f"{what} {message.kind}", time_s, MESSAGE_US, **told)
    if message.fate != "delivered":
        return  # an arrow needs both its ends
    yield {
        "ph": flow,
        "name": message.kind,
        "cat": "messages",
        "id": message.number,
        "pid": node,
        "tid": TRACKS["messages"],
        "ts": time_s * US_PER_S,
        **({"bp": "e"} if flow == "f" else {}),
    }


def _instant(node: int, time_s: float, words: str) -> Event:
    return {
        "ph": "i",
        "s": "t",
        "name": words,
        "cat": "replica",
        "pid": node,
        "tid": TRACKS["replica"],
        "ts": time_s * US_PER_S,
    }


def _views(journal: Journal) -> Iterator[Event]:
    """What view each node is in, and between views which it waits for."""
    start = dict.fromkeys(range(journal.n), (0.0, "view 0"))
    for time_s, node, kind, event in journal.log:
        if kind == "report" and isinstance(event, ViewEntered | ViewChangeStarted):
            since_s, name = start[node]
            yield _slice("view", node, name, since_s, (time_s - since_s) * US_PER_S)
            start[node] = (
                time_s,
                f"view {event.view}" if isinstance(event, ViewEntered) else f"waits for {event.view}",
            )
    for node, (since_s, name) in start.items():
        yield _slice("view", node, name, since_s, (journal.end_s - since_s) * US_PER_S)


def _call(call: Call, end_s: float) -> Event:
    until_s = end_s if call.said_at_s is None else call.said_at_s
    said = "no answer by the end" if call.said_at_s is None else call.said
    return _slice("validator", call.node, call.kind, call.asked_at_s, (until_s - call.asked_at_s) * US_PER_S, said=said)


def _timer(timer: Timer, end_s: float) -> Event:
    until_s = end_s if timer.ended_at_s is None else timer.ended_at_s
    fate = "fired" if timer.fired else "running at the end" if timer.ended_at_s is None else "stopped"
    return _slice("timers", timer.node, timer.name, timer.set_at_s, (until_s - timer.set_at_s) * US_PER_S, fate=fate)
