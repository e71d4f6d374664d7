"""Any rule, and beside it a least number of groups from which the votes for the answer must come.

Members of one provider, or of one model, fail and err together: a quorum of them is one opinion and one power supply.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bft.errors import ScenarioError, bad_value
from bft.voting.rule import IMPOSSIBLE, OPEN, Rule, Standing, State, decided
from bft.voting.vote import Vote

_NEW = "an answer that nobody has given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diverse:
    """What another rule decides counts if the votes for it come from enough groups.

    Early stop is exact for rules under which another vote for an answer never makes it lose, as all of this room are.

    Attributes
    ----------
    inner : Rule
        The other rule.
    groups : tuple of str
        The group of each voter.
    least : int
        So many groups at least.
    """

    inner: Rule
    groups: tuple[str, ...]
    least: int

    def __post_init__(self) -> None:
        there = len(set(self.groups))
        if not 1 <= self.least <= there:
            raise ScenarioError(
                bad_value("least", self.least, f"must be between 1 and {there}, the groups that there are")
            )

    @property
    def judged(self) -> bool:
        """Whether voters judge the answers of all before they vote."""
        return bool(getattr(self.inner, "judged", False))

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return what the votes mean; see `Rule.standing`."""
        now = self.inner.standing(votes, missing)
        if now.state is State.DECIDED and now.answer is not None and self._spans(votes, now.answer):
            return decided(now.answer)
        if now.state is State.IMPOSSIBLE:
            return IMPOSSIBLE
        known = dict.fromkeys(answer for vote in votes for answer in (vote.answer, *vote.also) if answer is not None)
        candidates = [now.answer] if now.state is State.DECIDED else [*known, _NEW]
        return OPEN if any(self._may_win(answer, votes, missing) for answer in candidates) else IMPOSSIBLE

    def _may_win(self, answer: str | None, votes: Sequence[Vote], missing: Sequence[int]) -> bool:
        """Whether an answer wins if all missing voters vote for it."""
        whole = [*votes, *(Vote(voter=voter, answer=answer) for voter in missing)]
        won = self.inner.standing(whole, ()) == Standing(State.DECIDED, answer)
        return won and answer is not None and self._spans(whole, answer)

    def _spans(self, votes: Iterable[Vote], answer: str) -> bool:
        behind = {self.groups[vote.voter] for vote in votes if answer == vote.answer or answer in vote.also}
        return len(behind) >= self.least
