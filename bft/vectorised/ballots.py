"""What validators propose and accept, for many replications at once, as codes: 0 is the right answer, -1 none.

The same answers and verdicts that `bft.validators` gives one replication after another, from the same streams.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.randomness import Floats
from bft.scenario import Scenario
from bft.validators import judge, recorded, statistical
from bft.validators.answers import MISSING, RIGHT, Codes
from bft.validators.composed import ComposedModel
from bft.validators.judge import JudgeCheck
from bft.validators.panel import PanelModel
from bft.validators.recorded import RecordedAnswers
from bft.validators.statistical import StatisticalAnswers
from bft.vectorised.population import Population
from bft.vectorised.streams import Flags, Ints, Streams


class Electorate:
    """The validators of a scenario; what its replications share is built once."""

    def __init__(self, scenario: Scenario) -> None:
        self.n = scenario.n
        self.model: PanelModel = scenario.validators.model(scenario.n)

    @property
    def perfect(self) -> bool:
        """Whether everybody knows the right answer."""
        return not isinstance(self.model, ComposedModel)

    def ballots(self, population: Population, streams: Streams, replications: range) -> Ballots:
        """Return the answers and verdicts of some replications."""
        coins: Floats | None = None
        check: JudgeCheck | None = None
        shape = population.faulty.shape
        question = np.zeros(shape[0], dtype=np.intp)
        if isinstance(self.model, ComposedModel):
            answers = self.model.answers
            if isinstance(answers, StatisticalAnswers):
                own, wrong = answers.prepare(streams.uniforms(statistical.PURPOSE, (answers.uniforms,), replications))
            else:
                assert isinstance(answers, RecordedAnswers)
                (question,) = answers.prepare(streams.uniforms(recorded.PURPOSE, (1,), replications))
                own, wrong = answers.codes(question)  # type: ignore[arg-type]
            if isinstance(self.model.check, JudgeCheck):
                check = self.model.check
                coins = check.coins(streams.uniforms(judge.COINS, check.coin_shape(self.n), replications))
        else:
            own, wrong = np.full(shape, RIGHT, dtype=np.intp), np.full(shape, RIGHT + 1, dtype=np.intp)
        rank = None
        if population.colludes.any():
            alone = len(self._alphabet) == 1
            rank = (
                np.broadcast_to(self._alphabet, (shape[0], self._alphabet.shape[1]))
                if alone
                else self._alphabet[question]
            )
        return Ballots(population, own, wrong, rank, check, coins, question)

    @cached_property
    def _alphabet(self) -> Ints:
        """Place of each wrong answer's text in the alphabet, shape (questions, codes); 1 question unless recorded."""
        answers = self.model.answers if isinstance(self.model, ComposedModel) else None
        if isinstance(answers, RecordedAnswers):
            codes = max(2, *(len(texts) for texts in answers.recorded.texts))
            rank = np.zeros((len(answers.recorded.texts), codes), dtype=np.intp)
            for number, texts in enumerate(answers.recorded.texts):
                rank[number, _in_order(texts)] = np.arange(len(texts) - 1)
            return rank
        options = answers.wrong_choice.options if isinstance(answers, StatisticalAnswers) else 1
        rank = np.zeros((1, options + 1), dtype=np.intp)
        rank[0, _in_order(("", *(f"wrong-{code}" for code in range(1, options + 1))))] = np.arange(options)
        return rank


class Ballots:
    """The answers and verdicts of some replications.

    Parameters
    ----------
    population : Population
        Whose validators lie.
    own, wrong : ndarray of int, shape (replications, n)
        Codes of the nodes' own answers, and of their wrong ones.
    rank : ndarray of int or None, shape (replications, codes)
        Place of each code's answer in the alphabet, where colluders ask for it.
    check : JudgeCheck or None
        How answers are judged; None by one's own answer.
    coins : ndarray or None, shape (replications, n, n + 2)
        The judges' uniforms.
    question : ndarray of int, shape (replications,)
        Which recorded question is asked; 0 without records.

    Attributes
    ----------
    own, wrong, check, coins, question
        As given.
    common : ndarray of int or None, shape (replications,)
        What colluders say, where there are any.
    """

    def __init__(
        self,
        population: Population,
        own: Codes,
        wrong: Codes,
        rank: Ints | None,
        check: JudgeCheck | None,
        coins: Floats | None,
        question: Ints,
    ) -> None:
        self._population = population
        self.own = own
        self.wrong = wrong
        self.check = check
        self.coins = coins
        self.question = question
        self.common = None if rank is None else popular_wrong(own, wrong, ~population.faulty, rank)
        self._rounds: dict[int, tuple[Ints, Flags]] = {}

    def round(self, primary: int) -> tuple[Ints, Flags]:
        """Return what a primary's validator proposes, and whose validators accept that, shape (replications, n)."""
        if primary not in self._rounds:
            proposal = self._proposal(primary)
            self._rounds[primary] = (proposal, self._accepted(proposal))
        return self._rounds[primary]

    def _proposal(self, primary: int) -> Ints:
        """Return the code that a primary's validator proposes in each replication."""
        proposed = np.where(self._population.lies[:, primary], self.wrong[:, primary], self.own[:, primary])
        if self.common is None:
            return proposed
        return np.where(self._population.colludes[:, primary], self.common, proposed)

    def _accepted(self, proposal: Ints) -> Flags:
        """Return who accepts a proposal, shape (replications, n); nobody accepts what is missing."""
        code = proposal[:, None]
        verdict = self._judged(proposal) if self.check is not None else (self.own == code) & (code != MISSING)
        if self._population.lies.any():
            verdict = np.where(self._population.lies, code > RIGHT, verdict)
        if self.common is not None:
            verdict = np.where(self._population.colludes, code == self.common[:, None], verdict)
        return verdict

    def _judged(self, proposal: Ints) -> Flags:
        check, coins = self.check, self.coins
        assert check is not None
        assert coins is not None
        right = (proposal == RIGHT).astype(np.intp)
        first_alike = (self.wrong == proposal[:, None]).argmax(axis=1)
        slot = np.where(proposal == RIGHT, 0, first_alike + 1)
        coin = np.take_along_axis(coins, slot[:, None, None], axis=2)[:, :, 0]
        nodes = np.arange(coin.shape[1])
        chance = check.accept[(self.own == RIGHT).astype(np.intp), right[:, None], nodes]
        accepted = (coin >= check.unsure) & (coin < check.unsure + (1.0 - check.unsure) * chance)
        return np.asarray(accepted & (proposal != MISSING)[:, None])


def popular_wrong(own: Codes, wrong: Codes, honest: Flags, rank: Ints) -> Ints:
    """Return the wrong answer most common among the honest, of equals the first in the alphabet; else node 0's."""
    codes, last = rank.shape[1], int(own.max(initial=0))
    most = (own.shape[1] + 1) * codes
    dtype: type[np.signedinteger[Any]] = np.int8 if most < 1 << 7 else np.int16 if most < 1 << 15 else np.int64
    said = np.where(honest, own, MISSING).T.astype(np.int8 if last < 1 << 7 else np.int64)  # a node's lie together
    best = np.zeros(len(own), dtype=dtype)
    found = wrong[:, 0].copy()
    for code in range(1, last + 1):
        number: NDArray[np.signedinteger[Any]] = np.zeros(len(own), dtype=dtype)
        for node in said:
            number += node == code
        weight = np.where(number > 0, number * codes + (codes - rank[:, code]).astype(dtype), 0)
        np.copyto(found, code, where=weight > best)
        np.maximum(weight, best, out=best, casting="unsafe")
    return found


def _in_order(texts: tuple[str, ...]) -> list[int]:
    """Return the codes of wrong answers in alphabetical order of their texts."""
    return sorted(range(1, len(texts)), key=lambda code: texts[code])
