"""What a voting rule is: the one method, and its three answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from bft.voting.vote import Vote


class State(Enum):
    """How far a ballot has come."""

    OPEN = "open"
    DECIDED = "decided"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the votes so far mean.

    Attributes
    ----------
    state : State
        `DECIDED`: whatever the missing voters say, `answer` wins. `IMPOSSIBLE`: whatever they say, nothing wins.
        `OPEN`: it still depends on them.
    answer : str or None
        The decided answer, else None.
    """

    state: State
    answer: str | None = None


OPEN = Standing(State.OPEN)
IMPOSSIBLE = Standing(State.IMPOSSIBLE)


def decided(answer: str) -> Standing:
    """Return the standing of a ballot that this answer has won."""
    return Standing(State.DECIDED, answer)


@runtime_checkable
class Rule(Protocol):
    """How votes become a decision; implemented by frozen dataclasses, nothing to inherit from.

    Examples
    --------
    A rule of one's own: two votes for an answer decide, whatever the others say, unless two answers have them.

    >>> from bft.voting import Vote, additive_standing
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Second:
    ...     def standing(self, votes, missing):
    ...         return additive_standing(votes, missing, weigh=lambda vote: 1, heaviest=lambda voter: 1, need=2)
    >>> Second().standing([Vote(voter=0, answer="B"), Vote(voter=2, answer="B")], [1]).answer
    'B'
    """

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return what the votes mean.

        Parameters
        ----------
        votes : sequence of Vote
            One for each voter heard, in any order: the result must not depend on it, or replicas that hear the same
            votes would decide differently.
        missing : sequence of int
            Voters that may still vote for any answer, known or not, or abstain. Empty: nobody else will.
        """
