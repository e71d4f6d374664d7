"""Which exact law holds for a scenario, if any: the bridge from scenarios to `bft.theory`.

The laws of a protocol stand in the module named as its package; a protocol without one has no law. They speak of one
request that is given time enough: there is none where several requests compete, where machines fail, members change or
a service stands before the validators, or where links are cut or differ.

Where a law does not cover a scenario the answer is None, never an approximation. A field that no law was written for
costs the law as soon as it is set (`bft.experiments.law_coverage`).
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from bft.adversary.crash import Crash
from bft.errors import UnsupportedError
from bft.experiments.law_coverage import laws_about, uncovered_fields
from bft.experiments.laws.faulty import anybody_faulty, fault_law, faulty_vote
from bft.scenario import Scenario
from bft.theory.outcome_law import OutcomeLaw

__all__ = ["fault_law", "faulty_vote", "law_of"]


def law_of(scenario: Scenario, delta: ArrayLike | None = None) -> OutcomeLaw | None:
    """Return the exact law of a scenario's outcome, or None where there is none.

    Parameters
    ----------
    scenario : Scenario
        What would be run.
    delta : array_like, optional
        Take these values of `faults.delta` instead; the law's probabilities are arrays of this shape then.

    Examples
    --------
    >>> law = law_of(Scenario(n=4), delta=[0.0, 0.1])
    >>> law.agree.round(5).tolist()
    [1.0, 0.9477]
    """
    operations = any(each is not None for each in (scenario.machine, scenario.service, scenario.membership))
    network = scenario.network
    laws = laws_about(scenario.protocol)
    if operations or scenario.requests.count > 1 or network.beyond_delays or network.partitions or laws is None:
        return None
    if any(getattr(scenario.validators, name, None) is not None for name in ("debate", "timeouts")):
        return None
    faults = fault_law(scenario.faults, scenario.n, delta)
    somebody = anybody_faulty(faults)
    if any(uncovered_fields(scenario, anybody_faulty=somebody)):
        return None
    try:
        found: OutcomeLaw | None = laws.law_of(scenario, faults, scenario.faults.behaviour if somebody else (Crash(),))
        return found
    except UnsupportedError:
        return None
