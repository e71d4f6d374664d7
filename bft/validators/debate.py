"""Debates before the vote: rounds in which validators hear the others' answers and may change their own.

The debate begins when the first validator is consulted about a question. Each round is one more call of every honest
validator that is up, and ends when the slowest has answered. What they say to each other travels outside the protocol's
network, at once. A call that never answers keeps its round waiting until it is given up; nobody hears that validator in
the next round, and it stays with what it said before, if it ever said anything. Colluders say one wrong answer in every
round and never give in; crashed nodes say nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate
from typing import Annotated

from pydantic import Field

from bft.randomness import Randomness
from bft.settings import Probability, Settings
from bft.validators.answers import Answers
from bft.validators.debate_law import DebateLaw
from bft.validators.draws import QuestionDraws
from bft.validators.latency import AT_ONCE, Call, Calls
from bft.validators.panel import NO_VOICES, Voice
from bft.validators.quantities import Factor

PURPOSE = "validators.debate"
TIMEOUTS = "validators.debate.timeouts"


class DebateSettings(Settings):
    """Rounds of debate before the vote; see `bft.validators.debate_law`.

    By default a martingale: expected correctness does not change.
    """

    rounds: Annotated[int, Field(ge=1, le=100)] = 2
    """How often everybody hears everybody."""

    persuasion: Probability = 0.5
    """Probability of taking over a different answer that one looks at; no measured value, an assumption."""

    right_to_wrong: Probability | None = None
    """The same for a right validator that looks at a wrong answer (default: `persuasion`)."""

    wrong_to_right: Probability | None = None
    """The same for a wrong validator that looks at a right answer (default: `persuasion`)."""

    sycophancy: Probability = 0.0
    """Probability of simply following the majority of the others."""

    steepness: Factor = 1.0
    """γ: who sees a share d that disagrees gives in with p·dᵞ."""

    def law(self) -> DebateLaw:
        """Return the law of the debate."""
        return DebateLaw(
            rounds=self.rounds,
            persuasion=self.persuasion,
            right_to_wrong=self.persuasion if self.right_to_wrong is None else self.right_to_wrong,
            wrong_to_right=self.persuasion if self.wrong_to_right is None else self.wrong_to_right,
            sycophancy=self.sycophancy,
            steepness=self.steepness,
        )


class Debate:
    """The debates of one replication.

    Parameters
    ----------
    law : DebateLaw
        How answers change.
    same : callable
        Whether two answers count as one.
    n : int
        Number of validators.
    randomness, replication
        The streams of the seed, and which replication.
    voices : mapping of int to Voice, optional
        What the faulty nodes say; all others are honest.
    timeouts : (tuple of float, float), optional
        Each node's probability that a call never answers, and after how many seconds it is given up.
    """

    def __init__(
        self,
        law: DebateLaw,
        same: Callable[[str | None, str | None], bool],
        n: int,
        randomness: Randomness,
        replication: int,
        voices: Mapping[int, Voice] = NO_VOICES,
        timeouts: tuple[Sequence[float], float] | None = None,
    ) -> None:
        self.voices = voices
        self.law = law
        self._same = same
        self._n = n
        self._draws = QuestionDraws(randomness, PURPOSE, (law.rounds, n), replication)
        self._shares, self._given_up_s = timeouts or ((), 0.0)
        self._failures = QuestionDraws(randomness, TIMEOUTS, (law.rounds + 1, n), replication)
        self._ends_s: dict[int, dict[int, float]] = {}
        self._calls: dict[tuple[int, int], list[Call]] = {}

    def settle(self, question: int, answers: Answers) -> Answers:
        """Return what the validators answer after the debate."""
        statements = self.statements(answers)
        said: list[str | None] = [
            statements.get(node, answer) if self.voices.get(node) != "silent" else None
            for node, answer in enumerate(answers.own)
        ]
        first, *later = self._answered(question)
        spoke, ever = first, set(first)
        for uniforms, answering in zip(self._draws.row(question)[0].tolist(), later, strict=True):
            said = [
                answer
                if answer is None or node in statements or node not in answering
                else pick(self._chances(node, said, spoke, answers.truth), uniforms[node])
                for node, answer in enumerate(said)
            ]
            spoke = answering
            ever |= answering
        own = [
            before if node in statements or said[node] is None else said[node]
            for node, before in enumerate(answers.own)
        ]
        own = [answer if node in ever else None for node, answer in enumerate(own)]
        wrong = [
            answer if answer is not None and not self._same(answer, answers.truth) else answers.wrong[node]
            for node, answer in enumerate(own)
        ]
        return Answers(truth=answers.truth, own=tuple(own), wrong=tuple(wrong))

    def _chances(self, node: int, said: Sequence[str | None], spoke: Collection[int], truth: str) -> dict[str, float]:
        """Return the law of what a node says next, who has heard those that spoke."""
        heard = [answer if other == node or other in spoke else None for other, answer in enumerate(said)]
        return self.law.chances(node, heard, lambda each: self._same(each, truth))

    def _answered(self, question: int) -> list[frozenset[int]]:
        """Return whose call answers, for the first answers and each round; who is faulty makes none that could fail."""
        if not self._shares:
            return [frozenset(range(self._n))] * (self.law.rounds + 1)
        shares = [share if self._own(node) else 0.0 for node, share in enumerate(self._shares)]
        return [
            frozenset(node for node, uniform in enumerate(uniforms) if uniform >= shares[node])
            for uniforms in self._failures.row(question)[0].tolist()
        ]

    def _own(self, node: int) -> bool:
        return self.voices.get(node, "own") == "own"

    def statements(self, answers: Answers) -> dict[int, str]:
        """Return what colluders and liars say in every round."""
        honest = [answer for node, answer in enumerate(answers.own) if node not in self.voices]
        counts = Counter(each for each in honest if each is not None and not self._same(each, answers.truth))
        most = max(counts.values(), default=0)
        popular = min((answer for answer in counts if counts[answer] == most), default=answers.wrong[0])
        says = {"popular_wrong": popular}
        return {
            node: says.get(voice, answers.wrong[node])
            for node, voice in sorted(self.voices.items())
            if voice in ("popular_wrong", "wrong")
        }

    def begin(self, question: int, now_s: float, calls: Calls | None) -> None:
        """Note when each validator's last answer will be there; the first consultation starts the debate."""
        if question in self._ends_s:
            return
        start_s = now_s
        ends_s = dict.fromkeys(range(self._n), now_s)
        taking_part = [node for node in range(self._n) if self._own(node)]
        for answering in self._answered(question):
            for node in taking_part:
                if node not in answering:
                    call = Call(latency_s=self._given_up_s, tokens=0, cost=0.0)
                else:
                    call = AT_ONCE if calls is None else calls.proposal(node, question)
                self._calls.setdefault((node, question), []).append(call)
                ends_s[node] = start_s + call.latency_s
            start_s = max((ends_s[node] for node in taking_part), default=now_s)
        self._ends_s[question] = ends_s

    def left_s(self, node: int, question: int, now_s: float) -> float:
        """Return how long it takes until the node has its last answer, in seconds."""
        return max(0.0, self._ends_s[question][node] - now_s)

    def paid(self, node: int, question: int) -> tuple[Call, ...]:
        """Return the calls that the debate took of this node; each is returned once."""
        return tuple(self._calls.pop((node, question), ()))

    def forget(self, question: int) -> None:
        """Forget when a debate was over, and the calls of those who were never asked."""
        self._ends_s.pop(question, None)
        for node in range(self._n):
            self._calls.pop((node, question), None)


def pick(law: Mapping[str, float], uniform: float) -> str:
    """Return the answer that a uniform draw stands for."""
    answers = list(law)
    levels = accumulate(law.values())
    return next((answer for answer, level in zip(answers, levels, strict=True) if uniform < level), answers[-1])
