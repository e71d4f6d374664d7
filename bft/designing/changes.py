"""What a panel does on the questions it was chosen on if one thing changes: who lies, a liar more, a model more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bft.designing.candidates import Candidate, Scores, Search
from bft.designing.choice import Goal, most_right
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import MOST_MODELS
from bft.designing.panel import DesignedPanel
from bft.designing.result import Change
from bft.designing.trial import Choosing

SHARE = 0.4
"""Of the target: wrong decisions that one more model may bring a panel to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Panels under changes.

    Attributes
    ----------
    choosing : Choosing
        The models.
    goal : Goal
        The targets.
    faults : FaultModel
        What must be withstood.
    views : int or None
        How many members lead, where not all do.
    allowed : callable
        Which candidates of a search may be taken.
    """

    choosing: Choosing
    goal: Goal
    faults: FaultModel
    views: int | None
    allowed: Callable[[Search], NDArray[np.bool_]]

    def with_worst_liars(self, panel: DesignedPanel) -> DesignedPanel:
        """Return the panel with the members named that do most harm if they lie."""
        if not self.faults.liars:
            return panel
        pool, members = self.choosing.pool, self._members(panel)
        search = self._search(members, self.faults, [panel.rule])
        weights = self.choosing.weights(search, np.arange(pool.questions))
        right, wrong = search.by_case(Candidate(tuple(members), panel.rule, panel.quorum), pool.weight, weights)
        most_harm = np.lexsort((right, -wrong))[0]
        return replace(panel, worst_liars=self.faults.cases(panel.n).liars[int(most_harm)])

    def changes(self, panel: DesignedPanel, rules: Sequence[str]) -> tuple[Change, ...]:
        """Return what one more liar and one more model would make of the panel."""
        found = (self._one_more_liar(panel), self._one_more_model(panel, rules))
        return tuple(each for each in found if each is not None)

    def _one_more_liar(self, panel: DesignedPanel) -> Change | None:
        if self.faults.liars + 1 >= panel.n:
            return None
        members = self._members(panel)
        more = replace(self.faults, liars=self.faults.liars + 1)
        scores = self._scores(self._search(members, more, [panel.rule]))
        place = scores.candidates.index(Candidate(tuple(members), panel.rule, panel.quorum))
        return Change("one more liar", panel.words, float(scores.correct[place]), float(scores.wrong[place]))

    def _one_more_model(self, panel: DesignedPanel, rules: Sequence[str]) -> Change | None:
        """Return the most right decisions with no more wrong ones than the panel has, or than a share of the target."""
        if panel.n + 1 > MOST_MODELS:
            return None
        best: Change | None = None
        members, most = self._members(panel), panel.chosen_on_wrong
        if self.goal.max_wrong is not None:
            most = max(most, SHARE * self.goal.max_wrong)
        for place, model in enumerate(self.choosing.pool.models):
            if place in members:
                continue
            search = self._search(sorted([*members, place]), self.faults, rules)
            scores = self._scores(search)
            pick = most_right(scores, most, self.allowed(search))
            if pick is None or (best is not None and scores.correct[pick] <= best.correct):
                continue
            words = f"{model} besides, by {scores.candidates[pick].by}"
            best = Change("one more model", words, float(scores.correct[pick]), float(scores.wrong[pick]))
        return best

    def _members(self, panel: DesignedPanel) -> list[int]:
        return [self.choosing.pool.models.index(model) for model in panel.models]

    def _search(self, members: Sequence[int], faults: FaultModel, rules: Sequence[str]) -> Search:
        n = len(members)
        pool, smallest = self.choosing.pool, 0 if not faults.none else n
        honest = pool.honest(members, smallest=smallest, largest=n, rules=rules)
        return Search(honest, members, sizes=[n], rules=rules, faults=faults, views=self.views, judges=pool.judges)

    def _scores(self, search: Search) -> Scores:
        pool = self.choosing.pool
        return search.scores(pool.weight, self.choosing.weights(search, np.arange(pool.questions)))
