"""The driver without processes decides what the SimPy driver decides, call by call."""

from __future__ import annotations

import math

import pytest

from bft.clock import Alarm, Clock
from bft.durations import Exponential, Lifetime
from bft.llm_service.service import LlmService
from bft.resilience.effects import NOW, Note, Program, Race, Signal, Sleep, Wait
from bft.resilience.endpoints import Disturbance, Endpoint, Provider
from bft.resilience.exchange import Answer, Query, Result
from bft.resilience.pipeline import Pipeline
from bft.resilience.presets import PRESETS, preset

ENDPOINTS = [
    Endpoint(
        name="big",
        workers=3,
        queue=5,
        time=Exponential(mean_s=4.0),
        p_error=0.1,
        provider="one",
        disturbances=(
            Disturbance(start_s=600.0, end_s=900.0, kind="hang"),
            Disturbance(start_s=1500.0, end_s=1800.0, kind="refuse"),
            Disturbance(start_s=2400.0, end_s=2700.0, kind="slow", factor=8.0),
        ),
    ),
    Endpoint(name="small", workers=1, time=Exponential(mean_s=2.0), notices_cancel=True),
]
ONE = Provider(name="one", up=Lifetime(mean_s=3000.0), down=Lifetime(mean_s=100.0))


def decisions(name: str, driver: str) -> tuple[list[tuple[float, Note]], list[tuple[float, Result]], object]:
    """Ask every 1.7 s, for an hour: under half load at first, far over it in the disturbances."""
    service = LlmService(ENDPOINTS, seed=5, providers=[ONE])
    notes: list[tuple[float, Note]] = []
    results: list[tuple[float, Result]] = []
    pipeline = Pipeline(preset(name, models=["big", "small"]))
    clock = service.clock

    def observe(at_s: float, note: Note) -> None:
        notes.append((at_s, note))

    processes, callbacks = service.driver(observe), service.clock_driver(observe)

    def ask(number: int) -> None:
        program = pipeline.ask(f"question {number % 700}")
        if driver == "callbacks":
            callbacks.start(program, lambda result: results.append((clock.now, result)))
            return

        def process():  # type: ignore[no-untyped-def]
            result = yield from processes.run(program)
            results.append((clock.now, result))

        clock.process(process())

    for number in range(2000):
        Alarm(clock, 1.7 * number, lambda _, number=number: ask(number))
    clock.run(until=4000.0)
    return notes, results, service.counts


@pytest.mark.parametrize("name", PRESETS)
def test_the_same_calls_are_decided_alike(name: str) -> None:
    notes, results, counts = decisions(name, "processes")
    other_notes, other_results, other_counts = decisions(name, "callbacks")
    assert len(results) == 2000
    assert {note.action for _, note in notes} >= {"answered", "retried"}, "there was something to decide"
    # Decisions of one moment may stand in another order: where two policies act at once, neither is first.
    assert sorted(notes, key=repr) == sorted(other_notes, key=repr)
    assert sorted(results, key=repr) == sorted(other_results, key=repr)
    assert counts == other_counts


def run_one(program: Program[object], until_s: float = 100.0) -> tuple[list[object], list[Note], float]:
    service = LlmService([Endpoint(name="m", time=Exponential(mean_s=1.0))], seed=1)
    told: list[object] = []
    notes: list[Note] = []
    ended: list[float] = []

    def done(result: object) -> None:
        told.append(result)
        ended.append(service.clock.now)

    service.clock_driver(lambda _, note: notes.append(note)).start(program, done)
    service.clock.run(until=until_s)
    return told, notes, ended[0] if ended else math.nan


def sleeping(name: str, delay_s: float) -> Program[str]:
    try:
        yield Sleep(delay_s)
    finally:
        closed.append(name)
    return name


closed: list[str] = []


def test_losers_of_a_race_are_closed_and_a_race_may_run_out_of_time() -> None:
    closed.clear()

    def program() -> Program[object]:
        first = yield Race((sleeping("slow", 5.0), sleeping("fast", 2.0)))
        late = yield Race((sleeping("never", 50.0),), 3.0)
        return first, late, (yield NOW)

    told, _, ended_s = run_one(program())
    assert told == [("fast", None, 5.0)]
    assert ended_s == 5.0
    assert closed == ["fast", "slow", "never"]


def test_a_race_among_programs_that_end_at_once_goes_to_the_first() -> None:
    def at_once(name: str) -> Program[str]:
        yield NOW
        return name

    def program() -> Program[object]:
        return (yield Race((at_once("one"), at_once("two")), wins=lambda result: result == "two"))

    assert run_one(program())[0] == ["two"]


def test_a_signal_wakes_those_who_wait() -> None:
    signal = Signal()

    def waiting() -> Program[float]:
        yield Wait(signal)
        return (yield NOW)

    def firing() -> Program[float]:
        yield Sleep(4.0)
        signal.fire()
        yield Sleep(10.0)
        return 0.0

    def program() -> Program[object]:
        return (yield Race((waiting(), firing())))

    assert run_one(program())[0] == [4.0]


def test_a_cancelled_task_tells_nothing_and_gives_its_call_up() -> None:
    clock = Clock()
    service = LlmService([Endpoint(name="m", time=Exponential(mean_s=1000.0))], seed=1, clock=clock)
    told: list[object] = []

    def program() -> Program[Result]:
        from bft.resilience.effects import Call

        return (yield Call(Query(model="m", prompt="p")))

    task = service.clock_driver().start(program(), told.append)
    clock.run(until=1.0)
    task.cancel()
    task.cancel()
    clock.run(until=1e6)
    assert told == []
    assert service.counts == {"m": {"given up": 1}}
    assert not isinstance(told, Answer)
