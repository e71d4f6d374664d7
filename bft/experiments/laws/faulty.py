"""Who is faulty, how they vote, and how often the others judge, as laws know it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bft.adversary.crash import Crash
from bft.adversary.lie import Collude
from bft.adversary.node import Behaviour
from bft.adversary.settings import Faults
from bft.adversary.silence import Withhold
from bft.scenario import Scenario
from bft.theory.faults import FaultLaw, fixed, fraction, heterogeneous, independent
from bft.theory.same_answer import FaultyVote
from bft.validators.check_settings import JudgeSettings


def fault_law(faults: Faults, n: int, delta: ArrayLike | None = None) -> FaultLaw:
    """Return who is faulty in n nodes; `delta` replaces one δ for all."""
    if faults.nodes is not None:
        return fixed(n, faults.nodes)
    given = faults.delta if delta is None else delta
    if faults.draw == "fraction":
        return fraction(n, given)
    return heterogeneous(given) if isinstance(given, tuple) else independent(n, given)


def anybody_faulty(faults: FaultLaw) -> bool:
    """Return whether any node can be faulty."""
    return bool(np.any(faults.count()[..., 1:] > 0))


def silent(behaviours: Sequence[Behaviour]) -> bool:
    """Return whether the faulty neither vote nor propose, from the start."""
    return all(isinstance(each, Withhold) or each == Crash() for each in behaviours)


def faulty_vote(behaviours: Sequence[Behaviour]) -> FaultyVote | None:
    """Return how the faulty vote where honest validators may disagree.

    Those who withhold their votes have no law there: their view-changes carry certificates, which hold the votes.
    """
    if all(each == Crash() for each in behaviours):
        return "crash"
    return "collude_popular" if all(isinstance(each, Collude) for each in behaviours) else None


def judged_again(scenario: Scenario) -> bool:
    """Whether a value may come again before judges whose verdicts are drawn: in another view than the only one."""
    judges = isinstance(getattr(scenario.validators, "check", None), JudgeSettings)
    return judges and scenario.view_limit != 1
