r"""Providers as common causes of failure: the law of a quorum that must span several of them.

Each provider fails as a whole with a probability of its own, independently of the others, and takes all of its members
with it; beside that each member fails by itself. Members that work vote for the right answer with a probability, else
for one wrong answer that all wrong members share: the worst case. The beta-factor model of reliability engineering [1]_
is the case of one probability for all.

With :math:`W_g` members of provider g that vote for the answer, the quorum stands if :math:`\sum_g W_g \ge q` and at
least k of the :math:`W_g` are positive. Given its provider works, :math:`W_g` is binomial; the law of (sum, number of
positive ones) is convolved provider by provider, which is exact.

References
----------
.. [1] K. N. Fleming, "A reliability model for common mode failures in redundant safety systems", 1975.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bft.errors import ScenarioError, bad_value


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLaw:
    """What becomes of a ballot by quorum.

    Attributes
    ----------
    right, wrong, nothing : float
        Probability that a quorum stands behind the right answer, behind the wrong one, or behind none.
    """

    right: float
    wrong: float
    nothing: float


def provider_law(
    providers: Sequence[str],
    *,
    quorum: int,
    least_providers: int = 1,
    p_provider: float | Mapping[str, float],
    p_member: float | Sequence[float] = 0.0,
    accuracy: float | Sequence[float] = 1.0,
) -> ProviderLaw:
    """Return the law of one ballot.

    Parameters
    ----------
    providers : sequence of str
        The provider of each member.
    quorum : int
        Votes that decide; more than half of the members.
    least_providers : int
        Providers from which they must come.
    p_provider : float or mapping
        Probability that a provider fails as a whole; of each by its name.
    p_member : float or sequence
        Probability that a member fails though its provider works.
    accuracy : float or sequence
        Probability that a member that works votes for the right answer.

    Raises
    ------
    ScenarioError
        If a probability, the quorum or the number of providers is not possible.

    Examples
    --------
    >>> alone = provider_law(["a", "a", "a", "b"], quorum=3, p_provider=0.1)
    >>> spread = provider_law(["a", "b", "c", "d"], quorum=3, p_provider=0.1)
    >>> round(alone.right, 6), round(spread.right, 6)
    (0.9, 0.9477)
    >>> both = provider_law(["a", "a", "a", "b"], quorum=3, least_providers=2, p_provider=0.1)
    >>> round(both.right, 6)
    0.81
    """
    n, names = len(providers), list(dict.fromkeys(providers))
    if not n / 2 < quorum <= n:
        raise ScenarioError(bad_value("quorum", quorum, f"must be more than half of {n} members, and at most all"))
    if not 1 <= least_providers <= len(names):
        allowed = f"must be between 1 and {len(names)}, the providers that there are"
        raise ScenarioError(bad_value("least_providers", least_providers, allowed))
    fails = _each("p_member", p_member, n)
    right = _each("accuracy", accuracy, n)
    outages = [p_provider.get(name, 0.0) if isinstance(p_provider, Mapping) else p_provider for name in names]
    _each("p_provider", outages, len(names))
    groups = [[member for member in range(n) if providers[member] == name] for name in names]

    def stands(votes: Sequence[float]) -> float:
        law = np.zeros((n + 1, len(names) + 1))
        law[0, 0] = 1.0
        for members, outage in zip(groups, outages, strict=True):
            law = _with(law, _votes([votes[member] for member in members]), outage)
        return float(law[quorum:, least_providers:].sum())

    good = stands([(1.0 - fail) * a for fail, a in zip(fails, right, strict=True)])
    bad = stands([(1.0 - fail) * (1.0 - a) for fail, a in zip(fails, right, strict=True)])
    return ProviderLaw(right=good, wrong=bad, nothing=max(0.0, 1.0 - good - bad))


def _votes(probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Return the law of the number of votes of members that vote independently."""
    counts = np.arange(len(probabilities) + 1)
    return np.asarray(stats.poisson_binom.pmf(counts, probabilities), dtype=np.float64)


def _with(law: NDArray[np.float64], votes: NDArray[np.float64], outage: float) -> NDArray[np.float64]:
    """Convolve the law of (votes, providers behind them) with one more provider."""
    pmf = votes * (1.0 - outage)
    pmf[0] += outage
    result: NDArray[np.float64] = law * pmf[0]
    for count, p in enumerate(pmf[1:], start=1):
        result[count:, 1:] += law[:-count, :-1] * p
    return result


def _each(name: str, value: float | Sequence[float], n: int) -> list[float]:
    values = [float(value)] * n if isinstance(value, int | float) else [float(each) for each in value]
    if len(values) != n:
        raise ScenarioError(bad_value(name, len(values), f"must be one number, or {n}"))
    for each in values:
        if not 0.0 <= each <= 1.0:
            raise ScenarioError(bad_value(name, each, "must be between 0 and 1"))
    return values
