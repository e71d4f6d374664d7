"""The trace format of Chrome and Perfetto, by its rules."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

import bft
from bft.exporting.perfetto import perfetto


@pytest.fixture(scope="module", params=[0, 1, 2])
def events(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    scenario = bft.Scenario(
        n=4,
        faults={"nodes": [0], "behaviour": "silent_primary"},
        validators={"kind": "statistical", "latency": {}},
        network={"loss": 0.1},
    )
    journal = bft.simulate(scenario, request.param, journal=True).journal
    assert journal is not None
    read: dict[str, Any] = json.loads(json.dumps(perfetto(journal)))
    assert read["displayTimeUnit"] == "ms"
    found: list[dict[str, Any]] = read["traceEvents"]
    return found


def test_every_event_has_what_its_phase_needs(events: list[dict[str, Any]]) -> None:
    needs = {"M": {"args"}, "X": {"ts", "dur", "cat"}, "i": {"ts", "s"}, "s": {"ts", "id"}, "f": {"ts", "id", "bp"}}
    for each in events:
        assert {"name", "pid", "tid"} | needs[each["ph"]] <= set(each)
        assert each.get("dur", 0) >= 0
        assert each.get("ts", 0) >= 0
    assert {each["ph"] for each in events} == set(needs)


def test_every_track_is_named(events: list[dict[str, Any]]) -> None:
    named = {(each["pid"], each["tid"]) for each in events if each["ph"] == "M" and each["name"] == "thread_name"}
    assert {(each["pid"], each["tid"]) for each in events if each["ph"] != "M"} <= named
    titles = [each["args"]["name"] for each in events if each["name"] == "process_name"]
    assert titles == ["node 0, Byzantine", "node 1", "node 2", "node 3"]


def test_every_arrow_has_two_ends_each_in_a_slice(events: list[dict[str, Any]]) -> None:
    ends = Counter((each["id"], each["ph"]) for each in events if each["ph"] in "sf")
    assert set(ends.values()) == {1}
    assert {number for number, phase in ends if phase == "s"} == {number for number, phase in ends if phase == "f"}
    slices = {(each["pid"], each["tid"], each["ts"]) for each in events if each["ph"] == "X"}
    assert all((each["pid"], each["tid"], each["ts"]) in slices for each in events if each["ph"] in "sf")
    start = {each["id"]: each["ts"] for each in events if each["ph"] == "s"}
    assert all(each["ts"] > start[each["id"]] for each in events if each["ph"] == "f")


def test_times_rise(events: list[dict[str, Any]]) -> None:
    times = [each["ts"] for each in events if each["ph"] != "M"]
    assert times == sorted(times)


def test_views_fill_the_time_of_every_node(events: list[dict[str, Any]]) -> None:
    for node in range(4):
        views = [each for each in events if each["ph"] == "X" and each["cat"] == "view" and each["pid"] == node]
        assert views[0]["ts"] == 0
        for one, following in pairwise(views):
            assert one["ts"] + one["dur"] == pytest.approx(following["ts"])
    assert any(each["name"] == "view 1" for each in events)


def overlaps(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return pairs of slices of one track of which neither contains the other, in whole nanoseconds."""
    tracks: dict[tuple[int, int], list[tuple[int, int, str]]] = {}
    for each in events:
        if each["ph"] == "X":
            start, length = round(each["ts"] * 1000), round(each["dur"] * 1000)
            tracks.setdefault((each["pid"], each["tid"]), []).append((start, -(start + length), each["name"]))
    found = []
    for slices in tracks.values():
        opened: list[tuple[int, str]] = []
        for start, negative_end, name in sorted(slices):
            opened = [(end, other) for end, other in opened if end > start]
            found += [(other, name) for end, other in opened if end < -negative_end]
            opened.append((-negative_end, name))
    return found


def test_the_checker_sees_an_overlap() -> None:
    def piece(start: float, length: float) -> dict[str, Any]:
        return {"ph": "X", "name": f"{start:g}", "pid": 0, "tid": 1, "ts": start, "dur": length}

    assert overlaps([piece(0, 2), piece(1, 2)]) == [("0", "1")]
    assert overlaps([piece(0, 2), piece(1, 1), piece(2, 1), piece(2, 1)]) == []


def test_no_slice_overlaps_another_without_lying_inside_it(events: list[dict[str, Any]]) -> None:
    """Perfetto drops those that do."""
    assert overlaps(events) == []
    assert all(each["dur"] > 0 for each in events if each["ph"] == "X" and each["cat"] == "messages")


def test_messages_within_a_microsecond_and_calls_at_the_same_time_are_all_kept() -> None:
    scenario = bft.Scenario(
        n=7,
        requests={"count": 30, "rate_per_s": 200},
        validators={"kind": "statistical", "latency": {}},
        network={"delay": {"law": "uniform", "low_s": 0.0, "high_s": 2e-5}},
    )
    journal = bft.simulate(scenario, 1, journal=True).journal
    assert journal is not None
    made = perfetto(journal)["traceEvents"]
    assert overlaps(made) == []
    slices = Counter(each["cat"] for each in made if each["ph"] == "X")
    assert slices["validator"] == len(journal.calls)
    assert slices["timer"] == len(journal.timers)
    tracks = {each["args"]["name"] for each in made if each["name"] == "thread_name"}
    assert {"messages", "replica", "view", "validator", "validator 2", "timer view", "timer status"} <= tracks
