"""All the ways in which a ballot can end, and whether a rule stops exactly when they agree.

Answers that nobody has named yet are as possible as the others; which names they have does not matter, only which of
them are equal. So new answers are numbered in the order in which they come up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from bft.voting.rule import Rule, State
from bft.voting.vote import Vote

NEW = "new answer "


def completions(votes: Sequence[Vote], missing: Sequence[int]) -> Iterator[tuple[Vote, ...]]:
    """Yield every complete ballot that these votes may still become.

    Missing voters abstain, or vote for a known answer or for a new one. They do so with full confidence: with
    none it is like abstaining, and rules that count confidence are monotone between.
    """
    known = list(dict.fromkeys(answer for vote in votes for answer in (vote.answer, *vote.also) if answer is not None))
    yield from _complete(tuple(votes), known, tuple(missing))


def _complete(votes: tuple[Vote, ...], known: list[str], missing: tuple[int, ...]) -> Iterator[tuple[Vote, ...]]:
    if not missing:
        yield votes
        return
    voter, others = missing[0], missing[1:]
    yield from _complete((*votes, Vote(voter=voter, answer=None)), known, others)
    for answer in known:
        yield from _complete((*votes, Vote(voter=voter, answer=answer)), known, others)
    fresh = next(name for number in count() if (name := f"{NEW}{number}") not in known)
    yield from _complete((*votes, Vote(voter=voter, answer=fresh)), [*known, fresh], others)


def possible_ends(rule: Rule, votes: Sequence[Vote], missing: Sequence[int]) -> set[str | None]:
    """Return every decision that a completion leads to; None among them where one leads to none.

    New answers that may win are named by the first of them.
    """
    ends: set[str | None] = set()
    for ballot in completions(votes, missing):
        answer = rule.standing(ballot, ()).answer
        ends.add(f"{NEW}0" if answer is not None and answer.startswith(NEW) else answer)
    return ends


def gaps(rule: Rule, ballot: Sequence[Vote]) -> Iterator[str]:
    """Yield where a rule's early stop is wrong or late, over all the sets of voters of one ballot.

    Parameters
    ----------
    rule : Rule
        Any rule for these voters.
    ballot : sequence of Vote
        One vote of each voter; about seven voters are a matter of seconds.

    Examples
    --------
    >>> from bft.voting import Plurality
    >>> list(gaps(Plurality(), [Vote(voter=0, answer="A"), Vote(voter=1, answer="B"), Vote(voter=2, answer="A")]))
    []
    """
    for heard in range(1 << len(ballot)):
        votes = [vote for place, vote in enumerate(ballot) if heard >> place & 1]
        missing = [vote.voter for place, vote in enumerate(ballot) if not heard >> place & 1]
        standing = rule.standing(votes, missing)
        if rule.standing(votes[::-1], missing[::-1]) != standing:
            yield f"after {votes}: depends on the order of the votes"
        ends = possible_ends(rule, votes, missing)
        right = {State.DECIDED: {standing.answer}, State.IMPOSSIBLE: {None}}.get(standing.state)
        if right is not None and ends != right:
            yield f"after {votes}: {standing.state.value} {standing.answer}, but {missing} may still make it {ends}"
        if right is None and len(ends) == 1:
            yield f"after {votes}: open, but whatever {missing} say it ends as {ends}"
