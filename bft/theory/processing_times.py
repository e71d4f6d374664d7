"""How long a decision takes where processors are the bottleneck: IBFT with exponential processing times.

Every node takes in messages one after another, each in an exponential time of rate μ; links take none. IBFT decides one
instance after another: a decision makes each of the n nodes take in one pre-prepare, n prepares and n commits, its own
among them, with another leader each time.

References
----------
.. [1] Chan J. D., IBFT and HotStuff over switched networks, final year project with a simulator, GitHub
   chan-j-d/bft-protocol-simulator.
"""

from __future__ import annotations

import math

from bft.core.refusal import require_whole
from bft.errors import ScenarioError, bad_value


def ibft_utilisation(n: int) -> float:
    """Share of the time in which a node works: ρ = (7 + 11n − √(37 + 70n + n²)) / (10n + 2) [1]_.

    Parameters
    ----------
    n : int
        Nodes, 4 or more.
    """
    require_whole("n", n, at_least=4)
    return (7.0 + 11.0 * n - math.sqrt(37.0 + 70.0 * n + n * n)) / (10.0 * n + 2.0)


def ibft_decision_time(n: int, *, per_s: float = 1.0) -> float:
    """Mean time between decisions, in seconds: T = (2n + 1) / (μ ρ) [1]_.

    That is T μ = (10n + 2)(2n + 1) / (7 + 11n − √(37 + 70n + n²)). It is an approximation: simulated event by event the
    same IBFT decides in 8.5 % less time at n = 4, 2.6 % less at n = 16, .8 % less at n = 32. The PBFT of this package
    has a fixed primary and counts its own votes without processing them, so a node takes in 2n − 2 messages for a
    decision, and decides in less time than the law: `simulations/processing_times.py` sets them side by side.

    Parameters
    ----------
    n : int
        Nodes, 4 or more.
    per_s : float
        μ, messages that a node processes in a second.

    Examples
    --------
    >>> [round(ibft_decision_time(n), 3) for n in (4, 16, 32, 64, 82)]
    [11.541, 36.765, 69.409, 133.968, 170.135]
    """
    if not 0.0 < per_s < math.inf:
        raise ScenarioError(bad_value("per_s", per_s, "must be positive and finite"))
    return (2 * n + 1) / (per_s * ibft_utilisation(n))
