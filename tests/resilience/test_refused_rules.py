"""Rules that cannot work are refused before anything runs, by the name of the field that must change."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from bft.errors import ScenarioError
from bft.operations.alerts import Monitoring
from bft.operations.bands import health
from bft.operations.recovery import Snapshots
from bft.operations.windows import Threshold
from bft.resilience.breaker import Breaker
from bft.resilience.pipeline import Level
from bft.resilience.retry import Retry
from bft.resilience.snapshots import SnapshotStore
from bft.resilience.steady_state import SteadyState

REFUSED: list[tuple[str, Callable[[], object], str]] = [
    ("zero attempts", lambda: Retry(attempts=0), "retry.attempts = 0: must be a whole number, 1 or more"),
    (
        "a deadline shorter than an attempt",
        lambda: Retry(attempt_timeout_s=30.0, deadline_s=29.0),
        "retry.deadline_s = 29.0: must be at least retry.attempt_timeout_s, 30.0",
    ),
    (
        "a breaker whose probes expire before they are answered",
        lambda: Level(
            name="primary",
            model="m",
            retry=Retry(attempt_timeout_s=30.0, deadline_s=120.0),
            breaker=Breaker(probe_timeout_s=120.0),
        ),
        "breaker.probe_timeout_s = 120.0: must be above the longest time of what it counts, 120.0 s, or it may never",
    ),
    (
        "the same for a breaker that counts attempts",
        lambda: Level(
            name="primary",
            model="m",
            retry=Retry(attempt_timeout_s=30.0),
            breaker=Breaker(probe_timeout_s=30.0, counts="attempts"),
        ),
        "breaker.probe_timeout_s = 30.0: must be above",
    ),
    (
        "the same where a call may take for ever",
        lambda: Level(name="primary", model="m", retry=None, breaker=Breaker()),
        "breaker.probe_timeout_s = 180.0: must be above the longest time of what it counts, inf s",
    ),
    (
        "a breaker that stays open",
        lambda: Breaker(open_s=math.inf),
        "breaker.open_s = inf: must be positive and finite",
    ),
    ("a breaker without probes", lambda: Breaker(probes=0), "breaker.probes = 0: must be a whole number, 1 or more"),
    (
        "a breaker that no probe closes",
        lambda: Breaker(successes=0),
        "breaker.successes = 0: must be a whole number, 1 or more",
    ),
    ("a target above 1", lambda: SteadyState(target=1.001), "steady_state.target = 1.001: must be above 0 and below 1"),
    ("a target of 1", lambda: SteadyState(target=1.0), "steady_state.target = 1.0: must be above 0 and below 1"),
    (
        "a health above 1",
        lambda: health(0.9, healthy=1.2),
        "health.healthy = 1.2: must be above 0 and at most 1",
    ),
    (
        "an alert above 1",
        lambda: Monitoring(severe=Threshold(above=1.5, clear_at=0.1)),
        "monitoring.severe.above = 1.5: must be above monitoring.warning.above, 0.05, and at most 1",
    ),
    (
        "state that is saved without a pause",
        lambda: Snapshots(interval_s=0.0),
        "snapshots.interval_s = 0.0: must be positive and finite",
    ),
    (
        "a snapshot every zero requests",
        lambda: SnapshotStore(Path("nowhere"), interval=0),
        "snapshots.interval = 0: must be a whole number, 1 or more",
    ),
]


@pytest.mark.parametrize(("make", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_rule_that_cannot_work_is_refused_by_name(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        make()
    assert str(refusal.value).startswith(message)
