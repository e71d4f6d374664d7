"""What so many equal answers are worth: whether they are a quorum, and whether another answer could have one too."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bft.arguments import check_whole
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_MEMBERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A tally, judged.

    Attributes
    ----------
    safe : bool
        Whether it decides, and no other answer can be decided as long as at most `tolerated` members lie.
    verdict : str
        The same in words.
    members, agreeing, failed, others : int
        What was counted; others gave another answer, or none that could be read.
    tolerated, quorum : int
        Faulty members tolerated, and the votes that decide.
    decides : bool
        Whether those who agree are a quorum.
    missing : int
        Votes that are missing to a quorum.
    reachable : bool
        Whether members that did not fail can still be a quorum, if all agreed.
    shared : int
        Members that any two sets of so many votes share at least; 0 or less: they need not share any.
    liars_withstood : int
        So many members may vote twice without two answers having so many votes; −1: not even none.
    rival : int
        Votes that another answer has at most, failed calls included.
    """

    safe: bool
    verdict: str
    members: int
    agreeing: int
    failed: int
    others: int
    tolerated: int
    quorum: int
    decides: bool
    missing: int
    reachable: bool
    shared: int
    liars_withstood: int
    rival: int

    def to_dict(self) -> dict[str, Any]:
        """Return it in types that JSON knows."""
        return asdict(self)


def check_tally(
    members: int, agreeing: int, *, failed: int = 0, faulty: int | None = None, quorum: int | None = None
) -> Tally:
    """Judge a tally of equal votes.

    Parameters
    ----------
    members : int
        Of the panel.
    agreeing : int
        Members that gave the same answer.
    failed : int
        Members whose call failed, or whose reply nobody could read.
    faulty : int, optional
        Faulty members to be tolerated; by default ⌊(n − 1) / 3⌋.
    quorum : int, optional
        Votes that decide; by default ⌈(n + f + 1) / 2⌉.

    Raises
    ------
    ScenarioError
        If there is no such tally.

    Examples
    --------
    >>> check_tally(5, 3, failed=1).safe, check_tally(5, 4, failed=1).safe
    (False, True)
    >>> print(check_tally(5, 3, failed=1).verdict)  # doctest: +ELLIPSIS
    Not safe: 3 of 5 are no quorum. With f = 1 it takes 4 of 5, one more. Two sets of 3 share ...
    """
    check_whole("members", members, ScenarioError, least=1, most=MOST_MEMBERS)
    check_whole("agreeing", agreeing, ScenarioError, least=0, most=members)
    check_whole("failed", failed, ScenarioError, least=0, most=members)
    if agreeing + failed > members:
        told = f"must be at most {members - agreeing}: {agreeing} of {members} members agree"
        raise ScenarioError(bad_value("failed", failed, told))
    system = QuorumSystem.of(members, f=faulty, quorum=quorum)
    shared = 2 * agreeing - members
    decides = agreeing >= system.quorum
    safe = decides and shared > system.tolerated
    found = Tally(
        safe=safe,
        verdict="",
        members=members,
        agreeing=agreeing,
        failed=failed,
        others=members - agreeing - failed,
        tolerated=system.tolerated,
        quorum=system.quorum,
        decides=decides,
        missing=max(0, system.quorum - agreeing),
        reachable=members - failed >= system.quorum,
        shared=shared,
        liars_withstood=max(-1, shared - 1),
        rival=members - agreeing,
    )
    return Tally(**{**found.to_dict(), "verdict": _verdict(found)})


def _verdict(tally: Tally) -> str:
    so_many = f"{tally.agreeing} of {tally.members}"
    twice = {True: "need share no member", False: f"share at least {tally.shared}"}[tally.shared <= 0]
    overlap = f"Two sets of {tally.agreeing} {twice}"
    if not tally.decides:
        more = "one more" if tally.missing == 1 else f"{tally.missing} more"
        told = f"Not safe: {so_many} are no quorum. With f = {tally.tolerated} it takes {tally.quorum}"
        told += f" of {tally.members}, {more}. {overlap}, so {_liars(tally)}."
    elif tally.safe:
        told = f"Safe: {so_many} are a quorum of {tally.quorum}. {overlap}, and at most {tally.tolerated} may lie,"
        told += " so no other answer can be decided."
    else:
        told = f"Not safe: {so_many} are the quorum asked for, but {overlap.lower()}, so {_liars(tally)}."
    if tally.failed:
        reach = "can still" if tally.reachable else "can no longer"
        told += f" With {tally.failed} failed, the others {reach} be a quorum."
    return f"{told} Safe is not right: members may err together."


def _liars(tally: Tally) -> str:
    if tally.shared <= 0:
        return "another answer may have as many votes though nobody lies"
    liars = "1 member that votes twice" if tally.shared == 1 else f"{tally.shared} members that vote twice"
    return f"{liars} can give another answer as many votes"
