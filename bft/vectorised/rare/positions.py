"""Sets of nodes given their number in which some nodes are favoured: those that lead, and those that weigh much.

With few views all stalls where every node that leads is faulty or fails, whoever else does; and where judges decide,
it takes no more than one that leads and errs to have something wrong accepted. With stakes a few heavy
nodes may matter more than many light ones. A mode multiplies the odds of each node to be in a set; given the number of
members a set is then likelier by a product over its members, up to a factor that sums over sets give.
"""

from __future__ import annotations

import numpy as np

from bft.randomness import Floats
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.validators.check_settings import JudgeSettings
from bft.vectorised.counted_sets import CountedSets
from bft.vectorised.fault_sets import FaultSets
from bft.vectorised.streams import Flags, Ints

LEADING = 10.0  # times n: by how much the odds of a node that leads are multiplied
HEAVY = (1.0, 3.0)  # logarithm of the same, for a weight of one standard deviation above the mean


def favours(scenario: Scenario, outcomes: tuple[Outcome, ...]) -> Floats:
    """Return the logarithm of each node's factor, a row for each mode; the first is none."""
    system, n = scenario.system, scenario.n
    turns = min(n, scenario.view_limit or n)
    weights = np.array(system.weights, dtype=np.float64)
    rows = [np.zeros(n)]
    judged = isinstance(getattr(scenario.validators, "check", None), JudgeSettings)
    if turns < n and (Outcome.STALLED in outcomes or (judged and Outcome.AGREED_WRONG in outcomes)):
        rows.append(np.where(np.arange(n) < turns, np.log(LEADING * n), 0.0))
    if weights.std() > 0.0:
        rows += [row + steepness * (weights - weights.mean()) / weights.std() for row in rows for steepness in HEAVY]
    return np.array(rows)


class FavouredFaults:
    """Faulty sets given their number.

    Parameters
    ----------
    faults : FaultSets
        Their law.
    favour : ndarray, shape (modes, n)
        See `favours`.
    """

    def __init__(self, faults: FaultSets, favour: Floats) -> None:
        self._favour = favour
        chance, self._scale = tilted(faults.delta[None], favour)
        self._sets = [CountedSets(each) for each in chance]

    def draw(self, faulty: int, mode: Ints, generator: np.random.Generator) -> tuple[Flags, Floats]:
        """Draw sets of so many nodes; return also the logarithm of each mode's ratio, shape (modes, runs)."""
        drawn = np.zeros((len(mode), self._favour.shape[1]), dtype=np.bool_)
        for number, sets in enumerate(self._sets):
            these = np.flatnonzero(mode == number)
            members = np.full(len(these), faulty)
            drawn[these] = sets.draw(np.zeros(len(these), dtype=np.intp), members, generator)
        whole = np.array([sets.weight[0, faulty] for sets in self._sets])
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.log(whole[0] / whole) - self._scale[:, 0]
        return drawn, self._favour @ drawn.T + factor[:, None]


def members_of(
    chance: Floats, members: int, favour: Floats, mode: Ints, generator: np.random.Generator
) -> tuple[Flags, Floats, Floats]:
    """Draw sets of so many members, each from probabilities of its own.

    Parameters
    ----------
    chance : ndarray, shape (runs, n)
        Probability of each node to be a member.
    members : int
        How many there are.
    favour : ndarray, shape (modes, n)
        See `favours`.
    mode : ndarray of int, shape (runs,)
        By which mode each set is drawn.
    generator : Generator
        What draws.

    Returns
    -------
    sets : ndarray of bool, shape (runs, n)
        The members.
    whole : ndarray, shape (runs,)
        Probability of so many members without any favour.
    ratios : ndarray, shape (modes, runs)
        The logarithm of how much likelier each set is by each mode.
    """
    runs, n = chance.shape
    every = np.arange(runs)
    inside, scale = tilted(chance, favour)
    later = np.zeros((n + 1, runs, members + 2))  # the last column stays 0: that of -1
    own = inside[mode, every]
    whole = [_number(each, members) for each in inside]
    later[n, :, 0] = 1.0
    for node in reversed(range(n)):
        later[node] = later[node + 1] * (1.0 - own[:, node, None])
        later[node, :, 1:-1] += later[node + 1, :, :-2] * own[:, node, None]
    sets, left = np.zeros((runs, n), dtype=np.bool_), np.full(runs, members)
    for node in range(n):
        chosen = own[:, node] * later[node + 1, every, left - 1]
        sets[:, node] = generator.random(runs) * later[node, every, left] < chosen
        left -= sets[:, node]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.log(whole[0] / np.array(whole)) - scale
    factor[:, whole[0] <= 0.0] = 0.0  # of sets that cannot be, which count for nothing
    return sets, whole[0], favour @ sets.T + factor


def tilted(chance: Floats, favour: Floats) -> tuple[Floats, Floats]:
    """Return probabilities with their odds multiplied, and the logarithms of ∏ (1 − p + p·factor), by mode."""
    factor = np.exp(favour)[:, None, :]
    scale = 1.0 - chance + chance * factor
    return np.asarray(chance * factor / scale), np.asarray(np.log(scale).sum(axis=2))


def _number(chance: Floats, members: int) -> Floats:
    """Return the probability of so many members, shape (runs,)."""
    weight = np.zeros((len(chance), members + 1))
    weight[:, 0] = 1.0
    for inside in chance.T:
        further = weight[:, :-1] * inside[:, None]
        weight *= (1.0 - inside)[:, None]
        weight[:, 1:] += further
    return weight[:, members]
