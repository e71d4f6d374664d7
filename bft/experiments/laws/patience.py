"""Whether a scenario gives a decision time enough, so that delays do not matter for its outcome."""

from __future__ import annotations

import numpy as np

from bft.scenario import Scenario

SLOWEST = 1.0 - 1e-12  # of messages; a slower one is never met


def time_enough(scenario: Scenario, timeout_s: float, delays: int) -> bool:
    """Return whether no message outlasts a view, and the run goes on until all views are over.

    Parameters
    ----------
    scenario : Scenario
        What would be run.
    timeout_s : float
        The shortest time that a view lasts, in seconds.
    delays : int
        Messages in a row within it, at most.
    """
    network = scenario.network
    slowest_s = float(network.delay.sample(np.array([SLOWEST]))[0])
    patient = scenario.model_copy(update={"horizon_s": None})
    return not network.partitions and delays * slowest_s <= timeout_s and scenario.end_s >= patient.end_s
