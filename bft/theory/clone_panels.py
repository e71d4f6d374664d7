"""Exact law of one decision by own answers where several nodes run the same model: right, wrong, or nothing.

Who is right: the two factors of `bft.theory.shared_models`, g of all and h_m of each model, with r between models and ρ
within one. Given both, nodes err independently. Which wrong answer: the first node of a model draws from the urn of
`bft.theory.wrong_answers`, and each further one repeats the first's draw with probability κ, else draws for itself;
with probability τ the question is a trap, and all draws are the same.

So the wrong answers of a model with k repetitions and s draws of their own count as one draw of weight k and s of
weight 1. The draws are exchangeable, so the probability that c of t draws are one answer and all others are not is that
of the urn, whichever c they are; a quorum above half is reached by one answer at most. Decided is where a quorum gave
one answer, as with a ballot, and as with PBFT if more views are allowed than nodes may be missing from a quorum. Faulty
nodes crash: they give no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, inf, isinf, prod, sqrt

import numpy as np
from scipy import special

from bft.core.quorum import QuorumSystem
from bft.errors import UnsupportedError, bad_value
from bft.theory.faults import FaultLaw
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, equal_weights, same_nodes
from bft.theory.shared_models import STEP, normal_nodes

MOST_NODES = 10
MOST_STATES = 5000  # of the draws of wrong answers
CLOSEST = 1.0 - (2.0 * STEP) ** 2
"""Beyond this ρ a node's chance is a step in h, which the rule misses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClonePanel:
    """A panel of which several nodes run the same model."""

    models: tuple[int, ...]
    """The model of each node."""
    accuracy: tuple[float, ...]
    no_answer: tuple[float, ...]
    """Probability of each node that it is right, and that it gives no answer where it is not."""
    between: float
    within: float
    """r and ρ, with 0 ≤ r ≤ ρ."""
    same_wrong: float
    """κ."""
    options: int
    """K, the number of wrong answers."""
    tau: float = 0.0
    k_alpha: float = inf
    """τ and Kα."""
    flawed: float = 0.0
    """Share of questions that nobody gets right; `accuracy` is of the others."""


_Node = tuple[float, float, float]
"""Its chance of being right, of no answer where it is not, and of its model's shared draw where it gives one."""


def clone_law(system: QuorumSystem, faults: FaultLaw, panel: ClonePanel) -> OutcomeLaw:
    """Return how a decision ends; see the top of this file.

    Parameters
    ----------
    system : QuorumSystem
        Of equal weights, with a quorum above half.
    faults : FaultLaw
        Who crashes, independently of who is right.
    panel : ClonePanel
        Who answers what.

    Raises
    ------
    UnsupportedError
        If n is above 10, the quorum is no majority, ρ is too close to 1, or the models share too many nodes.
    """
    n = system.n
    same_nodes(system, faults.n, "faults")
    same_nodes(system, len(panel.models), "models")
    equal_weights(system, "a panel of clones")
    quorum = -(-system.quorum // system.weights[0])
    if n > MOST_NODES:
        raise UnsupportedError(bad_value("n", n, f"must be at most {MOST_NODES} for a panel of clones"))
    if 2 * quorum <= n:
        raise UnsupportedError(bad_value("quorum", quorum, "must be above half of the nodes for a panel of clones"))
    if panel.within > CLOSEST:
        raise UnsupportedError(bad_value("within", panel.within, f"must be at most {CLOSEST:g} for a panel of clones"))
    correct, wrong = np.zeros(2**n), np.zeros(2**n)
    known: dict[tuple[tuple[_Node, ...], ...], tuple[float, float]] = {}
    for faulty in range(2**n):
        live = [node for node in range(n) if not faulty >> node & 1]
        if len(live) < quorum:
            continue
        groups = _groups(panel, live)
        if groups not in known:
            known[groups] = _decided(panel, groups, quorum)
        correct[faulty], wrong[faulty] = known[groups]
    right, mistaken = faults.over_subsets(correct), faults.over_subsets(wrong)
    return outcome_law(correct=right, wrong=mistaken, stalled=1.0 - right - mistaken)


def _groups(panel: ClonePanel, live: Sequence[int]) -> tuple[tuple[_Node, ...], ...]:
    """Return the live nodes of each model, in an order in which equal panels are the same."""
    found: dict[int, list[_Node]] = {}
    for node in live:
        model = panel.models[node]
        shares = 1.0 if panel.models.index(model) == node else panel.same_wrong
        alone = panel.models.count(model) == 1
        told = (panel.accuracy[node], panel.no_answer[node], 0.0 if alone else shares)
        found.setdefault(model, []).append(told)
    return tuple(sorted(tuple(sorted(nodes)) for nodes in found.values()))


def _decided(panel: ClonePanel, groups: tuple[tuple[_Node, ...], ...], quorum: int) -> tuple[float, float]:
    """P(a quorum is right), P(a quorum gives one wrong answer) of live nodes."""
    _, weight = normal_nodes()
    tables = [_of_model(panel, nodes) for nodes in groups]
    sound = 1.0 - panel.flawed
    correct = sound * float(weight @ _sum_of([right for right, _ in tables])[:, quorum:].sum(axis=1))
    wrong = sound * _wrong_quorum(panel, [draws for _, draws in tables], weight, quorum)
    if panel.flawed > 0.0:
        none = [_no_right(nodes) for nodes in groups]
        wrong += panel.flawed * _wrong_quorum(panel, none, np.ones(1), quorum)
    return correct, wrong


def _of_model(panel: ClonePanel, nodes: tuple[_Node, ...]) -> tuple[Array, Array]:
    """For each g: P(so many are right), and P(k give the model's shared draw and s draws of their own)."""
    factor, weight = normal_nodes()
    common = sqrt(panel.between) * factor[:, np.newaxis]
    of_model = sqrt(panel.within - panel.between) * factor[np.newaxis, :]
    size = len(nodes)
    right = np.zeros((size + 1, len(factor), len(factor)))
    draws = np.zeros((size + 1, size + 1, len(factor), len(factor)))
    right[0] = draws[0, 0] = 1.0
    for accuracy, no_answer, shares in nodes:
        limit = special.ndtri(accuracy)
        chance = special.ndtr((limit - common - of_model) / sqrt(1.0 - panel.within))
        right[1:] = right[1:] * (1.0 - chance) + right[:-1] * chance
        right[0] *= 1.0 - chance
        draws = _one_more(draws, (1.0 - chance) * (1.0 - no_answer), shares)
    return (right @ weight).T, np.moveaxis(draws @ weight, -1, 0)


def _no_right(nodes: tuple[_Node, ...]) -> Array:
    """The draws of a model where nobody is right, as the one case that there is."""
    draws = np.zeros((len(nodes) + 1, len(nodes) + 1))
    draws[0, 0] = 1.0
    for _, no_answer, shares in nodes:
        draws = _one_more(draws, np.array(1.0 - no_answer), shares)
    return draws[np.newaxis]


def _one_more(draws: Array, wrong: Array, shares: float) -> Array:
    """Add a node that gives a wrong answer with a probability, and then its model's shared draw with another."""
    more = draws * (1.0 - wrong)
    more[1:] += draws[:-1] * (wrong * shares)
    more[:, 1:] += draws[:, :-1] * (wrong * (1.0 - shares))
    return np.asarray(more)


def _sum_of(laws: Sequence[Array]) -> Array:
    """Return the law of a sum of independent numbers, for each g; all of shape (g, size + 1)."""
    total = np.ones((len(laws[0]), 1))
    for law in laws:
        longer = np.zeros((len(law), total.shape[1] + law.shape[1] - 1))
        for number in range(law.shape[1]):
            longer[:, number : number + total.shape[1]] += total * law[:, number, np.newaxis]
        total = longer
    return total


def _wrong_quorum(panel: ClonePanel, draws: Sequence[Array], weight: Array, quorum: int) -> float:
    """P(a quorum gives one wrong answer), summed over what each model draws."""
    shared = [range(table.shape[1]) if table[:, 1:].any() else range(1) for table in draws]
    alone = sum(table.shape[2] - 1 for table in draws)
    if prod(len(each) for each in shared) * (alone + 1) > MOST_STATES:
        raise UnsupportedError(bad_value("models", len(draws), "share too many nodes for the law of a panel of clones"))
    found = 0.0
    for repeated in product(*shared):
        singles = _sum_of([table[:, times] for table, times in zip(draws, repeated, strict=True)])
        if sum(repeated) + singles.shape[1] <= quorum:
            continue
        chances = weight @ singles
        for number, chance in enumerate(chances.tolist()):
            if chance > 0.0 and sum(repeated) + number >= quorum:
                found += chance * _class_of(panel, [times for times in repeated if times], number, quorum)
    return found


def _class_of(panel: ClonePanel, repeated: Sequence[int], singles: int, quorum: int) -> float:
    """P(one answer has a quorum | draws of these weights, and so many of weight 1), which are a quorum together."""
    draws = len(repeated) + singles
    ways = np.zeros(draws + 1)  # to choose so many draws that are a quorum
    for chosen in product((0, 1), repeat=len(repeated)):
        held = sum(times for times, taken in zip(repeated, chosen, strict=True) if taken)
        for number in range(max(0, quorum - held), singles + 1):
            ways[sum(chosen) + number] += comb(singles, number)
    by_urn = panel.options * float(ways @ _one_answer(panel, draws))
    return panel.tau + (1.0 - panel.tau) * by_urn


def _one_answer(panel: ClonePanel, draws: int) -> Array:
    """P(these c of t draws are one given answer, and the others are not), for c = 0 … t."""
    number = np.arange(draws + 1, dtype=np.float64)
    if panel.options == 1:
        return np.asarray(number == draws, dtype=np.float64)
    if isinf(panel.k_alpha):
        share = 1.0 / panel.options
        return np.asarray(share**number * (1.0 - share) ** (draws - number))
    alpha, others = panel.k_alpha / panel.options, panel.k_alpha * (1.0 - 1.0 / panel.options)
    whole = special.betaln(alpha, others)
    return np.asarray(np.exp(special.betaln(alpha + number, others + draws - number) - whole))
