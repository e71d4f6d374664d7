"""The clock of a run against plain SimPy: the same things happen, in the same order, at the same times."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import simpy

from bft.clock import Alarm, Clock, Timer

NODES = 5
AWAY = 4
"""The node whose messages are not given to it by the loop."""
END_S = 40.0
Happening = tuple[float, str, int, Any]


class Script:
    """What happens next depends on what has happened: nodes broadcast, set timers and stop them, and wait."""

    def __init__(self, seed: int) -> None:
        self.draws = Random(seed)
        self.happened: list[Happening] = []
        self.running: dict[int, Any] = {}

    def happen(self, now_s: float, kind: str, node: int, what: Any, host: Any) -> None:
        self.happened.append((now_s, kind, node, what))
        draw = self.draws.random()
        number = len(self.happened)
        if draw < 0.22:
            others = [each for each in range(NODES) if each != node]
            delays_s = sorted(self.draws.uniform(0.1, 5.0) for _ in others)
            host.broadcast(others, delays_s, number)
        elif draw < 0.5:
            if node in self.running:
                host.cancel(self.running.pop(node))
            delay_s = self.draws.choice((0.5, 2.0, 6.0, self.draws.uniform(0.1, 6.0)))
            self.running[node] = host.timer(delay_s, node, number)
        elif draw < 0.65:
            host.alarm(self.draws.uniform(0.1, 3.0), node, number)


class Quick:
    """Fan-outs, timers and alarms of the clock, which it takes off the heap itself."""

    def __init__(self, script: Script) -> None:
        self.clock, self.script = Clock(), script
        self.timers: list[dict[str, Timer]] = [{} for _ in range(NODES)]

    def broadcast(self, recipients: list[int], delays_s: list[float], what: int) -> None:
        self.clock.fan_out(recipients, delays_s, what)

    def timer(self, delay_s: float, node: int, what: int) -> Timer:
        timer = self.timers[node][str(what)] = self.clock.timer(delay_s, node, str(what))
        return timer

    def cancel(self, timer: Timer) -> None:
        *_, node, name = timer
        del self.timers[node][name]

    def alarm(self, delay_s: float, node: int, what: int) -> None:
        call: Callable[[Any], None] = lambda _: self.script.happen(self.clock.now, "alarm", node, what, self)  # noqa: E731
        Alarm(self.clock, self.clock.now + delay_s, call)

    def run(self) -> None:
        def perform(node: int, what: Any) -> None:
            self.script.happen(self.clock.now, "message", node, what, self)

        def receive(node: int, what: Any) -> None:
            assert node == AWAY
            perform(node, what)

        def ring(node: int, name: str) -> None:
            del self.timers[node][name]
            self.script.running.pop(node, None)
            self.script.happen(self.clock.now, "timer", node, int(name), self)

        def step(now_s: float, what: int) -> list[int]:
            assert now_s == self.clock.now
            return [what]

        running = [None if node == AWAY else step for node in range(NODES)]
        self.delivered = self.clock.run_through(
            END_S,
            running,
            self.timers,
            perform=lambda node, effects: perform(node, *effects),
            receive=receive,
            ring=ring,
        )


class Plain:
    """The same by SimPy alone: an event for each message, timer and alarm, stepped one by one."""

    def __init__(self, script: Script) -> None:
        self.env, self.script = simpy.Environment(), script

    def later(self, delay_s: float, kind: str, node: int, what: Any) -> dict[str, bool]:
        state = {"cancelled": False}

        def call(_: simpy.Event) -> None:
            if not state["cancelled"]:
                if kind == "timer":
                    self.script.running.pop(node, None)
                self.script.happen(self.env.now, kind, node, what, self)

        event = self.env.timeout(delay_s)
        event.callbacks.append(call)
        return state

    def broadcast(self, recipients: list[int], delays_s: list[float], what: int) -> None:
        for node, delay_s in zip(recipients, delays_s, strict=True):
            self.later(delay_s, "message", node, what)

    def timer(self, delay_s: float, node: int, what: int) -> dict[str, bool]:
        return self.later(delay_s, "timer", node, what)

    def cancel(self, timer: dict[str, bool]) -> None:
        timer["cancelled"] = True

    def alarm(self, delay_s: float, node: int, what: int) -> None:
        self.later(delay_s, "alarm", node, what)

    def run(self) -> None:
        while self.env.peek() <= END_S:
            self.env.step()


@pytest.mark.parametrize("seed", range(40))
def test_the_clock_does_what_simpy_does_in_the_same_order_at_the_same_times(seed: int) -> None:
    happened = []
    for kind in (Quick, Plain):
        script = Script(seed)
        host = kind(script)
        for node in range(NODES):
            host.alarm(0.5 * node + 0.25, node, -node)
        host.broadcast(list(range(NODES)), [0.3, 0.6, 0.9, 1.2, 1.9], 0)
        host.run()
        happened.append(script.happened)
        if isinstance(host, Quick):
            taken = [node for _, what, node, _ in script.happened if what == "message"]
            assert host.delivered == len(taken) - taken.count(AWAY)
    assert happened[0] == happened[1]
    assert len(happened[0]) > NODES


def test_at_one_time_a_broadcast_takes_its_turn_anew_for_each_recipient() -> None:
    """SimPy would have put all deliveries before the timer, which was set after the broadcast."""
    clock, order = Clock(), []
    clock.fan_out([1, 2], [0.5, 1.0], "message")
    timers = [{}, {}, {}, {"timer": clock.timer(1.0, 3, "timer")}]

    def take(node: int, what: str) -> None:
        order.append((node, what))

    clock.run_through(2.0, [None] * 4, timers, perform=take, receive=take, ring=take)
    assert order == [(1, "message"), (3, "timer"), (2, "message")]


def test_only_the_next_timer_of_a_delay_that_was_not_stopped_is_on_the_heap() -> None:
    clock, rung, rest = Clock(), [], []
    timers = [{str(number): clock.timer(1.0 + number % 2, node, str(number)) for number in range(6)} for node in (0, 1)]
    assert len(clock._queue) == 2
    for each in timers:
        for name in ("0", "2", "5"):
            del each[name]

    def ring(node: int, name: str) -> None:
        rung.append((clock.now, node, name))
        rest.append(len(clock._queue))

    clock.run_through(9.0, [], timers, perform=ring, receive=ring, ring=ring)
    assert rung == [(1.0, 0, "4"), (1.0, 1, "4"), (2.0, 0, "1"), (2.0, 0, "3"), (2.0, 1, "1"), (2.0, 1, "3")]
    assert rest == [2, 1, 1, 1, 1, 0]
    assert not clock._lines


def test_scripts_are_long_enough_to_tell_and_end_in_time() -> None:
    lengths = []
    for seed in range(40):
        script = Script(seed)
        host = Quick(script)
        host.broadcast(list(range(NODES)), [0.3, 0.6, 0.9, 1.2, 1.9], 0)
        host.run()
        lengths.append(len(script.happened))
        assert all(time_s <= END_S for time_s, *_ in script.happened)
    assert max(lengths) > 200
