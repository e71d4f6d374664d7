"""The answers and verdicts of many replications, drawn given how many validators fail by themselves.

What is drawn are the uniforms of the validators' streams, so that either engine finds the answers in them that it would
find in its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from bft.adversary.crash import Crash
from bft.adversary.lie import Collude, Lie
from bft.randomness import Floats
from bft.scenario import Scenario
from bft.validators import judge, recorded, statistical
from bft.validators.answers import MISSING, RIGHT
from bft.validators.composed import ComposedModel
from bft.validators.judge import JudgeCheck, coin_slots
from bft.validators.recorded import RecordedAnswers
from bft.validators.statistical import StatisticalAnswers
from bft.vectorised.counted_sets import CountedSets
from bft.vectorised.fault_sets import FaultSets
from bft.vectorised.rare.failing import LARGEST, MOST_ALIKE, FailingSets
from bft.vectorised.rare.tilts import (
    FAVOURED,
    SELDOM,
    accepting_judges,
    mean_of,
    one_wrong_answer,
    ratio_of,
    rejecting,
)
from bft.vectorised.streams import Flags, Ints

_SMALLEST = 2.0**-54


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What validators say in some runs."""

    given: Mapping[str, Floats]
    """Uniforms by the purpose of their stream."""
    ratio: Floats
    """How much likelier the numbers that fail are by their law than as they were drawn, without any mode; shape
    (runs,)."""
    modes: Floats
    """The logarithm of how much likelier what is said is by the modes' mixture than without any; shape (runs,)."""
    positions: Floats
    """The same for who fails, by each mode of positions; shape (modes, runs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known of some runs before the validators are drawn; arrays begin with the runs."""

    faulty: Flags
    liars: Flags
    """Who is faulty, and who of them states wrong answers; shape (runs, n)."""
    plain: Flags
    """Which runs are drawn without any mode; shape (runs,)."""
    favour: Floats
    """The modes of positions; shape (modes, n)."""
    position: Ints
    """Which one each run is drawn by; shape (runs,)."""

    def unmoved(self) -> Floats:
        """Return the ratios of modes that nothing was drawn by."""
        return np.zeros((len(self.favour), len(self.faulty)))


class Panel(Protocol):
    """Validators, drawn given how many fail.

    Attributes
    ----------
    weight : ndarray
        P(K = k, J = j), K the number of faulty nodes.
    alike : ndarray of int
        How many of j that fail may give one wrong answer.
    tilted : bool
        Whether draws have modes.
    untilted : str or None
        Why the panel is drawn as it is, whatever is rare.
    """

    weight: Floats
    alike: Floats
    tilted: bool
    untilted: str | None

    def draw(self, failing: int, beside: Beside, generator: np.random.Generator) -> Said:
        """Draw runs in which so many validators fail; `plain` tells which are drawn without any mode."""


def panel_of(scenario: Scenario, faults: FaultSets, *, wrong: bool) -> Panel:
    """Return the panel of a scenario; `wrong` tells whether wrong answers belong to the event."""
    model = scenario.validators.model(scenario.n)
    if not isinstance(model, ComposedModel):
        return PerfectPanel(faults)
    check = model.check if isinstance(model.check, JudgeCheck) else None
    if isinstance(model.answers, RecordedAnswers):
        return RecordedPanel(model.answers, check, faults, wrong=wrong)
    assert isinstance(model.answers, StatisticalAnswers)
    clones = model.answers.clones
    if clones is not None and clones.share > MOST_ALIKE:
        return AsTheyAre(model.answers, check, faults)
    mute = all(isinstance(kind, Crash | Lie | Collude) for kind in scenario.faults.behaviour)
    return StatisticalPanel(model.answers, check, faults, honest=mute and clones is None, wrong=wrong)


class PerfectPanel:
    """Validators of which none ever fails."""

    tilted = False
    untilted: str | None = None

    def __init__(self, faults: FaultSets) -> None:
        self.weight: Floats = faults.weight[:, None]
        self.alike: Floats = np.zeros(1)

    def draw(self, failing: int, beside: Beside, generator: np.random.Generator) -> Said:
        """Draw nothing."""
        none = np.zeros(len(beside.faulty))
        return Said(given={}, ratio=none + 1.0, modes=none, positions=beside.unmoved())


class AsTheyAre:
    """A panel that is drawn as it is: its nodes are too alike to be drawn one by one given their number."""

    tilted = False
    untilted: str | None = (
        "validators.clones: nodes of one model that give all but the same answers are drawn as they are, not given how "
        "many fail; where their failing together is rare, take one node for each model, or correlations below 0.99"
    )

    def __init__(self, answers: StatisticalAnswers, check: JudgeCheck | None, faults: FaultSets) -> None:
        self.weight: Floats = faults.weight[:, None]
        self.alike: Floats = np.array([float(answers.n)])
        self._answers, self._check = answers, check

    def draw(self, failing: int, beside: Beside, generator: np.random.Generator) -> Said:
        """Draw everything by its law."""
        runs, n = beside.faulty.shape
        given = {statistical.PURPOSE: generator.random((runs, self._answers.uniforms))}
        if self._check is not None:
            given[judge.COINS] = generator.random((runs, n, coin_slots(n)))
        return Said(given=given, ratio=np.ones(runs), modes=np.zeros(runs), positions=beside.unmoved())


class StatisticalPanel:
    """Validators described by numbers."""

    untilted: str | None = None

    def __init__(
        self, answers: StatisticalAnswers, check: JudgeCheck | None, faults: FaultSets, *, honest: bool, wrong: bool
    ) -> None:
        self._answers, self._check = answers, check
        self._accepts = _accepts_right(check, answers.n)
        self._sets = FailingSets(answers, self._accepts, faults, honest=honest)
        self.weight = self._sets.weight
        self.alike: Floats = np.arange(answers.n + 1.0)
        self.tilted = wrong
        self._honest = honest
        self._trap = wrong and check is None and 0.0 < answers.wrong_choice.tau < 1.0

    def draw(self, failing: int, beside: Beside, generator: np.random.Generator) -> Said:
        """Draw answers, and verdicts of judges, in which so many validators fail."""
        runs, n = beside.faulty.shape
        answers, check = self._answers, self._check
        drawn = self._sets.draw(beside.faulty, failing, beside.favour, beside.position, generator)
        modes = 1 + len(FAVOURED) + self._trap
        mode = np.where(beside.plain | (not self.tilted), 0, generator.integers(0, modes, runs))
        some = (mode > 0)[:, None]
        favoured = np.array([0.0, *FAVOURED, 0.0])[mode]
        uniforms = generator.random((runs, answers.uniforms))
        uniforms[:, 0] = drawn.common
        if answers.clones is not None:
            uniforms[:, 2 + 3 * n : 2 + 4 * n] = drawn.of_model

        errs = _chance(1.0 - drawn.right, 1.0 - drawn.right * self._accepts)  # of those who fail
        often = np.where(errs > 0.0, np.maximum(errs, 0.5), 0.0)
        wrong = drawn.fails & (generator.random((runs, n)) < np.where(some, often, errs))
        spread = uniforms[:, 2 : 2 + n]
        own = np.where(wrong, drawn.right + (1.0 - drawn.right) * spread, drawn.right * spread)
        uniforms[:, 2 : 2 + n] = np.minimum(own, LARGEST)
        in_the_way = np.where(drawn.fails, ratio_of(wrong, errs, often), 0.0).sum(axis=1)

        law = answers.missing
        silent = np.broadcast_to(law.given_not_right, (runs, n))
        if law.uniforms:
            silent = law.chances(ndtri(np.maximum(uniforms[:, -1], _SMALLEST)))
        seldom = np.where(silent < 1.0, np.minimum(silent, SELDOM), silent)  # nothing impossible is drawn
        missing = generator.random((runs, n)) < np.where(some & wrong, seldom, silent)
        spread = uniforms[:, 2 + n : 2 + 2 * n]
        uniforms[:, 2 + n : 2 + 2 * n] = np.where(missing, silent * spread, silent + (1.0 - silent) * spread)
        in_the_way += np.where(wrong, ratio_of(missing, silent, seldom), 0.0).sum(axis=1)

        said = (wrong & ~missing & ~(beside.faulty & self._honest)) | beside.liars
        given = {statistical.PURPOSE: uniforms}
        if check is None:
            ratios = self._alike(said, uniforms, mode, favoured, generator)
        else:
            coins = generator.random((runs, n, coin_slots(n)))
            _judge_right(check, coins, drawn.fails & ~wrong, ~drawn.fails, generator)
            given[judge.COINS] = coins
            codes = answers.prepare(uniforms)[1]
            ratios = accepting_judges(check, coins, ~wrong, codes, said, favoured, generator) if self.tilted else []
        mixed = mean_of(np.vstack([np.zeros(runs), *(each + in_the_way for each in ratios)]))
        mixed = mixed if self.tilted else np.zeros(runs)
        return Said(given=given, ratio=drawn.ratio, modes=mixed, positions=drawn.positions)

    def _alike(
        self, said: Flags, uniforms: Floats, mode: Floats, favoured: Floats, generator: np.random.Generator
    ) -> list[Floats]:
        """Draw the trap and the urn; return the ratios of the modes."""
        n, tau = said.shape[1], self._answers.wrong_choice.tau
        if not self.tilted:
            return []
        uniforms[:, 2 + 2 * n : 2 + 3 * n], ratios = one_wrong_answer(
            self._answers.wrong_choice, self._with_first(said), favoured, generator
        )
        if self._trap:
            uniforms[:, 1] = np.where(mode == len(FAVOURED) + 1, tau * uniforms[:, 1], uniforms[:, 1])
            with np.errstate(divide="ignore"):
                ratios.append(np.log((uniforms[:, 1] < tau) / tau))
        return ratios

    def _with_first(self, said: Flags) -> Flags:
        """Return whose wrong answers matter: the first nodes of models, too, since others may repeat theirs."""
        clones = self._answers.clones
        if clones is None:
            return said
        matters = said.copy()
        for node, first in enumerate(clones.first.tolist()):
            matters[:, first] |= said[:, node]
        return matters


class RecordedPanel:
    """Validators that answer what real models answered."""

    untilted: str | None = None

    def __init__(self, answers: RecordedAnswers, check: JudgeCheck | None, faults: FaultSets, *, wrong: bool) -> None:
        self._answers, self._check = answers, check
        self._codes = codes = answers.recorded.codes
        self._accepts = _accepts_right(check, answers.n)
        self.tilted = wrong and check is not None
        right = codes == RIGHT
        alike, self._alike = np.unique(right, axis=0, return_inverse=True)
        self._sets = CountedSets(1.0 - alike * self._accepts)
        self._of_question = self._sets.weight[self._alike.reshape(-1)]
        self.weight: Floats = np.multiply.outer(faults.weight, self._of_question.mean(axis=0))
        popular = np.array([np.bincount(row[row > RIGHT], minlength=1).max() for row in codes])
        possible = self._of_question > 0.0
        self.alike: Floats = np.where(possible, popular[:, None], 0).max(axis=0).astype(np.float64)

    def draw(self, failing: int, beside: Beside, generator: np.random.Generator) -> Said:
        """Draw questions at which so many validators fail, and the verdicts of judges."""
        runs, n = beside.faulty.shape
        ends = np.cumsum(self._of_question[:, failing])
        last = np.flatnonzero(self._of_question[:, failing])[-1]
        question = np.minimum(np.searchsorted(ends, generator.random(runs) * ends[-1], side="right"), last)
        place = (question + generator.random(runs)) / len(self._codes)
        given = {recorded.PURPOSE: np.clip(place, None, np.nextafter((question + 1) / len(self._codes), 0.0))[:, None]}
        if self._check is None:
            return Said(given=given, ratio=np.ones(runs), modes=np.zeros(runs), positions=beside.unmoved())
        fails = self._sets.draw(self._alike.reshape(-1)[question], np.full(runs, failing), generator)
        own, codes = self._answers.codes(question)
        right = own == RIGHT
        coins = generator.random((runs, n, coin_slots(n)))
        _judge_right(self._check, coins, fails & right, ~fails, generator)
        given[judge.COINS] = coins
        if not self.tilted:
            return Said(given=given, ratio=np.ones(runs), modes=np.zeros(runs), positions=beside.unmoved())
        mode = np.where(beside.plain, 0, generator.integers(0, 1 + len(FAVOURED), runs))
        said = ((own != RIGHT) & (own != MISSING)) | beside.liars
        favoured = np.array([0.0, *FAVOURED])[mode]
        ratios = accepting_judges(self._check, coins, right, codes, said, favoured, generator)
        mixed = mean_of(np.vstack([np.zeros(runs), *ratios]))
        return Said(given=given, ratio=np.ones(runs), modes=mixed, positions=beside.unmoved())


def _accepts_right(check: JudgeCheck | None, n: int) -> Floats:
    """Return each validator's probability of accepting the right answer where that is its own."""
    return np.ones(n) if check is None else (1.0 - check.unsure) * check.accept[1, 1]


def _judge_right(
    check: JudgeCheck, coins: Floats, rejects: Flags, accepts: Flags, generator: np.random.Generator
) -> None:
    """Draw the verdicts on the right answer of those whose verdict is known."""
    chance = np.broadcast_to(_accepts_right(check, coins.shape[1]), rejects.shape)
    spread = generator.random(rejects.shape)
    coins[:, :, 0] = np.where(accepts, check.unsure + chance * spread, coins[:, :, 0])
    coins[:, :, 0] = np.where(rejects, rejecting(check.unsure, chance, spread), coins[:, :, 0])


def _chance(part: Floats, whole: Floats) -> Floats:
    """Return part / whole where that is a probability of something possible, else 1."""
    return np.divide(part, whole, out=np.ones_like(part), where=whole > 0.0)
