"""A run in which nothing can change any more ends early, as it would have ended at its horizon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from random import Random
from typing import Any

import pytest

import bft
from bft.adversary.equivocate import Equivocate
from bft.adversary.node import Behaviour
from bft.adversary.silence import Withhold
from bft.checking.outcome import Outcome
from bft.clock import Clock
from bft.core.events import ProposalMissing
from bft.core.inputs import Deliver, TimerFired
from bft.core.signatures import SymbolicKeyring
from bft.errors import BftError
from bft.protocols.pbft import PbftReplica
from bft.simulation.run import Metrics, Run
from bft.simulation.standstill import Standstill

COUNTED = {"messages_sent", "messages_delivered", "messages_lost", "sent_by_kind"}


@contextmanager
def to_the_horizon() -> Iterator[None]:
    """Let every run within go on until its horizon."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Standstill, "reached", _never)
        yield


def _never(*given: Any, **named: Any) -> bool:
    del given, named
    return False


def both_ways(scenario: bft.Scenario, seed: int, **options: Any) -> tuple[Run, Run]:
    """Return a run, and the same run to its horizon."""
    run = bft.simulate(scenario, seed, **options)
    with to_the_horizon():
        return run, bft.simulate(scenario, seed, **options)


def told(run: Run) -> dict[str, Any]:
    """Return all that users see of a run, apart from how often messages were sent and faults did something."""
    metrics = {each.name: getattr(run.metrics, each.name) for each in fields(Metrics) if each.name not in COUNTED}
    return {
        **metrics,
        "outcomes": (run.outcome, run.outcomes),
        "trace": run.trace_hash,
        "requests": str(run.requests),
        "breaches": run.breaches,
        "faults": {node: (counts["behaviour"], sorted(counts)) for node, counts in run.faults.items()},
        "balances": run.balances,
    }


def random_scenario(random: Random) -> bft.Scenario:
    """Return a scenario in which little is sure to be decided, and something may happen late."""
    while True:
        try:
            return bft.Scenario(**_described(random))
        except BftError:  # fields that are each right need not fit together
            continue


def _described(random: Random) -> dict[str, Any]:
    n = random.choice((1, 2, 4, 4, 4, 5, 7))
    behaviour = random.choice(
        (
            "crash",
            "withhold",
            "withhold",
            "silent_primary",
            "lie",
            "collude",
            "equivocate",
            "double_voting",
            {"kind": "crash", "at_s": 40.0},
            {"kind": "crash_recover", "at_s": random.choice((0.0, 3.0)), "back_s": random.choice((60.0, 350.0))},
            {"kind": "slow", "delay_s": random.choice((3.0, 30.0))},
        )
    )
    found: dict[str, Any] = {
        "n": n,
        "faults": {"nodes": random.sample(range(n), random.randint(0, (n + 1) // 2)), "behaviour": behaviour},
        "validators": random.choice(
            ({"kind": "perfect"}, {"kind": "statistical", "accuracy": random.choice((0.4, 0.7)), "options": 4})
        ),
    }
    timeout_s = random.choice((2.0, 10.0))
    found["horizon_s"] = random.choice((300.0, 600.0))
    found["protocol"] = protocol = random.choice(("pbft", "pbft", "pbft", "ballot"))
    found["retransmit_s"] = random.choice((1.0, 5.0, 20.0))
    found[protocol] = {"deadline_s" if protocol == "ballot" else "view_timeout_s": timeout_s}
    delay = random.choice(({"law": "exponential", "mean_s": 0.1}, {"law": "constant", "delay_s": 0.05}))
    network: dict[str, Any] = {"delay": delay}
    if random.random() < 0.4:
        start_s = random.choice((0.0, 1.0, 20.0, 150.0))
        part = random.sample(range(n), random.randint(0, n - 1))
        network["partitions"] = [
            {"groups": [part], "start_s": start_s, "end_s": start_s + random.choice((15.0, 200.0, 1000.0))}
        ]
    if random.random() < 0.15:
        network |= {"loss": 0.1} if random.random() < 0.5 else {"duplication": 0.2}
    if found["protocol"] == "pbft":
        found["views"] = random.choice((1, 2, n, "unlimited"))
        if random.random() < 0.3:
            found["requests"] = {"count": 4, "rate_per_s": random.choice((0.01, 0.05, 1.0)), "clients": 2}
    return {**found, "network": network}


def campaign(first: int, scenarios: int) -> tuple[int, int]:
    """Compare runs with the same to the horizon; return how many ended early, and how many stalled."""
    early = stalled = 0
    for number in range(first, first + scenarios):
        scenario = random_scenario(Random(f"standstill {number}"))
        run, whole = both_ways(scenario, number)
        assert told(run) == told(whole), f"scenario {number}\n{scenario.to_toml()}"
        assert run.metrics.messages_sent <= whole.metrics.messages_sent
        early += run.metrics.messages_sent < whole.metrics.messages_sent
        stalled += run.outcome is Outcome.STALLED
    return early, stalled


def test_runs_that_end_early_end_as_at_their_horizon() -> None:
    early, stalled = campaign(0, 120)
    assert early >= 20
    assert stalled >= early / 2


@pytest.mark.nightly
def test_thousands_of_runs_that_end_early_end_as_at_their_horizon() -> None:
    early, _ = campaign(1000, 5000)
    assert early >= 1000


VAIN: dict[str, Any] = {"n": 4, "faults": {"nodes": [2, 3], "behaviour": "withhold"}}


def test_a_run_in_which_all_views_were_used_in_vain_ends_after_one_round_that_changed_nothing() -> None:
    scenario = bft.Scenario(**VAIN, horizon_s=50_000.0)
    run, whole = both_ways(scenario, 3)
    assert run.outcome is whole.outcome is Outcome.STALLED
    assert run.metrics.messages_sent < whole.metrics.messages_sent / 20


def test_what_heals_late_is_waited_for() -> None:
    cut = {"groups": [[0, 1]], "start_s": 0.001, "end_s": 3000.0}
    scenario = bft.Scenario(n=4, views=1, network={"partitions": [cut]}, horizon_s=4000.0)
    assert bft.simulate(scenario, 3).metrics.decided_at_s > 3000.0  # type: ignore[operator]


def test_who_comes_back_late_is_waited_for() -> None:
    back = {"kind": "crash_recover", "back_s": 3000.0}
    scenario = bft.Scenario(n=4, views=1, faults={"nodes": [2, 3], "behaviour": back}, horizon_s=4000.0)
    assert bft.simulate(scenario, 3).metrics.decided_at_s > 3000.0  # type: ignore[operator]


def test_what_is_asked_late_is_waited_for() -> None:
    scenario = bft.Scenario(**VAIN, requests={"count": 2, "rate_per_s": 0.001}, horizon_s=50_000.0)
    assert bft.simulate(scenario, 3).requests.asked == 2


class Patient(PbftReplica):
    """A replica that begins to take part late: what it will do depends on the time."""

    __slots__ = ()

    def step(self, now: float, event: Any) -> Any:
        """Hear nobody else for a long time."""
        deaf = self.id >= 2 and now < 3000.0 and isinstance(event, Deliver)
        return () if deaf else super().step(now, event)


def test_of_replicas_that_do_not_tell_their_progress_nothing_is_assumed() -> None:
    scenario = bft.Scenario(n=4, views=1, horizon_s=4000.0)
    run = bft.simulate(scenario, 3, make_replica=lambda node, config, keys: Patient(node, config, keys))
    assert run.metrics.decided_at_s > 3000.0  # type: ignore[operator]


class Deaf(PbftReplica):
    """A replica that hears others only when its timers have rung twenty times."""

    __slots__ = ("rung",)
    reports = False

    def step(self, now: float, event: Any) -> Any:
        """Count the timers that ring, and report them if that is wanted."""
        rung = getattr(self, "rung", 0)
        if isinstance(event, TimerFired):
            self.rung = rung + 1
            return [*super().step(now, event), *([ProposalMissing(0)] if self.reports else [])]
        return () if self.id >= 2 and rung < 20 and isinstance(event, Deliver) else super().step(now, event)


class Counting(Deaf):
    """Its progress tells how often."""

    __slots__ = ()

    @property
    def progress(self) -> tuple[int, ...]:
        """How often."""
        return (getattr(self, "rung", 0),)


class Reporting(Deaf):
    """Its events do."""

    __slots__ = ()
    reports = True

    @property
    def progress(self) -> tuple[int, ...]:
        """Nothing that its events do not tell."""
        return ()


@pytest.mark.parametrize("kind", [Counting, Reporting])
def test_a_change_shows_in_the_progress_or_by_an_event(kind: type[Deaf]) -> None:
    scenario = bft.Scenario(n=4, views=1, horizon_s=4000.0)
    run = bft.simulate(scenario, 3, make_replica=lambda node, config, keys: kind(node, config, keys))
    assert run.metrics.decided_at_s > 600.0  # type: ignore[operator]


@pytest.mark.parametrize(("behaviour", "ends"), [(Withhold(), True), (Equivocate(), False)])
def test_of_faulty_nodes_that_remember_nothing_is_assumed(behaviour: Behaviour, ends: bool) -> None:
    replica = PbftReplica(0, bft.Scenario(n=4).configuration(), SymbolicKeyring())
    clock = Clock()
    timers = [{"status": clock.timer(1.0, 0, "status")}]
    standstill = Standstill(bft.Network(), {0: (behaviour, None)}, 100.0)
    found = [
        standstill.reached((0, "status"), [], [replica.step], [replica], timers, now_s=1.0, changed=False)
        for _ in range(2)
    ]
    assert found == [False, ends]


@pytest.mark.parametrize("options", [{"check": "full"}, {"keep": "summary"}, {"journal": True}])
def test_a_run_ends_at_the_same_time_however_closely_it_is_watched(options: dict[str, Any]) -> None:
    plain = bft.simulate(bft.Scenario(**VAIN), 3)
    watched = bft.simulate(bft.Scenario(**VAIN), 3, **options)
    assert watched.metrics.sent_by_kind == plain.metrics.sent_by_kind


def test_a_host_has_no_more_attributes_than_python_shares_keys_for() -> None:
    """With 31, every run took 4 % longer."""
    simulator = bft.Simulator(bft.Scenario(), 1)
    assert len(vars(simulator.assemble(0).host)) <= 30
