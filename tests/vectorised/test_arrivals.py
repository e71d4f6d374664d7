"""What is selected by bounds is what sorting all exact arrivals gives, to the last bit, whatever is drawn."""

from __future__ import annotations

from math import inf
from random import Random

import numpy as np
import pytest

from bft.core.quorum import QuorumSystem
from bft.network.delays import (
    ConstantDelay,
    DelayLaw,
    ExponentialDelay,
    LognormalDelay,
    NormalDelay,
    ParetoDelay,
    UniformDelay,
)
from bft.randomness import Floats
from bft.vectorised.arrivals import Arrivals
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.delay_bounds import CELLS, DelayBounds

LAWS: tuple[DelayLaw, ...] = (
    LognormalDelay(),
    LognormalDelay(log_sd=0.0),  # all the same, but bounded from a table
    LognormalDelay(log_sd=10.0),
    NormalDelay(mean_s=0.0, sd_s=0.2),  # many at 0
    NormalDelay(mean_s=0.25, sd_s=0.2),
    ExponentialDelay(),
    ParetoDelay(),
    ConstantDelay(),
    UniformDelay(),
)
DRAWS = ("random", "one cell", "few values", "edges", "next to 0", "next to 1")


def drawn(kind: str, shape: tuple[int, ...], random: np.random.Generator) -> Floats:
    """Return uniforms in [0, 1) that are hard to tell apart."""
    uniforms = random.random(shape)
    if kind == "one cell":
        return 0.7 + uniforms / CELLS / 4
    if kind == "few values":
        return random.choice(np.array([0.2, 0.7, 0.7 + 2.0**-52, 1.0 - 2.0**-53]), shape)
    if kind == "edges":
        ulps = random.integers(-1, 2, shape) * 2.0**-53
        return np.clip(random.integers(0, CELLS + 1, shape) / CELLS + ulps, 0.0, 1.0 - 2.0**-53)
    if kind == "next to 0":
        return random.integers(0, 4, shape) * 2.0**-53
    if kind == "next to 1":
        return 1.0 - random.integers(1, 5, shape) * 2.0**-53
    return uniforms


class Case:
    """Arrivals, and all of them exactly."""

    def __init__(self, law: DelayLaw, kind: str, n: int, number: int, *, weighted: bool = False) -> None:
        random = self.random = np.random.default_rng((n, number, len(kind)))
        which = 40
        self.rows = drawn(kind, (which, n, 4, n), random)
        delay_bounds = None if weighted or isinstance(law, (ConstantDelay, UniformDelay)) else DelayBounds(law)
        self.broadcasts = Broadcasts(1, law, np.arange(which), np.arange(which), self.rows, delay_bounds)
        if number % 2:
            self.sent_s = random.choice(np.array([0.0, 10.0, 10.0 + 2.0**-40, inf]), (which, n))
        else:
            self.sent_s = random.random((which, n)) * 10.0 ** random.integers(-6, 3)
        self.own_s = np.where(random.random((which, n)) < 0.8, self.sent_s, inf)
        self.lost = None if number % 3 else random.random((which, n, n)) < 0.2
        self.row = random.integers(0, 4, (which, n))
        self.law, self.n, self.which = law, n, np.arange(which)

    def arrivals(self) -> Arrivals:
        """Return the arrivals under test."""
        uniforms = self.broadcasts.of_all(self.which, self.row, np.ones_like(self.row, dtype=np.bool_))
        return Arrivals(self.broadcasts, uniforms, self.sent_s, self.own_s, self.lost)

    def exact(self) -> Floats:
        """Return when everybody hears everybody, shape (which, recipient, sender)."""
        found = np.empty((len(self.which), self.n, self.n))
        for sender in range(self.n):
            uniforms = self.rows[self.which, sender, self.row[:, sender]]
            found[:, :, sender] = self.law.sample(uniforms) + self.sent_s[:, sender, None]
        if self.lost is not None:
            found[self.lost] = inf
        nodes = np.arange(self.n)
        found[:, nodes, nodes] = self.own_s
        return found


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("kind", DRAWS)
def test_every_place_is_found_exactly(law: DelayLaw, kind: str) -> None:
    for number, n in enumerate((1, 2, 4, 7, 10, 31)):
        case = Case(law, kind, n, number)
        arrivals, ordered = case.arrivals(), np.sort(case.exact(), axis=2)
        system = QuorumSystem.of(n)
        for place in range(n):
            np.testing.assert_array_equal(arrivals.reach(system, place + 1), ordered[:, :, place])
        assert (arrivals.reach(system, 0) == -inf).all()
        assert (arrivals.reach(system, n + 1) == inf).all()


@pytest.mark.parametrize("kind", DRAWS)
def test_stakes_are_heard_in_the_order_of_arrival(kind: str) -> None:
    random = Random(2)
    for number, n in enumerate((1, 4, 9)):
        stakes = [random.randint(1, 5) for _ in range(n)]
        case = Case(LognormalDelay(), kind, n, number, weighted=True)
        system, exact = QuorumSystem.of(n, stakes=stakes), case.exact()
        for weight in range(1, sum(stakes) + 2):
            found = case.arrivals().reach(system, weight)
            for place, recipient in np.ndindex(found.shape):
                times_s = exact[place, recipient]
                enough = [time for time in times_s if sum(np.array(stakes)[times_s <= time]) >= weight]
                assert found[place, recipient] == min(enough, default=inf)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("kind", DRAWS)
def test_exchanged_broadcasts_touch_no_others(law: DelayLaw, kind: str) -> None:
    for number, n in enumerate((2, 4, 10)):
        case = Case(law, kind, n, number)
        arrivals, system, quorum = case.arrivals(), QuorumSystem.of(n), 2 * n // 3 + 1
        known_s = arrivals.reach(system, quorum)
        place, sender = np.nonzero(case.random.random((40, n)) < 0.3)
        case.row[place, sender] = (case.row[place, sender] + 1) % 4
        fresh = case.broadcasts.uniforms(place, sender, case.row[place, sender])
        lost = None if case.lost is None else case.lost[place, :, sender]
        touched = arrivals.exchange(place, sender, fresh, lost, known_s)
        known_s.reshape(-1)[touched] = arrivals.reach(system, quorum, touched)
        np.testing.assert_array_equal(known_s, np.sort(case.exact(), axis=2)[:, :, quorum - 1])


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("kind", DRAWS)
def test_who_hears_something_late_is_known_exactly(law: DelayLaw, kind: str) -> None:
    for number, n in enumerate((2, 4, 10)):
        case = Case(law, kind, n, number)
        arrivals, exact = case.arrivals(), case.exact()
        latest_s = np.where(np.isfinite(exact), exact, -inf).max(axis=2)
        for from_s in (np.maximum(latest_s, 0.0), np.nextafter(latest_s, inf), np.full_like(latest_s, 10.1)):
            np.testing.assert_array_equal(arrivals.late(from_s), latest_s >= from_s)
