"""Panels that are asked for months: flat memory, and nothing that matters is forgotten."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from typing import Any

import pytest

import bft
from bft.randomness import Randomness
from bft.validators import composed
from bft.validators.composed import QUESTIONS_HELD
from bft.validators.panel import Panel
from bft.validators.settings import StatisticalValidators

PANELS: dict[str, dict[str, Any]] = {
    "independent": {"accuracy": 0.9},
    "beta-binomial": {"accuracy": 0.9, "missing": 0.01, "errors": {"kind": "beta_binomial", "correlation": 0.2}},
    "copula": {},
    "judges": {"accuracy": 0.9, "check": {"kind": "judge"}},
    "debates": {"accuracy": 0.7, "debate": {"rounds": 1}, "latency": {}},
}
NODES = 4
HELD = 64
BYTES_PER_QUESTION = 64
"""Less than a single answer of a single node takes, and more than tables of changing size are apart."""


def panel_of(name: str) -> Panel:
    return StatisticalValidators(**PANELS[name]).model(NODES).panel(Randomness(1), 0)


def ask(panel: Panel, question: int) -> list[object]:
    answers = [panel.propose(node, question).answer for node in range(NODES)]
    verdicts = [panel.judge(node, question, panel.wrong_answer(0, question)).verdict for node in range(NODES)]
    return [panel.truth(question), *answers, *verdicts]


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_takes_no_more_memory_the_longer_it_is_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composed, "QUESTIONS_HELD", HELD)
    panel, held_bytes = panel_of(name), []
    tracemalloc.start(1)
    try:
        for question in range(32 * HELD):
            ask(panel, question)
            if question in (8 * HELD, 32 * HELD - 1):
                gc.collect()
                held_bytes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held_bytes[1] - held_bytes[0] < 24 * HELD * BYTES_PER_QUESTION


@pytest.mark.parametrize("name", [name for name in PANELS if name != "debates"])
def test_a_question_that_was_forgotten_is_answered_and_judged_as_before(name: str) -> None:
    panel = panel_of(name)
    first = [ask(panel, question) for question in range(20)]
    for question in range(20, 20 + QUESTIONS_HELD):
        panel.truth(question)
    assert [ask(panel, question) for question in range(20)] == first
    assert any(row != first[0] for row in first)


@pytest.mark.parametrize("name", PANELS)
def test_forgetting_changes_no_event_of_a_stream(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = {"count": 120, "rate_per_s": 0.2, "clients": 3}
    faults = {"nodes": [3], "behaviour": "collude"}
    scenario = bft.Scenario(
        n=NODES,
        validators={"kind": "statistical", **PANELS[name]},
        requests=requests,
        faults=faults,
        pbft={"view_timeout_s": 60},
    )
    whole = bft.simulate(scenario, 3)
    monkeypatch.setattr(composed, "QUESTIONS_HELD", 30)
    monkeypatch.setattr("bft.simulation.world.QUESTIONS_HELD", 30)
    assert bft.simulate(scenario, 3).trace_hash == whole.trace_hash
    brief = bft.simulate(scenario, 3, keep="summary")
    assert (brief.outcomes, brief.metrics) == (whole.outcomes, whole.metrics)


STREAM = """
import resource, sys, bft
from tests.validators.test_long_streams import PANELS
validators = {"kind": "statistical", **PANELS[sys.argv[1]]}
requests = {"count": int(sys.argv[2]), "rate_per_s": 2.0, "clients": 10}
bft.simulate(bft.Scenario(n=4, validators=validators, requests=requests), 1, keep="summary")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


BYTES_PER_REQUEST = 800
"""What is kept of a request for good: how long its client waited, the events of view changes, and requests that no
client ever got an answer to. Where panels remembered every question it was 1,400 to 2,000 at n = 4."""


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["independent", "beta-binomial", "copula"])
def test_a_stream_of_100_000_requests_peaks_little_higher_than_one_of_20_000(name: str) -> None:
    peaks_kb = []
    counts = (20_000, 100_000)
    for count in counts:
        command = [sys.executable, "-c", STREAM, name, str(count)]
        peaks_kb.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert 1024 * (peaks_kb[1] - peaks_kb[0]) < BYTES_PER_REQUEST * (counts[1] - counts[0])
