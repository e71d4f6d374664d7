"""How validators change their answers when they hear those of others: one round, as a law.

Those who have an answer speak, and those who have none neither persuade nor are persuaded. With m others speaking, of
whom a share d says something else, a validator

- follows the majority with probability s (*sycophancy*): it takes the most common answer of the others, and stays where
  several are equally common;
- else looks at one of the others, each with the same probability. Where that one says something else, it is persuaded
  with probability p·d^(γ−1), so that it gives in with p·dᵞ in all. p may depend on who is right: one value from right
  to wrong, one from wrong to right, one between two wrong answers.

With one p for all, γ = 1 and s = 0 everybody copies everybody with the same probability. Then the expected number of
right validators does not change, whatever they say: the debate is a *martingale*. It moves panels towards agreement,
not towards truth. Colluders who never give in, sycophancy, or p that tells right from wrong each break that.

References
----------
*Debate or vote* (arXiv 2508.17536): over many models and tasks, expected correctness stays the same in debates. Models
give up right answers in 17 to 97 % of the cases (arXiv 2606.16011).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

Said = Sequence[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebateLaw:
    """The law of a debate."""

    rounds: int
    """How often everybody hears everybody, 1 or more."""
    persuasion: float
    right_to_wrong: float
    wrong_to_right: float
    """p in [0, 1] between two wrong answers, for a right validator that looks at a wrong one, and the other way
    round."""
    sycophancy: float = 0.0
    """s in [0, 1]."""
    steepness: float = 1.0
    """γ, 1 or more: the larger, the less a few can move."""

    def chances(self, node: int, said: Said, right: Callable[[str], bool]) -> dict[str, float]:
        """Return the law of what a node says next.

        Parameters
        ----------
        node : int
            One that speaks.
        said : sequence of (str or None)
            What every node said; None does not speak.
        right : callable
            Whether an answer is right.
        """
        own = said[node]
        assert own is not None, "who does not speak is not persuaded"
        others = [answer for other, answer in enumerate(said) if other != node and answer is not None]
        law = {own: 0.0}
        differing = [answer for answer in others if answer != own]
        if differing:
            counts = Counter(others)
            most = max(counts.values())
            popular = [answer for answer in counts if counts[answer] == most]
            favourite = popular[0] if len(popular) == 1 else own
            law[favourite] = law.get(favourite, 0.0) + self.sycophancy
            look = (1.0 - self.sycophancy) / len(others) * (len(differing) / len(others)) ** (self.steepness - 1.0)
            for answer in differing:
                law[answer] = law.get(answer, 0.0) + look * self._persuasion(right(own), right(answer))
        law[own] = max(0.0, 1.0 - sum(chance for answer, chance in law.items() if answer != own))
        return law

    def after(
        self, said: Said, right: Callable[[str], bool], stubborn: Collection[int] = ()
    ) -> dict[tuple[str | None, ...], float]:
        """Return the exact law of what all say after the last round, by all that may be said: for small panels."""
        law = {tuple(said): 1.0}
        for _ in range(self.rounds):
            following: dict[tuple[str | None, ...], float] = {}
            for state, probability in law.items():
                moves = [
                    [(answer, 1.0)]
                    if answer is None or node in stubborn
                    else list(self.chances(node, state, right).items())
                    for node, answer in enumerate(state)
                ]
                for choice in product(*moves):
                    reached = tuple(answer for answer, _ in choice)
                    chance = probability * prod(each for _, each in choice)
                    following[reached] = following.get(reached, 0.0) + chance
            law = {state: chance for state, chance in following.items() if chance > 0.0}
        return law

    def _persuasion(self, own_right: bool, other_right: bool) -> float:
        if own_right:
            return self.right_to_wrong
        return self.wrong_to_right if other_right else self.persuasion
