"""The injector: how often, when and what; and proof that it fired."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from bft.resilience.chaos import DISCONNECTED, HANGING, RATE_LIMITED, Chaos, Fault, Injector, injecting
from bft.resilience.effects import call
from bft.resilience.exchange import Answer, Failure, FailureKind
from bft.resilience.retry import Retry, retrying

YES = Answer(text="yes")
Z_999 = 3.2905  # two-sided, false-alarm rate 0.1 % per comparison


def test_it_fires_at_its_rate_and_in_its_mix(world: Callable[..., Any]) -> None:
    calls = 20_000
    there = world([(0.0, YES)])
    there.uniform = random.Random(3).random
    rules = Chaos(rate=0.2, faults=(Fault(failure=DISCONNECTED.failure, weight=3.0), RATE_LIMITED))
    injector = Injector(rules)
    handler = injecting(injector, call)
    reasons = [getattr(there.ask(handler), "reason", "yes") for _ in range(calls)]

    assert injector.fired == {"connection": reasons.count("connection"), "status 429": reasons.count("status 429")}
    assert len(there.called) == reasons.count("yes") == calls - sum(injector.fired.values())
    assert there.actions("chaos") == ["fired"] * sum(injector.fired.values())
    # Seeded; would fail for 0.2 % of the seeds.
    for reason, share in (("connection", 0.15), ("status 429", 0.05)):
        spread = math.sqrt(share * (1.0 - share) / calls)
        assert abs(injector.fired[reason] / calls - share) < Z_999 * spread


def test_the_mix_follows_the_weights_at_their_edges() -> None:
    rules = Chaos(rate=0.5, faults=(Fault(failure=DISCONNECTED.failure, weight=3.0), RATE_LIMITED))
    assert rules.pick(0.0).reason == rules.pick(0.7499).reason == "connection"
    assert rules.pick(0.75).reason == rules.pick(1.0 - 2.0**-53).reason == "status 429"


def test_it_fires_within_its_window_only(world: Callable[..., Any]) -> None:
    there = world([(0.0, YES)])
    handler = injecting(Injector(Chaos(rate=1.0, start_s=10.0, end_s=20.0)), call)
    fates = {}
    for at_s in (0.0, 9.9, 10.0, 19.9, 20.0, 50.0):
        there.at(at_s)
        fates[at_s] = there.ask(handler) == YES
    assert fates == {0.0: True, 9.9: True, 10.0: False, 19.9: False, 20.0: True, 50.0: True}


def test_a_delay_makes_the_call_late_and_lets_it_through(world: Callable[..., Any]) -> None:
    there = world([(1.0, YES)])
    injector = Injector(Chaos(rate=1.0, faults=(Fault(latency_s=4.0),)))
    assert there.ask(injecting(injector, call, level="primary")) == YES
    assert there.env.now == 5.0
    assert injector.fired == {"delay": 1}


def test_a_hanging_call_ends_only_with_its_attempt(world: Callable[..., Any]) -> None:
    there = world([(1.0, YES)])
    injector = Injector(Chaos(rate=1.0, faults=(HANGING,), end_s=3.0))
    rules = Retry(attempt_timeout_s=5.0, deadline_s=60.0, budget=None)
    assert there.ask(retrying(rules, injecting(injector, call))) == Answer(text="yes", attempts=2)
    assert there.env.now == pytest.approx(7.0)


def test_a_failure_may_take_its_time(world: Callable[..., Any]) -> None:
    there = world()
    fault = Fault(failure=Failure(kind=FailureKind.STATUS, status=529), latency_s=2.0)
    assert there.ask(injecting(Injector(Chaos(rate=1.0, faults=(fault,))), call)).reason == "status 529"
    assert (there.env.now, there.called) == (2.0, [])


def test_a_stopped_injector_lets_everything_through(world: Callable[..., Any]) -> None:
    there, injector = world(), Injector(Chaos(rate=1.0))
    injector.stop()
    assert there.ask(injecting(injector, call)) == YES


def test_the_share_that_fires_does_not_depend_on_which_faults_there_are(world: Callable[..., Any]) -> None:
    """One draw decides whether, the next which: the same seed hits the same calls, whatever the mix."""
    hits = []
    for faults in ((RATE_LIMITED,), (RATE_LIMITED, DISCONNECTED)):
        there = world([(0.0, YES)])
        there.uniform = random.Random(9).random
        handler = injecting(Injector(Chaos(rate=0.3, faults=faults)), call)
        hits.append([there.ask(handler) != YES for _ in range(500)])
    assert hits[0] == hits[1]
    assert stats.binomtest(sum(hits[0]), 500, 0.3).pvalue > 0.001
