"""One design, put together: the search that questions give rise to, the trial of every choice, and what comes of it.

Models come from `pools`, candidates from `candidates`, ways of choosing and the recommendation from `recommendation`,
what they are worth from `trial`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.designing.asked import USUAL_SIZES, sizes_of
from bft.designing.candidates import Search
from bft.designing.changes import Changed
from bft.designing.choice import Goal
from bft.designing.comparison_panels import best_single, whole_panel
from bft.designing.effective_votes import effective_votes
from bft.designing.fault_cases import FaultModel, Ints
from bft.designing.front import front_of
from bft.designing.greedy import POOL, pool_of
from bft.designing.honest_sets import MOST_MODELS
from bft.designing.panel import DesignedPanel
from bft.designing.pools import Pool
from bft.designing.recommendation import choices_of, recommended
from bft.designing.result import Change, Design
from bft.designing.rules import PROPOSED, rules_of, stopping_early
from bft.designing.trial import Choosing, Chosen, dealt, tried
from bft.errors import ScenarioError, TableError, bad_value
from bft.randomness import Randomness

MOST_STAKE = 10**12
"""Sums of so many stay exact as floating-point numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Designer:
    """Everything that one design needs; the arguments of `bft.design`, read."""

    pool: Pool
    goal: Goal
    faults: FaultModel
    sizes: Sequence[int]
    rules: Sequence[str] | None = None
    stakes: Sequence[int] | None = None
    views: int | None = None
    parts: int = 10
    repeats: int = 2
    seed: int = 0

    def design(self) -> Design:
        """Return the design.

        Raises `ScenarioError` or `TableError` if something is missing that the targets, rules or faults need.
        """
        pool, goal = self.pool, self.goal
        self._check()
        sizes, rules = self._fitting(), self.considered
        choosing = self.choosing(sizes, rules)
        deals = [] if pool.chance is not None else self.deals()
        choices = choices_of(goal, sizes, exact=pool.chance is not None)
        found = tried(choosing, choices, self.allowed, deals, goal.confidence)
        panels = {name: self.panel(choosing, chosen) for name, chosen in found.items()}
        picked, reason, nearest = recommended(panels, goal, pool)
        changed = Changed(choosing=choosing, goal=goal, faults=self.faults, views=self.views, allowed=self.allowed)
        changes: tuple[Change, ...] = ()
        if picked is not None:
            picked = changed.with_worst_liars(picked)
            changes = changed.changes(picked, rules)
        everybody = choosing.search(np.arange(pool.questions))
        options = None if pool.numbers is None else float(pool.numbers.options)
        return Design(
            recommended=picked,
            reason=reason,
            nearest=None if picked is not None or nearest is None else changed.with_worst_liars(nearest),
            front=front_of(panels.values()),
            errors_together=effective_votes(pool.codes, models=pool.models, chance=pool.chance, options=options),
            best_single=best_single(pool, deals, goal.confidence),
            whole_panel=whole_panel(pool, goal.confidence),
            changes=changes,
            pool=pool,
            goal=goal,
            faults=self.faults,
            parts=min(self.parts, pool.questions) if deals else 0,
            repeats=len(deals),
            candidates=len(everybody.candidates),
            exhaustive=len(pool.models) <= MOST_MODELS,
            sizes=tuple(sizes),
            rules=rules,
            seed=self.seed,
        )

    def _check(self) -> None:
        """Refuse what cannot be designed from."""
        pool, goal = self.pool, self.goal
        if len(pool.models) < 2:
            raise ScenarioError(bad_value("models", list(pool.models), "must be at least 2: one model is no panel"))
        if pool.chance is None and pool.questions < 2:
            allowed = "must be at least 2: some choose, others judge"
            raise TableError(bad_value("questions", pool.questions, f"{allowed} (answered by all of the models)"))
        for name, value, field in (
            ("max-cost", goal.max_cost, "price"),
            ("max-latency-s", goal.max_latency_s, "latency_s"),
            ("early-stop", pool.early_stop or None, "latency_s"),
        ):
            lacking = [m for m, price in zip(pool.models, pool.prices, strict=True) if getattr(price, field) is None]
            if value is not None and lacking:
                shown = ", ".join(lacking[:4]) + (" …" if len(lacking) > 4 else "")
                raise ScenarioError(bad_value(name, value, f"needs the {field} of every model; missing for {shown}"))
        if pool.early_stop and not self.faults.none:
            allowed = "must be left out where members may be faulty: who crashed is waited for until the deadline"
            raise ScenarioError(bad_value("early-stop", True, allowed))
        stakes = self.stakes
        if stakes is not None and (
            len(stakes) != len(pool.models) or not 1 <= min(stakes) <= max(stakes) <= MOST_STAKE
        ):
            allowed = f"must be a whole number from 1 to {MOST_STAKE} for each of the {len(pool.models)} models"
            raise ScenarioError(bad_value("stakes", list(stakes), allowed))
        if min(self.sizes) > len(pool.models) and list(self.sizes) != sizes_of(USUAL_SIZES):
            allowed = f"must be at most {len(pool.models)}: there are no more models"
            raise ScenarioError(bad_value("sizes", list(self.sizes), allowed))
        largest = max(self._fitting())
        if self.faults.liars >= largest:
            raise ScenarioError(bad_value("liars", self.faults.liars, f"must be below the largest panel, {largest}"))

    def _fitting(self) -> list[int]:
        """Return the sizes that there are models for and that the liars leave somebody in."""
        models = len(self.pool.models)
        sizes = [size for size in self.sizes if size <= min(models, MOST_MODELS)] or [min(models, min(self.sizes))]
        return [size for size in sizes if size > self.faults.liars] or sizes

    @property
    def considered(self) -> tuple[str, ...]:
        """The rules that are considered."""
        if self.pool.early_stop:
            return stopping_early(self.rules)
        stakes, stated, judged = (each is not None for each in (self.stakes, self.pool.stated, self.pool.judges))
        return rules_of(self.rules, stakes=stakes, stated=stated, judged=judged)

    def choosing(self, sizes: Sequence[int], rules: Sequence[str]) -> Choosing:
        """Return how questions are looked at."""
        stakes = None if self.stakes is None else np.array(self.stakes, dtype=np.intp)
        return Choosing(search=self._searcher(sizes, rules), pool=self.pool, stakes=stakes)

    def deals(self) -> list[list[Ints]]:
        """Return the parts that the questions are dealt into, for each repeat."""
        return dealt(self.pool.questions, self.parts, self.repeats, Randomness(self.seed))

    def _searcher(self, sizes: Sequence[int], rules: Sequence[str]) -> Callable[[Ints], Search]:
        """Return what builds the search that some questions give rise to."""
        pool = self.pool
        least = min(sizes) if self.faults.none else 0
        if max(self.faults.deltas) == 0.0:
            least = max(0, min(sizes) - self.faults.liars)

        def of(columns: Sequence[int]) -> Search:
            fitting = [size for size in sizes if size <= len(columns)]
            largest = max(fitting) - self.faults.liars
            honest = pool.honest(columns, smallest=least, largest=largest, rules=rules)
            return Search(
                honest, columns, sizes=fitting, rules=rules, faults=self.faults, views=self.views, judges=pool.judges
            )

        if len(pool.models) <= MOST_MODELS:
            whole = of(range(len(pool.models)))
            return lambda _: whole
        known: dict[tuple[int, ...], Search] = {}

        def pooled(places: Ints) -> Search:
            columns = pool_of(pool.codes[places], self.goal, min(max(sizes), POOL))
            if columns not in known:
                known.clear()  # those that are met again follow each other
                known[columns] = of(columns)
            return known[columns]

        return pooled

    def allowed(self, search: Search) -> NDArray[np.bool_]:
        """Return which candidates cost little enough and are quick enough."""
        may = np.ones(len(search.candidates), dtype=bool)
        goal = self.goal
        if goal.max_cost is None and goal.max_latency_s is None:
            return may
        for place, candidate in enumerate(search.candidates):
            _, cost, latency_s = self.pool.price(candidate.members, candidate.rule, candidate.quorum)
            if goal.max_cost is not None:
                may[place] &= cost is not None and cost <= goal.max_cost
            if goal.max_latency_s is not None:
                may[place] &= latency_s is not None and latency_s <= goal.max_latency_s
        return may

    def panel(self, choosing: Choosing, chosen: Chosen) -> DesignedPanel:
        """Return a choice as a panel."""
        candidate = chosen.candidate
        calls, cost, latency_s = self.pool.price(candidate.members, candidate.rule, candidate.quorum)
        stakes = choosing.stakes
        return DesignedPanel(
            models=tuple(self.pool.models[place] for place in candidate.members),
            rule=candidate.rule,
            quorum=candidate.quorum,
            held_out=chosen.held_out,
            chosen_on_correct=chosen.correct,
            chosen_on_wrong=chosen.wrong,
            calls=calls,
            cost=cost,
            latency_s=latency_s,
            accuracy=chosen.accuracy,
            stakes=None if stakes is None else tuple(stakes[list(candidate.members)].tolist()),
            views=self.views if candidate.rule in PROPOSED else None,
        )
