"""How many validators a panel really has: what is left of n votes when errors go together.

The effective number of votes is Kish's, n/(1 + (n − 1)·φ̄), with φ̄ the mean correlation of two members' being wrong: a
mean of n correlated errors varies as much as one of so many independent ones. Beside it stand

- the size of a panel of independent members, of the same mean accuracy, of which a quorum is wrong as often;
- the accuracy of the members' plurality, ties shared out, and that of the same members if they erred independently
  (Condorcet's null model, by majority);
- for every pair φ, CAPA's κ_p = (c − e)/(1 − e), agreement c beyond that of independent models of these accuracies,
  e = a_i·a_j + (1 − a_i)(1 − a_j)/K with K wrong answers, and how often two that are wrong give the same wrong answer;
- groups of members that err together: clusters of average linkage in which φ is at least a threshold. BFT counts nodes,
  but members that err together fail together: the bound f should hold the largest group.

References
----------
Kish, *Survey Sampling*, 1965. *Nine Judges, Two Effective Votes*, arXiv 2605.29800. Kim et al., *Correlated Errors in
Large Language Models*, 2025. Goel et al., *Great Models Think Alike and this Undermines AI Oversight*, 2025 (CAPA).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import poisson_binom

from bft.core.quorum import QuorumSystem, max_faults
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats
from bft.theory import binomial
from bft.validators.answers import RIGHT, Codes

TOGETHER = 0.5
"""φ from which members count as one group."""

_MOST_INDEPENDENT = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectiveVotes:
    """How alike the errors of a panel are.

    Attributes
    ----------
    models : tuple of str
        The members.
    votes : float
        Effective number of votes; infinite where errors cancel each other.
    mean_phi : float
        φ̄; 0 where no two members ever err.
    accuracy : ndarray of shape (n,)
        Of each member.
    phi, capa, same_wrong : ndarray of shape (n, n)
        Correlation of being wrong, κ_p, and P(same wrong answer | both gave a wrong one); nan where never seen.
    plurality : float
        Accuracy of the plurality, ties shared out.
    condorcet : float
        Accuracy of the majority if the members erred independently, ties shared out.
    wrong_quorum : float
        How often a quorum of ⌈(n + f + 1)/2⌉ members is wrong, whatever they say.
    independent_size : int or None
        Members of the smallest independent panel of which a quorum is wrong no more often; None beyond 400.
    groups : tuple of tuple of str
        Members that err together, the largest group first.
    order : tuple of int
        Members in the order of the dendrogram.
    tree : ndarray
        The linkage, as scipy draws it.
    """

    models: tuple[str, ...]
    votes: float
    mean_phi: float
    accuracy: Floats
    phi: Floats
    capa: Floats
    same_wrong: Floats
    plurality: float
    condorcet: float
    wrong_quorum: float
    independent_size: int | None
    groups: tuple[tuple[str, ...], ...]
    order: tuple[int, ...]
    tree: Floats

    @property
    def tolerated(self) -> int:
        """Faulty members that the number of nodes tolerates: f."""
        return max_faults(len(self.models))

    @property
    def bound_holds(self) -> bool:
        """Whether f is at least the largest group of members that err together."""
        return len(self.groups[0]) <= self.tolerated

    @property
    def sentence(self) -> str:
        """What it comes to."""
        n, largest = len(self.models), len(self.groups[0])
        verdict = "holds" if self.bound_holds else "does not hold"
        votes = f"{self.votes:.2f}" if np.isfinite(self.votes) else "infinitely many"
        told = (
            f"{n} models are worth {votes} independent votes; the largest group that errs together has "
            f"{largest}, and f = {self.tolerated} {verdict} if it fails as one."
        )
        unknown = int(((self.accuracy <= 0.0) | (self.accuracy >= 1.0)).sum())
        if unknown:
            told += f" {unknown} of them never erred, or always: of what their errors have in common nothing is known."
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return it in types that JSON knows."""

        def plain(values: Floats) -> list[list[float | None]]:
            return [[round(float(each), 5) if np.isfinite(each) else None for each in row] for row in values]

        return {
            "models": list(self.models),
            "effective_votes": self.votes if np.isfinite(self.votes) else None,
            "mean_phi": self.mean_phi,
            "accuracy": [float(each) for each in self.accuracy],
            "phi": plain(self.phi),
            "capa": plain(self.capa),
            "same_wrong": plain(self.same_wrong),
            "plurality": self.plurality,
            "condorcet": self.condorcet,
            "wrong_quorum": self.wrong_quorum,
            "independent_size": self.independent_size,
            "groups": [list(group) for group in self.groups],
            "largest_group": len(self.groups[0]),
            "f": self.tolerated,
            "bound_holds": self.bound_holds,
            "sentence": self.sentence,
        }


def effective_votes(
    codes: Codes,
    *,
    models: Sequence[str] | None = None,
    chance: Floats | None = None,
    options: float | None = None,
    together: float = TOGETHER,
) -> EffectiveVotes:
    """Return how alike the errors of a panel are; see the top of this file.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, n)
        0 right, -1 nothing parseable, equal positive codes are equal wrong answers of the question.
    models : sequence of str, optional
        Names of the members.
    chance : ndarray of shape (questions,), optional
        Probability of each row; by default all count alike.
    options : float, optional
        Number K of wrong answers, for CAPA; by default free answers, K = ∞.
    together : float
        φ from which members count as one group.

    Examples
    --------
    >>> import numpy as np
    >>> round(effective_votes(np.array([[0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]])).votes, 3)
    1.227
    """
    given = np.asarray(codes)
    if given.ndim != 2 or given.shape[0] < 1 or given.shape[1] < 2:
        raise ScenarioError(bad_value("codes.shape", given.shape, "must be (at least 1 question, at least 2 models)"))
    questions, n = given.shape
    weight = np.full(questions, 1.0 / questions) if chance is None else np.asarray(chance) / np.sum(chance)
    right = (given == RIGHT).astype(np.float64)
    accuracy = weight @ right
    always = (right[weight > 0.0] == right[weight.argmax()]).all(axis=0)
    accuracy[always] = right[weight.argmax(), always]  # exactly: a sum of weights may round to less than 1
    phi = _phi(right, weight)
    pairs = phi[np.triu_indices(n, 1)]
    mean_phi = float(np.where(np.isnan(pairs), 0.0, pairs).mean())
    spread = 1.0 + (n - 1) * mean_phi
    tree = _tree(phi)
    groups = _groups(tree, together)
    names = tuple(models) if models is not None else tuple(f"model-{place + 1}" for place in range(n))
    system = QuorumSystem.of(n)
    wrong_quorum = float(weight @ ((n - right.sum(axis=1)) >= system.quorum))
    return EffectiveVotes(
        models=names,
        votes=n / spread if spread > 1e-9 else np.inf,
        mean_phi=mean_phi,
        accuracy=accuracy,
        phi=phi,
        capa=_capa(given, weight, accuracy, options),
        same_wrong=_same_wrong(given, weight),
        plurality=float(weight @ plurality_shares(given)),
        condorcet=_condorcet(accuracy),
        wrong_quorum=wrong_quorum,
        independent_size=_independent_size(float(accuracy.mean()), wrong_quorum),
        groups=tuple(tuple(names[member] for member in group) for group in groups),
        order=tuple(member for group in _leaves(tree, n) for member in (group,)),
        tree=tree,
    )


def plurality_shares(codes: Codes) -> Floats:
    """Return each question's chance of a right plurality, where a tie at the top is decided by lot."""
    right = (codes == RIGHT).sum(axis=1)
    largest, tied = np.zeros(len(codes), dtype=np.intp), np.zeros(len(codes), dtype=np.intp)
    for code in range(1, int(codes.max(initial=0)) + 1):
        size = (codes == code).sum(axis=1)
        tied = np.where(size > largest, 1, tied + ((size == largest) & (size > 0)))
        largest = np.maximum(largest, size)
    lot = np.where(right == largest, 1.0 / (1.0 + tied), (right > largest).astype(np.float64))
    return np.where(right > 0, lot, 0.0)


def _phi(right: Floats, weight: Floats) -> Floats:
    """Return the correlation of being wrong; nan where a member is always right, or always wrong."""
    mean = weight @ right
    centred = right - mean
    cover = (centred * weight[:, np.newaxis]).T @ centred
    spread = np.sqrt(np.diag(cover))
    with np.errstate(divide="ignore", invalid="ignore"):
        phi = cover / np.outer(spread, spread)
    phi[spread <= 1e-12] = np.nan
    phi[:, spread <= 1e-12] = np.nan
    np.fill_diagonal(phi, 1.0)
    return np.asarray(phi)


def _capa(codes: Codes, weight: Floats, accuracy: Floats, options: float | None) -> Floats:
    n = codes.shape[1]
    agree = np.array(
        [[weight @ ((codes[:, i] == codes[:, j]) & (codes[:, i] >= RIGHT)) for j in range(n)] for i in range(n)]
    )
    by_chance = np.outer(accuracy, accuracy)
    if options is not None:
        by_chance = by_chance + np.outer(1.0 - accuracy, 1.0 - accuracy) / options
    with np.errstate(divide="ignore", invalid="ignore"):
        capa = (agree - by_chance) / (1.0 - by_chance)
    np.fill_diagonal(capa, 1.0)
    return np.asarray(capa)


def _same_wrong(codes: Codes, weight: Floats) -> Floats:
    n = codes.shape[1]
    found = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            both = (codes[:, i] > RIGHT) & (codes[:, j] > RIGHT)
            if (total := weight @ both) > 0.0:
                found[i, j] = weight @ (both & (codes[:, i] == codes[:, j])) / total
    return found


def _condorcet(accuracy: Floats) -> float:
    n = len(accuracy)
    law = np.asarray(poisson_binom.pmf(np.arange(n + 1), np.clip(accuracy, 0.0, 1.0)))
    share = np.arange(n + 1) * 2
    return float(law[share > n].sum() + law[share == n].sum() / 2.0)


def _independent_size(accuracy: float, wrong_quorum: float) -> int | None:
    """Return the smallest n whose quorum is wrong no more often, where members err independently."""
    for size in range(1, _MOST_INDEPENDENT + 1):
        often = float(np.sum(binomial.pmf(np.arange(QuorumSystem.of(size).quorum, size + 1), size, 1.0 - accuracy)))
        if often <= wrong_quorum:
            return size
    return None


def _tree(phi: Floats) -> Floats:
    distance = 1.0 - np.where(np.isnan(phi), 0.0, phi)
    distance = np.clip((distance + distance.T) / 2.0, 0.0, 2.0)
    np.fill_diagonal(distance, 0.0)
    return np.asarray(linkage(squareform(distance, checks=False), method="average"))


def _groups(tree: Floats, together: float) -> list[list[int]]:
    labels = fcluster(tree, t=1.0 - together, criterion="distance").tolist()
    groups = [[member for member, label in enumerate(labels) if label == each] for each in dict.fromkeys(labels)]
    return sorted(groups, key=lambda group: (-len(group), group))


def _leaves(tree: Floats, n: int) -> list[int]:
    """Return the members in the order in which a dendrogram shows them."""
    held: dict[int, list[int]] = {member: [member] for member in range(n)}
    for number, (left, right) in enumerate(tree[:, :2].astype(int).tolist()):
        held[n + number] = held[left] + held[right]
    return held[n + len(tree) - 1]
