"""A log with vector clocks: read by the regular expression that ShiViz uses, and by the laws of vector clocks."""

from __future__ import annotations

import json
import re

import pytest

import bft
from bft.exporting.shiviz import PARSER, shiviz

Clock = dict[str, int]


def read(seed: int) -> tuple[bft.Run, list[tuple[str, Clock, str]]]:
    scenario = bft.Scenario(
        n=4,
        faults={"nodes": [0], "behaviour": "equivocate"},
        validators={"kind": "statistical"},
        network={"loss": 0.1, "duplication": 0.1},
    )
    run = bft.simulate(scenario, seed, journal=True)
    assert run.journal is not None
    pattern = re.compile(PARSER.replace("(?<", "(?P<"), re.MULTILINE)
    text = shiviz(run.journal)
    found = [(each["host"], json.loads(each["clock"]), each["event"]) for each in pattern.finditer(text)]
    assert len(text.splitlines()) == 2 * len(found)
    return run, found


@pytest.mark.parametrize("seed", range(4))
def test_each_host_counts_its_own_events_and_forgets_nothing(seed: int) -> None:
    _, events = read(seed)
    last: dict[str, Clock] = {}
    for host, clock, _ in events:
        before = last.get(host, {})
        assert clock[host] == before.get(host, 0) + 1
        assert all(clock[other] >= count for other, count in before.items())
        last[host] = clock
    assert set(last) == {"node-0", "node-1", "node-2", "node-3"}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_received_was_sent_before_in_the_eyes_of_the_clocks(seed: int) -> None:
    _, events = read(seed)
    sent: dict[tuple[str, str], list[Clock]] = {}
    received = 0
    for host, clock, words in events:
        _, _, what = words.partition(": ")
        if what.startswith("sends "):
            sent.setdefault((host, what.removeprefix("sends ")), []).append(clock)
        elif what.startswith("receives "):
            received += 1
            body, _, sender = what.removeprefix("receives ").rpartition(" from ")
            clocks = sent[f"node-{sender}", body]
            assert any(all(clock.get(each, 0) >= count for each, count in stamp.items()) for stamp in clocks)
    assert received > 20


def test_concurrent_events_have_clocks_that_do_not_compare() -> None:
    _, events = read(0)
    accepted = [(host, clock) for host, clock, words in events if " accepts " in words][:2]
    (one, first), (other, second) = accepted
    assert one != other
    assert first[one] > second.get(one, 0)
    assert second[other] > first.get(other, 0)


@pytest.mark.parametrize("seed", range(10))
def test_a_reader_that_takes_the_line_of_the_event_first_reads_every_event(seed: int) -> None:
    """An independent reading of what ShiViz does by default: pairs of lines, the second a host and a JSON object."""
    journal = bft.simulate(bft.Scenario(n=4, network={"loss": 0.05}), seed, journal=True).journal
    assert journal is not None
    lines = shiviz(journal).split("\n")
    assert lines.pop() == ""
    assert len(lines) % 2 == 0
    for event, stamp in zip(lines[::2], lines[1::2], strict=True):
        host, _, clock = stamp.partition(" ")
        counts = json.loads(clock)
        assert counts[host] >= 1
        assert all(name.startswith("node-") and type(count) is int for name, count in counts.items())
        assert re.match(r"\d+\.\d{6} s: ", event)
