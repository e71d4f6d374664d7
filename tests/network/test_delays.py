"""Delay laws: quantiles, means, and no negative time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bft.errors import ScenarioError
from bft.network.delays import ConstantDelay, ExponentialDelay, LognormalDelay, NormalDelay, UniformDelay
from bft.scenario import Scenario

GRID = (np.arange(100_000) + 0.5) / 100_000  # quantiles of the law itself: no randomness, no false alarm

CASES = [
    (UniformDelay(low_s=0.1, high_s=0.5), stats.uniform(0.1, 0.4)),
    (NormalDelay(mean_s=0.25, sd_s=0.05), stats.truncnorm(-5, np.inf, 0.25, 0.05)),
    (NormalDelay(mean_s=0.05, sd_s=0.1), stats.truncnorm(-0.5, np.inf, 0.05, 0.1)),
    (LognormalDelay(median_s=0.05, log_sd=0.5), stats.lognorm(0.5, scale=0.05)),
    (ExponentialDelay(mean_s=0.2), stats.expon(scale=0.2)),
]


@pytest.mark.parametrize(("law", "reference"), CASES)
def test_a_law_has_the_distribution_that_it_names(law: UniformDelay, reference: stats.rv_continuous) -> None:
    delays = law.sample(GRID)
    assert np.all(delays >= 0)
    assert np.allclose(reference.cdf(delays), GRID, atol=1e-9)


def test_a_constant_is_constant() -> None:
    assert np.all(ConstantDelay(delay_s=0.3).sample(GRID) == 0.3)


@pytest.mark.parametrize("law", [law for law, _ in CASES])
def test_the_ends_of_the_unit_interval_give_finite_delays(law: UniformDelay) -> None:
    ends = law.sample(np.array([0.0, np.nextafter(1.0, 0.0)]))
    assert np.all(np.isfinite(ends))
    assert ends[0] < ends[1]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"delay": {"law": "gamma"}}, "network.delay = {'law': 'gamma'}: must have 'law' among 'constant'"),
        ({"delay": {"law": "constant", "delay_s": -1}}, "network.delay.delay_s = -1: must be at least 0"),
        ({"delay": {"law": "normal", "sd_s": 0}}, "network.delay.sd_s = 0: must be more than 0"),
        ({"delay": {"law": "uniform", "low_s": 2, "high_s": 1}}, "high_s = 1.0: must be at least low_s = 2.0"),
        (
            {"delay": {"law": "exponential", "mean_s": float("inf")}},
            "network.delay.mean_s = inf: must be a finite number",
        ),
        ({"loss": 1.5}, "network.loss = 1.5: must be between 0 and 1"),
        ({"duplication": float("nan")}, "network.duplication = nan: must be between 0 and 1"),
        ({"partitions": [{"groups": [[0, 1], [1]], "end_s": 3}]}, "must not name a node twice"),
        (
            {"partitions": [{"groups": [[0, 9]], "end_s": 3}]},
            "network.partitions.groups = 9: must be a node between 0 and 3",
        ),
        (
            {"partitions": [{"groups": [[0]], "start_s": 5, "end_s": 3}]},
            "end_s = 3.0: must be later than start_s = 5.0",
        ),
        ({"partitions": [{"groups": [[0]]}]}, "network.partitions.0.end_s: is needed and was not given"),
    ],
)
def test_a_network_that_cannot_be_is_refused_by_name(network: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario(network=network)
    assert message in str(refused.value)
