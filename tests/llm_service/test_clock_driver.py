"""The driver without processes decides what the SimPy driver decides, call by call."""

from __future__ import annotations

import gc
import math

import pytest

from bft.clock import Alarm, Clock
from bft.durations import Constant, Exponential, Lifetime
from bft.llm_service.endpoint import EndpointCall
from bft.llm_service.first_call import FirstCall
from bft.llm_service.first_call import ask as ask_by
from bft.llm_service.service import LlmService
from bft.resilience.breaker import Breaker
from bft.resilience.effects import NOW, Note, Program, Race, Signal, Sleep, Wait
from bft.resilience.endpoints import Disturbance, Endpoint, Provider
from bft.resilience.exchange import Answer, Query, Result
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.presets import PRESETS, preset
from bft.resilience.retry import Retry

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


def rules_of(name: str) -> Resilience:
    """Return a preset, short attempts behind a nervous breaker, or one attempt and nothing else."""
    if name in PRESETS:
        return preset(name, models=["big", "small"])
    retry = Retry(attempts=4, attempt_timeout_s=6.0, deadline_s=9.0) if name == "guarded" else None
    breaker = Breaker(failures=2, open_s=20.0, successes=2) if name == "guarded" else None
    return Resilience(
        levels=tuple(Level(name=each, model=each, retry=retry, breaker=breaker) for each in ("big", "small"))
    )


def decisions(
    name: str, driver: str
) -> tuple[list[tuple[float, Note]], list[tuple[float, Result]], object, dict[str, object]]:
    """Ask every 1.7 s, for an hour: under half load at first, far over it in the disturbances."""
    service = LlmService(ENDPOINTS, seed=5, providers=[ONE])
    notes: list[tuple[float, Note]] = []
    results: list[tuple[float, Result]] = []
    pipeline = Pipeline(rules_of(name))
    clock = service.clock

    def observe(at_s: float, note: Note) -> None:
        notes.append((at_s, note))

    processes, callbacks = service.driver(observe), service.clock_driver(observe)

    def ask(number: int) -> None:
        prompt = f"question {number % 700}"
        if driver == "first attempts":
            ask_by(callbacks, pipeline, prompt, lambda result: results.append((clock.now, result)))
            return
        program = pipeline.ask(prompt)
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
    state = {name: vars(each) for name, each in pipeline.breakers.items()}
    return notes, results, service.counts, {**state, "tokens": [each.tokens for each in pipeline.budgets.values()]}


@pytest.mark.parametrize("name", PRESETS)
def test_the_same_calls_are_decided_alike(name: str) -> None:
    notes, results, counts, _ = decisions(name, "processes")
    other_notes, other_results, other_counts, _ = decisions(name, "callbacks")
    assert len(results) == 2000
    assert {note.action for _, note in notes} >= {"answered", "retried"}, "there was something to decide"
    # Decisions of one moment may stand in another order: where two policies act at once, neither is first.
    assert sorted(notes, key=repr) == sorted(other_notes, key=repr)
    assert sorted(results, key=repr) == sorted(other_results, key=repr)
    assert counts == other_counts


@pytest.mark.parametrize("name", [*PRESETS, "guarded", "bare"])
def test_a_first_attempt_without_a_program_is_decided_as_in_one(name: str) -> None:
    by_program, by_attempt = decisions(name, "callbacks"), decisions(name, "first attempts")
    assert len(by_program[1]) == 2000
    assert by_attempt == by_program, "the same notes in the same order, results, counts and states of the policies"


def test_most_presets_have_first_attempts_without_a_program() -> None:
    names = (*PRESETS, "guarded", "bare")
    without = [name for name in names if Pipeline(rules_of(name)).first is None]
    assert without == ["production"], "its cache and limits decide about every call"


def test_calls_that_are_over_leave_nothing_to_the_cycle_collector() -> None:
    service = LlmService(ENDPOINTS, seed=5, providers=[ONE])
    pipeline, driver = Pipeline(rules_of("test")), service.clock_driver()
    told: list[Result] = []
    gc.collect()
    gc.disable()  # as for the time of a run
    try:
        calls = [ask_by(driver, pipeline, "which?", told.append) for _ in range(200)]
        for call in calls[150:]:
            Alarm(service.clock, 3.0, lambda _, call=call: call.cancel())
        del calls, call
        service.clock.run(until=4000.0)
        left = [each for each in gc.get_objects() if isinstance(each, FirstCall | EndpointCall)]
    finally:
        gc.enable()
    assert len(told) >= 150, "many were answered, at the first attempt or later, or failed"
    assert left == []


def test_a_call_given_up_in_its_first_attempt_or_later_is_never_told() -> None:
    service = LlmService([Endpoint(name="m", time=Constant(time_s=8.0), p_error=1.0)], seed=1)
    pipeline = Pipeline(Resilience(levels=(Level(name="m", model="m", retry=Retry(attempt_timeout_s=10.0)),)))
    told: list[Result] = []
    driver = service.clock_driver()
    calls = [ask_by(driver, pipeline, "which?", told.append) for _ in range(3)]
    calls[0].cancel()  # before it begins
    service.clock.run(until=4.0)
    calls[1].cancel()  # in its first attempt
    service.clock.run(until=9.0)
    calls[2].cancel()  # in the pause or the attempt after it, or in the worker's queue
    service.clock.run(until=200.0)
    assert told == []
    assert service.counts["m"].get("given up", 0) == 2, "who never began has nothing to give up"


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
