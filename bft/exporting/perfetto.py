"""The trace format of Chrome and Perfetto: one process for each node, messages as arrows between slices.

Perfetto drops a slice that overlaps another of its track without lying inside it. So every timer has a track of its
own, calls that overlap stand on several, and the slice at the end of a message is shorter than the time to the next.

References
----------
Google, *Trace Event Format* (the JSON that chrome://tracing and Perfetto read): metadata "M", complete slices "X",
instants "i", flows "s" and "f". Times are in microseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from bft.record.words import Words
from bft.simulation.journal import Call, Journal, Message, Timer

NS_PER_S, US_PER_NS = 1e9, 1e-3  # times are whole nanoseconds, as viewers hold them
MESSAGE_NS = 1000
"""Sending and receiving take no time; a viewer needs a slice to draw an arrow from."""

ORDER = {"messages": 0, "replica": 1, "view": 2, "validator": 3, "timer": 4}
"""Kinds of tracks, from top to bottom."""

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
    words = Words(journal.protocol)
    lengths = _message_lengths(journal)
    slices = [*_views(journal), *(_call(each, journal.end_s) for each in journal.calls)]
    slices += [_timer(each, journal.end_s) for each in journal.timers]
    events = [*_apart(slices)]
    for time_s, node, kind, item in journal.log:
        length = lengths.get((node, _ns(time_s)), 0)
        if kind == "send":
            events += _message(item, node, time_s, length, "send", "s", words)
        elif kind == "arrive":
            events += _message(item, node, time_s, length, "receive", "f", words)
        elif kind == "report":
            events.append(_instant(node, time_s, words.of_event(item)))
    events.sort(key=lambda each: float(each["ts"]))
    return {"traceEvents": [*_titled(journal, events), *events], "displayTimeUnit": "ms"}


def _titled(journal: Journal, events: Iterable[Event]) -> Iterator[Event]:
    """Name nodes and tracks, and number the tracks of each node in the order of their names."""
    tracks = sorted(
        {each["tid"] for each in events}, key=lambda track: (ORDER.get(track.split()[0], len(ORDER)), track)
    )
    for node in range(journal.n):
        title = f"node {node}, Byzantine" if node in journal.byzantine else f"node {node}"
        yield _metadata("process_name", node, 0, title)
        for number, track in enumerate(tracks, 1):
            yield _metadata("thread_name", node, number, track)
    for each in events:
        each["tid"] = 1 + tracks.index(each["tid"])


def _apart(slices: Iterable[Event]) -> Iterator[Event]:
    """Put slices of one track that overlap on tracks of their own, each on the first that is free."""
    free_at: dict[tuple[int, str], list[int]] = {}
    for each in sorted(slices, key=lambda each: (each["ts"], -each["dur"])):
        ends = free_at.setdefault((each["pid"], each["tid"]), [])
        start, end = _ns_of(each["ts"]), _ns_of(each["ts"] + each["dur"])
        place = next((number for number, until in enumerate(ends) if until <= start), len(ends))
        ends[place : place + 1] = [end]
        yield {**each, "tid": each["tid"] if place == 0 else f"{each['tid']} {place + 1}"}


def _message_lengths(journal: Journal) -> dict[tuple[int, int], int]:
    """Return how long the slices of messages are at each node and time, in nanoseconds: never into the next."""
    moments: dict[int, list[int]] = {node: [] for node in range(journal.n)}
    for time_s, node, kind, _ in journal.log:
        if kind in ("send", "arrive"):
            moments[node].append(_ns(time_s))
    lengths = {}
    for node, found in moments.items():
        found.sort()
        for here in found:
            following = bisect_right(found, here)
            gap = found[following] - here if following < len(found) else MESSAGE_NS
            lengths[node, here] = min(MESSAGE_NS, gap)
    return lengths


def _ns(time_s: float) -> int:
    return round(time_s * NS_PER_S)


def _ns_of(time_us: float) -> int:
    return round(time_us / US_PER_NS)


def _metadata(what: str, node: int, track: int, name: str) -> Event:
    return {"ph": "M", "name": what, "pid": node, "tid": track, "args": {"name": name}}


def _slice(track: str, node: int, name: str, start_ns: int, end_ns: int, **told: object) -> Event:
    return {
        "ph": "X",
        "name": name,
        "cat": track.split()[0],
        "pid": node,
        "tid": track,
        "ts": start_ns * US_PER_NS,
        "dur": (end_ns - start_ns) * US_PER_NS,
        "args": told,
    }


def _message(
    message: Message, node: int, time_s: float, length_ns: int, what: str, flow: str, words: Words
) -> Iterable[Event]:
    """A slice for one end of a message, and the end of its arrow there."""
    start_ns = _ns(time_s)
    peer = message.recipient if what == "send" else message.sender
    told = {"message": words.of_message(message.body), "peer": peer, "number": message.number, "fate": message.fate}
    yield _slice("messages", node, f"{what} {message.kind}", start_ns, start_ns + length_ns, **told)
    if message.fate != "delivered":
        return  # an arrow needs both its ends
    yield {
        "ph": flow,
        "name": message.kind,
        "cat": "messages",
        "id": message.number,
        "pid": node,
        "tid": "messages",
        "ts": start_ns * US_PER_NS,
        **({"bp": "e"} if flow == "f" else {}),
    }


def _instant(node: int, time_s: float, words: str) -> Event:
    return {
        "ph": "i",
        "s": "t",
        "name": words,
        "cat": "replica",
        "pid": node,
        "tid": "replica",
        "ts": _ns(time_s) * US_PER_NS,
    }


def _views(journal: Journal) -> Iterator[Event]:
    """What view each node is in, and between views which it waits for."""
    start = dict.fromkeys(range(journal.n), (0.0, "view 0"))
    events = () if journal.protocol is None else journal.protocol.events
    enters = {each.type for each in events if each.enters}
    turns = enters | {each.type for each in events if each.leaves}
    for time_s, node, kind, event in journal.log:
        if kind == "report" and type(event) in turns:
            since_s, name = start[node]
            yield _slice("view", node, name, _ns(since_s), _ns(time_s))
            start[node] = time_s, f"view {event.view}" if type(event) in enters else f"waits for {event.view}"
    for node, (since_s, name) in start.items():
        yield _slice("view", node, name, _ns(since_s), _ns(journal.end_s))


def _call(call: Call, end_s: float) -> Event:
    until_s = end_s if call.said_at_s is None else call.said_at_s
    said = "no answer by the end" if call.said_at_s is None else call.said
    return _slice("validator", call.node, call.kind, _ns(call.asked_at_s), _ns(until_s), said=said)


def _timer(timer: Timer, end_s: float) -> Event:
    until_s = end_s if timer.ended_at_s is None else timer.ended_at_s
    fate = "fired" if timer.fired else "running at the end" if timer.ended_at_s is None else "stopped"
    return _slice(f"timer {timer.name}", timer.node, timer.name, _ns(timer.set_at_s), _ns(until_s), fate=fate)
