"""The exact law inside its interval at the expected rate, over the whole grid: theory and simulation as two witnesses.

Cells are independent, so the number of misses is a sum of independent Bernoulli variables whose probabilities are known
exactly (`miss`). At 99 % there must not be too many misses; at 50 %, where almost half of the intervals should miss,
neither too many nor too few. And all runs of a test together must show no bias, which finds what no single cell can.
Each of these checks raises a false alarm with probability below 0.1 % on either side (and the seeds are fixed).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.stats import binom, norm, poisson_binom

from bft import Scenario
from bft.experiments import CellResult, sweep
from bft.experiments.intervals import estimate

FALSE_ALARM = 1e-3
NODES = (4, 5, 6, 7, 8, 10, 13)
DELTAS = (0.1, 0.3, 0.5)
SURE = 1e-9  # a law this close to 0 or 1 must be matched by every run

# Stalled runs under withheld votes and lies go through all views, so fewer of them fit into the same time.
REPLICATIONS = {"crash": 150, "equivocate": 150, "silent_primary": 120, "withhold": 30, "lie": 30}


def miss(probability: float, runs: int, level: float) -> float:
    """P(the interval does not hold the probability), over all counts."""
    intervals = [estimate(count, runs, level) for count in range(runs + 1)]
    outside = [not each.low <= probability <= each.high for each in intervals]
    return float(binom.pmf(np.arange(runs + 1), runs, probability)[outside].sum())


def assert_calibrated(results: list[CellResult], outcome: str) -> None:
    for level, sides in ((0.99, ("too many",)), (0.5, ("too many", "too few"))):
        missed = 0
        expected = []
        for result in results:
            exact = result.exact([outcome])
            assert exact is not None
            here = result.share([outcome], level)
            if min(exact, 1.0 - exact) < SURE:
                assert here.value == round(exact), result.parameters
                continue
            missed += not here.low <= exact <= here.high
            expected.append(miss(exact, result.runs, level))
        law = poisson_binom(expected)
        if "too many" in sides:
            assert law.sf(missed - 1) > FALSE_ALARM, (outcome, level, missed, sum(expected))
        if "too few" in sides:
            assert law.cdf(missed) > FALSE_ALARM, (outcome, level, missed, sum(expected))
    assert abs(bias(results, outcome)) < norm.isf(FALSE_ALARM), outcome


def bias(results: list[CellResult], outcome: str) -> float:
    """Return by how many standard deviations the outcome occurred too often in all runs together."""
    excess = variance = 0.0
    for result in results:
        exact = result.exact([outcome])
        assert exact is not None
        excess += result.runs * (result.share([outcome]).value - exact)
        variance += result.runs * exact * (1.0 - exact)
    return excess / float(np.sqrt(variance))


def results_of(scenario: Scenario, over: Mapping[str, object], replications: int) -> list[CellResult]:
    done = sweep(scenario, over, replications=replications, seed=11, workers=1, progress=False)
    assert not done.failures
    assert done.breaches == 0
    return list(done.results)


@pytest.mark.parametrize("behaviour", list(REPLICATIONS))
def test_every_behaviour_over_n_and_delta(behaviour: str) -> None:
    results = results_of(
        Scenario(faults={"behaviour": behaviour}), {"n": NODES, "faults.delta": DELTAS}, REPLICATIONS[behaviour]
    )
    assert_calibrated(results, "agree")
    assert_calibrated(results, {"equivocate": "split", "lie": "wrong"}.get(behaviour, "stalled"))


@pytest.mark.parametrize("behaviour", ["crash", "equivocate"])
def test_mixed_stake(behaviour: str) -> None:
    results = []
    for stakes in ((5, 3, 2, 1, 1), (1, 1, 2, 2, 3, 1), (0.4, 0.1, 0.1, 0.2, 0.1, 0.05, 0.05)):
        scenario = Scenario(n=len(stakes), stakes=stakes, faults={"behaviour": behaviour})
        results += results_of(scenario, {"faults.delta": "0.05:0.6:12"}, 100)
    assert_calibrated(results, "agree")
    assert_calibrated(results, "split" if behaviour == "equivocate" else "stalled")


@pytest.mark.parametrize("behaviour", ["crash", "equivocate"])
def test_tuned_quorums_and_limited_views(behaviour: str) -> None:
    faults = {"delta": 0.3, "behaviour": behaviour}
    results = results_of(Scenario(n=7, faults=faults), {"quorum": [3, 4, 5, 6, 7], "views": [1, 3, 7]}, 100)
    known = [each for each in results if each.law is not None]
    assert len(known) >= 7
    assert_calibrated(known, "agree")


def test_heterogeneous_and_fractional_faults() -> None:
    each_its_own = {"delta": (0.1, 0.5, 0.9, 0.2, 0.3), "behaviour": "crash"}
    results = results_of(Scenario(n=5, faults=each_its_own), {"views": [1, 2, 5]}, 300)
    exactly = {"draw": "fraction", "behaviour": "crash"}
    results += results_of(Scenario(n=7, faults=exactly), {"faults.delta": [0.15, 0.29, 0.43], "views": [1, 2, 7]}, 200)
    assert_calibrated(results, "agree")


@pytest.mark.parametrize("behaviour", ["crash", "collude"])
def test_llm_validators_that_err_together(behaviour: str) -> None:
    results = []
    for preset in ("mmlu_pro_strong7", "gsm8k_diverse10"):
        scenario = Scenario(validators={"kind": "statistical", "preset": preset}, faults={"behaviour": behaviour})
        results += results_of(scenario, {"n": [4, 7], "faults.delta": [0.0, 0.2, 0.4]}, 70)
    assert_calibrated(results, "correct")
    assert_calibrated(results, "wrong")


@pytest.mark.parametrize("behaviour", ["crash", "collude"])
@pytest.mark.parametrize("errors", ["independent", {"kind": "correlated", "r": 0.5, "tau": 0.7}], ids=["alone", "r"])
def test_validators_that_say_nothing_together(errors: object, behaviour: str) -> None:
    # So many and so alike that a law without the correlation would be off by 4 to 15 points in these cells.
    validators = {
        "kind": "statistical", "accuracy": 0.3, "options": 1, "missing": 0.3, "missing_correlation": 0.9,
        "errors": errors,
    }  # fmt: skip
    scenario = Scenario(validators=validators, faults={"behaviour": behaviour})
    results = results_of(scenario, {"n": [4, 7], "faults.delta": [0.0, 0.2]}, 250)
    assert_calibrated(results, "wrong")
    assert_calibrated(results, "stalled")


def test_lossy_links_in_a_single_view() -> None:
    scenario = Scenario(views=1, retransmission=False)
    results = results_of(scenario, {"n": [4, 6, 7, 10], "network.loss": [0.01, 0.05, 0.1, 0.2, 0.3]}, 200)
    for outcome in ("agree", "partial", "stalled"):
        assert_calibrated(results, outcome)
