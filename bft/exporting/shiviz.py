"""A log with vector clocks, as ShiViz reads it: two lines an event, what happened, and the host with its clock.

References
----------
Beschastnikh, Wang, Brun & Ernst, *Debugging distributed systems*, CACM 59(8), 2016. Fidge 1988 and Mattern 1989
(vector clocks).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from bft.exporting.entry_words import entry_words
from bft.record.words import Words
from bft.simulation.journal import Entry, Journal

PARSER = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"
"""The regular expression that ShiViz parses logs with unless it is given another: the line of the event comes first."""


def shiviz(journal: Journal) -> str:
    """Return the run as a log whose vector clocks say what could have caused what.

    A broadcast is one event of its sender. Messages that never arrived are sent, and that is all.
    """
    return "".join(f"{event}\n{host} {json.dumps(clock)}\n" for host, clock, event in clocked(journal))


def clocked(journal: Journal) -> Iterator[tuple[str, dict[str, int], str]]:
    """Return host, vector clock and words of every event, each after all that could have caused it."""
    hosts = [f"node-{node}" for node in range(journal.n)]
    clocks: list[dict[str, int]] = [{} for _ in hosts]
    stamps: dict[int, dict[str, int]] = {}
    words = Words(journal.protocol)
    last: Entry | None = None
    for entry in journal.log:
        node = entry.node
        clock = clocks[node]
        if _same_broadcast(last, entry):
            stamps[entry.item.number] = dict(clock)
            continue
        last = entry
        if entry.kind == "arrive":
            for host, count in stamps[entry.item.number].items():
                clock[host] = max(clock.get(host, 0), count)
        clock[hosts[node]] = clock.get(hosts[node], 0) + 1
        if entry.kind == "send":
            stamps[entry.item.number] = dict(clock)
        told = " ".join(_told(entry, words).splitlines())  # an event is one line
        yield hosts[node], dict(sorted(clock.items())), f"{entry.time_s:.6f} s: {told}"


def _same_broadcast(last: Entry | None, entry: Entry) -> bool:
    return (
        last is not None
        and last.kind == entry.kind == "send"
        and (last.node, last.time_s) == (entry.node, entry.time_s)
        and last.item.body is entry.item.body
    )


def _told(entry: Entry, words: Words) -> str:
    """Return a happening in words; a broadcast is told once, not to whom."""
    return f"sends {words.of_message(entry.item.body)}" if entry.kind == "send" else entry_words(entry, words)
