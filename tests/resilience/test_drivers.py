"""What both drivers owe to a program: races, signals, cancellation, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

from bft.resilience.asyncio_driver import AsyncioDriver
from bft.resilience.effects import (
    NOW,
    UNIFORM,
    Blocking,
    Call,
    Note,
    Program,
    Race,
    Signal,
    Sleep,
    Wait,
)
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result
from bft.resilience.simpy_driver import SimpyDriver

QUERY = Query(model="m", prompt="p")


class Run:
    """The outcome of one program on one driver."""

    def __init__(self) -> None:
        self.log: list[tuple[float, str]] = []
        self.result: Any = None
        self.ended_s = math.nan


def on_simpy(make: Callable[[Run], Program[Any]], *, cancel_s: float = math.inf) -> Run:
    env, run = simpy.Environment(), Run()

    def endpoint(_: Query) -> Generator[simpy.Event, Any, Result]:
        yield env.timeout(1.0)
        return Answer(text="yes")

    driver = SimpyDriver(
        env=env, call=endpoint, uniform=lambda: 0.25, observe=lambda at_s, note: run.log.append((at_s, note.reason))
    )

    def process() -> Generator[simpy.Event, Any, None]:
        try:
            run.result = yield from driver.run(make(run))
        except simpy.Interrupt:
            run.result = "cancelled"
        run.ended_s = env.now

    main = env.process(process())
    if not math.isinf(cancel_s):
        env.run(until=cancel_s)
        main.interrupt()
    env.run()
    return run


async def on_asyncio(make: Callable[[Run], Program[Any]], *, cancel_s: float) -> Run:
    loop, run = asyncio.get_running_loop(), Run()

    async def endpoint(_: Query) -> Result:
        await asyncio.sleep(1.0)
        return Answer(text="yes")

    driver = AsyncioDriver(
        call=endpoint,
        uniform=lambda: 0.25,
        observe=lambda at_s, note: run.log.append((at_s, note.reason)),
        origin_s=0.0,
    )

    async def process() -> None:
        try:
            run.result = await driver.run(make(run))
        except asyncio.CancelledError:
            run.result = "cancelled"
        run.ended_s = loop.time()

    task = asyncio.ensure_future(process())
    if not math.isinf(cancel_s):
        await asyncio.sleep(cancel_s)
        task.cancel()
    await task
    return run


@pytest.fixture(params=["simpy", "asyncio"])
def drive(request: pytest.FixtureRequest, virtually: Callable[..., Any]) -> Callable[..., Run]:
    """Run a program on each driver, and cancel it at a time if one is given."""
    if request.param == "simpy":
        return on_simpy
    return lambda make, cancel_s=math.inf: virtually(on_asyncio(make, cancel_s=cancel_s))


def say(word: str) -> Note:
    return Note(policy="test", action="said", reason=word)


def sleeper(run: Run, name: str, delay_s: float) -> Program[str]:
    """Sleeps, and tells when it is closed before its time."""
    try:
        yield Sleep(delay_s)
    except GeneratorExit:
        run.log.append((math.nan, f"{name} closed"))
        raise
    return name


def words(run: Run) -> list[str]:
    return [word for _, word in run.log]


def test_plain_effects_are_answered(drive: Callable[..., Run]) -> None:
    def program(_: Run) -> Program[tuple[Any, ...]]:
        start_s = yield NOW
        yield Sleep(2.5)
        yield say("slept")
        answer = yield Call(QUERY)
        drawn = yield UNIFORM
        return start_s, answer, drawn, (yield NOW)

    run = drive(program)
    assert run.result == (0.0, Answer(text="yes"), 0.25, 3.5)
    assert run.log == [(2.5, "slept")]


def test_on_simpy_blocking_work_takes_no_time() -> None:
    def program(_: Run) -> Program[tuple[str, float]]:
        return (yield Blocking(lambda: "work")), (yield NOW)

    assert on_simpy(program).result == ("work", 0.0)


def test_the_first_to_end_wins_a_race_and_the_others_are_closed(drive: Callable[..., Run]) -> None:
    def program(run: Run) -> Program[str]:
        winner: str = yield Race((sleeper(run, "slow", 5.0), sleeper(run, "fast", 2.0), sleeper(run, "lame", 9.0)))
        yield say(f"{winner} won")
        return winner

    run = drive(program)
    assert (run.result, run.log[-1]) == ("fast", (2.0, "fast won"))
    assert words(run) == ["slow closed", "lame closed", "fast won"], "the losers had ended before the race did"


def test_of_those_that_end_in_the_same_instant_the_first_in_order_wins(drive: Callable[..., Run]) -> None:
    def program(run: Run) -> Program[str]:
        return (yield Race(tuple(sleeper(run, str(place), 1.0) for place in range(30))))  # type: ignore[no-any-return]

    assert drive(program).result == "0"


def test_a_race_may_wait_for_a_result_that_it_likes(drive: Callable[..., Run]) -> None:
    def program(run: Run) -> Program[list[Any]]:
        def racers() -> tuple[Program[str], ...]:
            return sleeper(run, "fast", 1.0), sleeper(run, "good", 2.0), sleeper(run, "slow", 3.0)

        liked = yield Race(racers(), wins=lambda name: name == "good")
        none_liked = yield Race(racers(), wins=lambda _: False)
        return [liked, none_liked]

    run = drive(program)
    assert run.result == ["good", "slow"], "without a winner, the last to come"
    assert words(run) == ["slow closed"]
    assert run.ended_s == 5.0


def test_a_race_ends_when_its_time_is_up(drive: Callable[..., Run]) -> None:
    def program(run: Run) -> Program[Any]:
        late = yield Race((sleeper(run, "slow", 5.0), sleeper(run, "slower", 6.0)), 2.0)
        in_time = yield Race((sleeper(run, "fast", 1.0),), 2.0)
        return late, in_time

    run = drive(program)
    assert run.result == (None, "fast")
    assert words(run) == ["slow closed", "slower closed"]
    assert run.ended_s == 3.0


def test_a_disliked_result_does_not_lengthen_the_time(drive: Callable[..., Run]) -> None:
    def program(run: Run) -> Program[Any]:
        racers = (sleeper(run, "disliked", 1.0), sleeper(run, "slow", 9.0))
        return (yield Race(racers, 3.0, wins=lambda name: name == "slow"))

    run = drive(program)
    assert (run.result, run.ended_s) == (None, 3.0)


def test_cancelling_reaches_every_branch_of_nested_races(drive: Callable[..., Run]) -> None:
    def outer(run: Run) -> Program[Any]:
        try:
            return (yield Race((inner(run), sleeper(run, "c", 9.0)), 50.0))
        finally:
            run.log.append((math.nan, "outer closed"))

    def inner(run: Run) -> Program[Any]:
        try:
            return (yield Race((sleeper(run, "a", 9.0), sleeper(run, "b", 9.0)), 40.0))
        finally:
            run.log.append((math.nan, "inner closed"))

    run = drive(outer, cancel_s=3.0)
    assert run.result == "cancelled"
    assert sorted(words(run)) == ["a closed", "b closed", "c closed", "inner closed", "outer closed"]


@pytest.mark.parametrize("effect", ["sleep", "call", "wait"])
def test_cancelling_closes_the_program_where_it_rests(drive: Callable[..., Run], effect: str) -> None:
    def program(run: Run) -> Program[None]:
        try:
            yield {"sleep": Sleep(9.0), "call": Call(QUERY), "wait": Wait(Signal())}[effect]
            yield say("went on")
        finally:
            run.log.append((math.nan, "closed"))

    run = drive(program, cancel_s=0.5)
    assert (run.result, words(run)) == ("cancelled", ["closed"])


def test_a_signal_wakes_all_who_wait_and_those_who_come_later(drive: Callable[..., Run]) -> None:
    signal = Signal()

    def waiter(name: str, delay_s: float) -> Program[str]:
        yield Sleep(delay_s)
        yield Wait(signal)
        yield say(name)
        return name

    def firing() -> Program[str]:
        yield Sleep(2.0)
        signal.fire()
        signal.fire()
        return "fired"

    def program(_: Run) -> Program[Any]:
        branches = (waiter("early", 0.0), waiter("early too", 1.0), firing(), waiter("late", 3.0))
        return (yield Race(branches, wins=lambda name: name == "late"))

    run = drive(program)
    assert run.log == [(2.0, "early"), (2.0, "early too"), (3.0, "late")]


def test_an_error_in_one_branch_closes_the_others_and_comes_out(drive: Callable[..., Run]) -> None:
    def broken() -> Program[None]:
        yield Sleep(1.0)
        raise LookupError("a bug in a policy")

    logs: list[Run] = []

    def program(run: Run) -> Program[Any]:
        logs.append(run)
        return (yield Race((sleeper(run, "other", 5.0), broken())))

    with pytest.raises(LookupError, match="a bug in a policy"):
        drive(program)
    assert words(logs[0]) == ["other closed"]


def test_what_a_client_raises_becomes_a_failure(
    virtually: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    errors = [TimeoutError("slow"), ConnectionRefusedError("away"), KeyError("a bug")]

    async def endpoint(_: Query) -> Result:
        raise errors[len(seen)]

    seen: list[Result] = []

    def program() -> Program[None]:
        for _ in errors:
            seen.append((yield Call(QUERY)))  # noqa: PERF401

    virtually(AsyncioDriver(call=endpoint, uniform=lambda: 0.0, origin_s=0.0).run(program()))
    kinds = [failure.kind for failure in seen if isinstance(failure, Failure)]
    assert kinds == [FailureKind.TIMEOUT, FailureKind.CONNECTION, FailureKind.UNKNOWN]
    assert len(caplog.records) == 1, "what no rule knows may be a bug, so it is logged"
    assert caplog.records[0].exc_info is not None


def test_blocking_work_stays_off_the_event_loop() -> None:
    def program() -> Program[tuple[str, str]]:
        work = yield Blocking(lambda: threading.current_thread().name)
        return work, threading.current_thread().name

    async def endpoint(_: Query) -> Result:
        raise AssertionError("nobody calls")

    work, loop = asyncio.run(AsyncioDriver(call=endpoint, uniform=lambda: 0.0).run(program()))
    assert work != loop == threading.current_thread().name


def test_the_asyncio_clock_shows_unix_time_unless_told_otherwise(virtually: Callable[..., Any]) -> None:
    async def endpoint(_: Query) -> Result:
        raise AssertionError("nobody calls")

    def program() -> Program[float]:
        return (yield NOW)  # type: ignore[no-any-return]

    before = time.time()
    shown = asyncio.run(AsyncioDriver(call=endpoint, uniform=lambda: 0.0).run(program()))
    assert abs(shown - before) < 60.0
    assert virtually(AsyncioDriver(call=endpoint, uniform=lambda: 0.0, origin_s=42.0).run(program())) == 42.0
