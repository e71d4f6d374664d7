"""What can be examined by name: protocols, and the bugs that are seeded in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from bft.checking import mutants
from bft.checking.ballots import mutants as ballot_mutants
from bft.checking.ballots.subject import RULES, ballot
from bft.checking.membership import mutants as membership_mutants
from bft.checking.membership.subject import membership
from bft.checking.seeded_bug import SeededBug
from bft.checking.subject import Subject
from bft.checking.subjects import pbft
from bft.errors import ScenarioError, bad_value


class Examined(NamedTuple):
    """How to make a protocol, and its seeded bugs."""

    make: Callable[[], Subject]
    bugs: Sequence[SeededBug]


PROTOCOLS: Mapping[str, Examined] = {
    "pbft": Examined(pbft, mutants.MUTANTS),
    "membership": Examined(membership, membership_mutants.MUTANTS),
    "ballot": Examined(ballot, ballot_mutants.MUTANTS),
    **{f"ballot-{rule}": Examined(partial(ballot, rule), ()) for rule in RULES if rule != "quorum"},
}
"""A ballot's bugs bring their own rules, so all of them stand under its plain name."""


def subject_of(protocol: str, mutant: str | None = None) -> Subject:
    """Return a protocol by its name, with a seeded bug if one is named.

    Raises
    ------
    ScenarioError
        If there is no such protocol or bug.
    """
    examined = examined_as(protocol)
    return examined.make() if mutant is None else bug(protocol, mutant).subject()


def examined_as(protocol: str) -> Examined:
    """Return what stands under a name.

    Raises
    ------
    ScenarioError
        If nothing does.
    """
    if protocol not in PROTOCOLS:
        raise ScenarioError(bad_value("protocol", protocol, f"must be one of {', '.join(PROTOCOLS)}"))
    return PROTOCOLS[protocol]


def bug(protocol: str, name: str) -> SeededBug:
    """Return a seeded bug of a protocol.

    Raises
    ------
    ScenarioError
        If there is no such protocol or bug.
    """
    bugs = examined_as(protocol).bugs
    for each in bugs:
        if each.name == name:
            return each
    allowed = f"must be one of {', '.join(each.name for each in bugs)}" if bugs else f"{protocol} has no seeded bugs"
    raise ScenarioError(bad_value("mutant", name, allowed))
