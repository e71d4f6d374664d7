"""Rules that add up weights, as numbers: for those who count many ballots at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from bft.voting.approval import Approval
from bft.voting.confidence import MILLIONTHS, ConfidenceWeighted
from bft.voting.plurality import Plurality
from bft.voting.quorum import Quorum
from bft.voting.rule import Rule
from bft.voting.weighted import Weighted

LARGEST_WEIGHT = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """A rule that adds up weights.

    Attributes
    ----------
    weights : tuple of int
        The most that each voter's vote can weigh; what it does weigh unless confidence is stated.
    need : int
        Least weight with which an answer wins.
    lowest : bool
        Whether a tie goes to the answer with the lowest-numbered voter; else it decides nothing.
    stated : bool
        Whether votes weigh what their voters say of themselves, in millionths.
    judged : bool
        Whether a vote is for every answer that its voter accepts.
    """

    weights: tuple[int, ...]
    need: int = 1
    lowest: bool = False
    stated: bool = False
    judged: bool = False


def counting_of(rule: Rule, n: int) -> Counting | None:
    """Return a rule as numbers; None where it is none of those of `bft.voting` that add up, or its sums are too large.

    Examples
    --------
    >>> from bft.voting import Weighted
    >>> counting_of(Weighted(weights=(4, 2, 2), need=5), 3)
    Counting(weights=(2, 1, 1), need=3, lowest=False, stated=False, judged=False)
    """
    kind = type(rule)
    lowest = getattr(rule, "ties", "undecided") == "lowest_voter"
    if kind is Plurality:
        return Counting(weights=(1,) * n, lowest=lowest)
    if kind is ConfidenceWeighted:
        return Counting(weights=(MILLIONTHS,) * n, lowest=lowest, stated=True)
    if isinstance(rule, Quorum | Approval) and kind in (Quorum, Approval):
        weights, need = rule.system.weights, rule.system.quorum
    elif isinstance(rule, Weighted) and kind is Weighted:
        weights, need = rule.weights, rule.need
    else:
        return None
    if len(weights) != n or (sum(weights) + 1) * (n + 2) >= LARGEST_WEIGHT:
        return None
    unit = gcd(*weights) or 1
    return Counting(
        weights=tuple(weight // unit for weight in weights),
        need=-(-need // unit),
        lowest=lowest,
        judged=kind is Approval,
    )
