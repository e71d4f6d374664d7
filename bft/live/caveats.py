"""What a panel's rule does not promise, in sentences: told when the panel starts, and again with every answer.

No tolerance for faults, and a minority of the seats that may decide: both may be asked for, and neither should surprise
whoever acts on an answer.
"""

from __future__ import annotations

from bft.core.quorum import QuorumSystem
from bft.live.rule_settings import BallotRule, ConsensusRule, counting
from bft.validators.rule_settings import JudgeRule, QuorumRule
from bft.voting import Vote
from bft.voting.rule import State


def caveats(rule: ConsensusRule | BallotRule, system: QuorumSystem) -> tuple[str, ...]:
    """Return what is to be told of a rule; nothing where a majority of the seats decides and a fault is tolerated.

    Examples
    --------
    >>> from bft.live.rule_settings import read_rule
    >>> for told in caveats(read_rule("quorum"), QuorumSystem.of(3, quorum=1)):
    ...     print(told)
    f = 0: no faulty member is tolerated; one that lies or fails may decide what the others say, or stop them
    1 of 3 seats may decide: a minority
    """
    n, told = system.n, []
    fewest = fewest_seats(rule, system)
    if _has_quorum(rule) and system.tolerated == 0:
        told.append(
            "f = 0: no faulty member is tolerated; one that lies or fails may decide what the others say, or stop them"
        )
    if 2 * fewest <= n:
        if_ = "" if _has_quorum(rule) else " if the others fail or scatter"
        told.append(f"{fewest} of {n} seats may decide{if_}: a minority")
    return tuple(told)


def fewest_seats(rule: ConsensusRule | BallotRule, system: QuorumSystem) -> int:
    """Return how few seats may decide, all others abstaining."""
    heaviest = sorted(range(system.n), key=lambda node: -system.weights[node])
    if isinstance(rule, ConsensusRule | JudgeRule | QuorumRule):
        return next(k for k in range(1, system.n + 1) if system.weight(heaviest[:k]) >= system.quorum)
    standing = counting(rule, system).standing
    for k in range(1, system.n + 1):
        for first in range(system.n - k + 1):
            votes = [Vote(voter=node, answer="an answer") for node in sorted(heaviest[first : first + k])]
            if standing(votes, []).state is State.DECIDED:
                return k
    return system.n


def by_minority(seats: int, n: int) -> bool:
    """Return whether so many seats are no majority."""
    return 2 * seats <= n


def _has_quorum(rule: ConsensusRule | BallotRule) -> bool:
    return isinstance(rule, ConsensusRule | QuorumRule | JudgeRule)
