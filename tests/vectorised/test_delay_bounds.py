"""The bounds of delays and arrivals hold for every uniform: none of these checks allows for anything.

Adversarial uniforms: both sides of every edge between cells, 0 and what is next to it, the largest below 1, and the
places where Φ⁻¹ goes from one approximation to another.
"""

from __future__ import annotations

from math import exp, inf

import numpy as np
import pytest

from bft.network.delays import DelayLaw, ExponentialDelay, LognormalDelay, NormalDelay, ParetoDelay, UniformDelay
from bft.vectorised.delay_bounds import CELLS, LARGEST, DelayBounds, above, below

LAWS: tuple[DelayLaw, ...] = (
    LognormalDelay(),
    LognormalDelay(log_sd=0.0),
    LognormalDelay(median_s=1e-9, log_sd=10.0),
    LognormalDelay(median_s=1000.0, log_sd=10.0),  # up to 10³⁸ s: beyond single precision
    NormalDelay(),
    NormalDelay(mean_s=0.0, sd_s=3.0),
    NormalDelay(mean_s=5.0, sd_s=0.001),
    ExponentialDelay(),
    ParetoDelay(shape=0.5),
    UniformDelay(),
)
TIMES_S = (0.0, 1e-40, 1e-9, 0.05, 10.25, 1e6, 1e35, inf)


def adversarial() -> np.ndarray:
    """Return uniforms in [0, 1) that are the hardest to bound, and some more."""
    edges = np.arange(CELLS + 1) / CELLS
    branches = np.array([exp(-2.0), 1.0 - exp(-2.0), exp(-32.0), 0.5])
    marks = np.concatenate([edges, branches])
    near = [marks]
    for _ in range(3):
        near += [np.nextafter(near[-2] if len(near) > 1 else marks, 0.0), np.nextafter(near[-1], 1.0)]
    grid = np.concatenate([*near, 2.0**-53 * np.arange(64), 1.0 - 2.0**-53 * np.arange(1, 64)])
    random = np.random.default_rng(1)
    found = np.concatenate([grid, random.random(100_000), random.random(20_000) ** 12])
    return found[(found >= 0.0) & (found < 1.0)]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_arrivals_lie_within_their_bounds(law: DelayLaw) -> None:
    uniforms = adversarial()
    delays_s = law.sample(uniforms)
    delay_bounds = DelayBounds(law)
    for sent_s in TIMES_S:
        lower, upper = delay_bounds.arrivals(uniforms[None, :], np.array([sent_s]))
        times_s = delays_s + sent_s
        assert (lower[0] <= times_s).all()
        assert (times_s <= upper[0]).all()
        assert (lower[0] >= 0.0).all()
        assert ((lower[0] == inf) == (sent_s == inf)).all()


def test_the_bounds_are_close_where_most_delays_are() -> None:
    delay_bounds = DelayBounds(LognormalDelay())
    middle = slice(CELLS // 10, 9 * CELLS // 10)
    assert (delay_bounds.upper[middle] - delay_bounds.lower[middle]).max() < 1e-4


def test_times_lie_within_their_bounds() -> None:
    random = np.random.default_rng(2)
    times_s = np.concatenate([10.0 ** random.uniform(-320, 300, 100_000), TIMES_S, [LARGEST, np.nextafter(LARGEST, 0)]])
    assert (below(times_s) <= times_s).all()
    assert (times_s <= above(times_s)).all()
    finite = times_s < inf
    assert np.isfinite(below(times_s)[finite]).all()
    assert (below(times_s)[~finite] == inf).all()
