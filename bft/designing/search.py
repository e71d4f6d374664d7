"""`design`: which panel, which rule, which quorum, and what they are worth on questions that they were not chosen on.

The pool comes from `pools`, every panel of it under every rule from `candidates`, ways of choosing from `choice`, what
these are worth from `trial`. Here they are put together, and the recommendation is made: the careful choice if its
held-out interval meets the targets; then, one after the other, bolder ones, each only if those before it met them, and
only if it does so at the level .99. So the sequence as a whole errs as rarely as its first test does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.arguments import check_whole
from bft.designing.candidates import Candidate, Scores, Search
from bft.designing.choice import BOLD, Goal, bold, careful
from bft.designing.effective_votes import EffectiveVotes, effective_votes
from bft.designing.fault_cases import Behaviour, FaultModel, Ints, deltas_of
from bft.designing.greedy import POOL, pool_of
from bft.designing.honest_sets import MOST_MODELS, HonestSets
from bft.designing.panel import DesignedPanel
from bft.designing.pools import Pool, numbers_pool, recorded_pool
from bft.designing.prices import prices_of, read_prices
from bft.designing.reasons import met, reason_for, unmet
from bft.designing.result import Change, Design
from bft.designing.rules import PROPOSED, rules_of
from bft.designing.trial import Choice, Choosing, Chosen, HeldOut, estimated, exactly, tried
from bft.errors import ScenarioError, TableError, bad_value
from bft.randomness import Randomness, read_seed
from bft.validators.answers import RIGHT
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison
from bft.validators.error_settings import CorrelatedErrorSettings, Errors, IndependentErrorSettings
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.presets import load_numbers
from bft.validators.settings import DEFAULT_OPTIONS

SIZES = (3, 10)
HALVINGS = 10
FRONT = (1.0, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
"""Most wrong decisions at which the front is looked for, at each size of panel."""

SURER = 0.99  # level at which bolder choices must meet the target
_MOST_FRONT = 40


def design(
    answers: str | Path | None = None,
    *,
    models: Sequence[str] | None = None,
    accuracies: Sequence[float] | None = None,
    r: float = 0.0,
    tau: float = 0.0,
    kalpha: float | None = None,
    missing: float = 0.0,
    options: int = DEFAULT_OPTIONS,
    fit: str | Path | None = None,
    prices: str | Path | Mapping[str, Any] | None = None,
    max_wrong: float | None = None,
    min_correct: float | None = None,
    max_cost: float | None = None,
    max_latency_s: float | None = None,
    liars: int = 0,
    delta: float | Sequence[float] = 0.0,
    behaviour: Behaviour = "collude",
    sizes: str | Sequence[int] = "3:10",
    rules: Sequence[str] | None = None,
    stakes: Sequence[int] | None = None,
    views: int | None = None,
    halvings: int = HALVINGS,
    compare: Comparison = DEFAULT_COMPARISON,
    drop_conflicts: bool = False,
    seed: int = 0,
) -> Design:
    """Choose a panel, and say what the choice is worth.

    Parameters
    ----------
    answers : str or Path, optional
        Table of recorded answers. One of `answers`, `accuracies` and `fit` is needed.
    models : sequence of str, optional
        Models to choose from; by default those of the table that were asked nine tenths of the questions.
    accuracies : sequence of float, optional
        Probabilities of a right answer, in place of a table, with the correlation `r` of being right, the probability
        `tau` of a trap, `kalpha` of the urn, the probability `missing` of no answer, and `options` wrong answers.
    fit : str or Path, optional
        TOML file of a fit (`bft validators fit --out`), in place of a table.
    prices : str, Path or mapping, optional
        Price and latency of a call of each model: a csv or TOML file, or a mapping.
    max_wrong, min_correct : float, optional
        Most wrong and fewest right decisions, as shares of the questions. Without `min_correct` more than half must be
        right, by the estimate alone; a target that is given counts as met only if the held-out interval says so.
    max_cost, max_latency_s : float, optional
        Most that a question may cost, and longest that the slowest member may take.
    liars : int
        Members that collude, whichever they are.
    delta : float or sequence of float
        Probability that any other member is faulty; of several each must be withstood.
    behaviour : {"crash", "collude"}
        What those others do.
    sizes : str or sequence of int
        Sizes of panels, as "3:10" or one by one.
    rules : sequence of str, optional
        Rules to consider: quorum, plurality, log_odds, stake, pbft, tendermint; by default all that the input allows.
    stakes : sequence of int, optional
        Stake of each model.
    views : int, optional
        How many members lead under pbft and tendermint, the first ones of each panel in the order of the models; by
        default every member leads once, so that each quorum that is there decides.
    halvings : int
        How often the questions are halved.
    compare, drop_conflicts
        As for `bft.validators.tables`.
    seed : int
        Of the halves.

    Returns
    -------
    Design
        The recommendation or why there is none, the front, and how many validators the models really are.

    Raises
    ------
    ScenarioError
        If the targets contradict each other, or something is missing that they need.
    TableError
        If a table cannot be read, or does not hold what is asked of it.
    """
    seed = read_seed(seed)
    check_whole("halvings", halvings, ScenarioError, least=1, most=1000)
    goal = Goal(max_wrong=max_wrong, min_correct=min_correct, max_cost=max_cost, max_latency_s=max_latency_s)
    faults = FaultModel(liars=liars, deltas=deltas_of(delta), behaviour=behaviour)
    known = read_prices(prices) if isinstance(prices, str | Path) else prices_of(prices)
    asked = _sizes(sizes)
    given = [
        name for name, value in (("answers", answers), ("accuracies", accuracies), ("fit", fit)) if value is not None
    ]
    if len(given) != 1:
        have = "none" if not given else " and ".join(given)
        raise ScenarioError(f"design: needs one of answers, accuracies and fit; there is {have}")
    if answers is not None:
        pool = recorded_pool(answers, models, compare=compare, drop_conflicts=drop_conflicts, prices=known)
    else:
        numbers = load_numbers(str(fit)) if fit is not None else _numbers(accuracies, r, tau, kalpha, missing, options)
        named = (models or ()) if fit is None else numbers.models
        count = len(numbers.accuracy) if isinstance(numbers.accuracy, tuple) else (len(named) or max(asked))
        source = Path(fit).name if fit is not None else "accuracies that were given"
        if models is not None and len(models) != count:
            raise ScenarioError(bad_value("models", list(models), f"must name one for each of the {count} models"))
        if models is not None and fit is None:
            numbers = numbers.model_copy(update={"models": tuple(models)})
        pool = numbers_pool(numbers, count, prices=known, seed=seed, source=source)
    if views is not None:
        check_whole("views", views, ScenarioError, least=1)
    return _Designer(pool, goal, faults, asked, rules, stakes, halvings, seed, views).design()


@dataclass(frozen=True, slots=True)
class _Designer:
    """Everything that one design needs."""

    pool: Pool
    goal: Goal
    faults: FaultModel
    asked: Sequence[int]
    named: Sequence[str] | None
    stakes: Sequence[int] | None
    halvings: int
    seed: int
    views: int | None = None

    def design(self) -> Design:
        pool, goal = self.pool, self.goal
        self._check()
        sizes, rules = self._fitting(), rules_of(self.named, stakes=self.stakes is not None)
        stakes = None if self.stakes is None else np.array(self.stakes, dtype=np.intp)
        choosing = Choosing(search=self._searcher(sizes, rules), pool=pool, stakes=stakes)
        found = tried(
            choosing,
            self._choices(sizes),
            self._allowed,
            halvings=self.halvings,
            randomness=Randomness(self.seed),
        )
        panels = {name: self._panel(choosing, chosen) for name, chosen in found.items()}
        picked, reason, nearest = self._recommended(panels)
        front = self._front(panels)
        together = self._together()
        changes: tuple[Change, ...] = ()
        if picked is not None:
            picked = self._with_worst_liars(choosing, picked)
            changes = self._changes(choosing, picked, sizes, rules)
        everybody = choosing.search(np.arange(pool.questions))
        return Design(
            recommended=picked,
            reason=reason,
            nearest=None if picked is not None or nearest is None else self._with_worst_liars(choosing, nearest),
            front=front,
            errors_together=together,
            best_single=self._best_single(),
            whole_panel=self._whole(),
            changes=changes,
            pool=pool,
            goal=goal,
            faults=self.faults,
            halvings=0 if pool.chance is not None else self.halvings,
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
            allowed = "must be at least 2: one half chooses, the other judges"
            raise TableError(bad_value("questions", pool.questions, f"{allowed} (answered by all of the models)"))
        for name, value, field in (
            ("max-cost", goal.max_cost, "price"),
            ("max-latency-s", goal.max_latency_s, "latency_s"),
        ):
            lacking = [m for m, price in zip(pool.models, pool.prices, strict=True) if getattr(price, field) is None]
            if value is not None and lacking:
                shown = ", ".join(lacking[:4]) + (" …" if len(lacking) > 4 else "")
                raise ScenarioError(bad_value(name, value, f"needs the {field} of every model; missing for {shown}"))
        if self.stakes is not None and (len(self.stakes) != len(pool.models) or min(self.stakes) < 1):
            allowed = f"must be a whole number of at least 1 for each of the {len(pool.models)} models"
            raise ScenarioError(bad_value("stakes", list(self.stakes), allowed))
        largest = max(self._fitting())
        if self.faults.liars >= largest:
            raise ScenarioError(bad_value("liars", self.faults.liars, f"must be below the largest panel, {largest}"))

    def _fitting(self) -> list[int]:
        """Return the sizes that there are models for and that the liars leave somebody in."""
        models = len(self.pool.models)
        sizes = [size for size in self.asked if size <= min(models, MOST_MODELS)] or [min(models, min(self.asked))]
        return [size for size in sizes if size > self.faults.liars] or sizes

    def _searcher(self, sizes: Sequence[int], rules: Sequence[str]) -> Callable[[Ints], Search]:
        """Return what builds the search that some questions give rise to."""
        pool = self.pool
        least = min(sizes) if self.faults.none else 0
        if max(self.faults.deltas) == 0.0:
            least = max(0, min(sizes) - self.faults.liars)

        def of(columns: Sequence[int]) -> Search:
            fitting = [size for size in sizes if size <= len(columns)]
            honest = HonestSets(pool.of(columns), smallest=least, largest=max(fitting) - self.faults.liars)
            return Search(honest, columns, sizes=fitting, rules=rules, faults=self.faults, views=self.views)

        if len(pool.models) <= MOST_MODELS:
            whole = of(range(len(pool.models)))
            return lambda _: whole
        return lambda places: of(pool_of(pool.codes[places], self.goal, min(max(sizes), POOL)))

    def _choices(self, sizes: Sequence[int]) -> dict[str, Choice]:
        """Return every way of choosing, by name."""
        goal = self.goal
        choices: dict[str, Choice] = {}
        if goal.max_wrong is None:
            choices["careful"] = _bold(1.0)
        elif self.pool.chance is not None:
            choices["exact"] = _exact(goal)
            choices["careful"] = _careful(goal)
        else:
            choices["careful"] = _careful(goal)
            choices |= {f"bold {share}": _bold(share * goal.max_wrong) for share in BOLD}
        for size in sizes:
            choices |= {f"front {size} {most}": _bold(most, size) for most in FRONT}
        return choices

    def _allowed(self, search: Search) -> NDArray[np.bool_]:
        """Return which candidates cost little enough and are quick enough."""
        may = np.ones(len(search.candidates), dtype=bool)
        goal = self.goal
        if goal.max_cost is None and goal.max_latency_s is None:
            return may
        for place, candidate in enumerate(search.candidates):
            cost, latency_s = self._price(candidate.members)
            if goal.max_cost is not None:
                may[place] &= cost is not None and cost <= goal.max_cost
            if goal.max_latency_s is not None:
                may[place] &= latency_s is not None and latency_s <= goal.max_latency_s
        return may

    def _price(self, members: Sequence[int]) -> tuple[float | None, float | None]:
        each = [self.pool.prices[place] for place in members]
        costs = [price.price for price in each if price.price is not None]
        latencies = [price.latency_s for price in each if price.latency_s is not None]
        whole = len(each)
        return sum(costs) if len(costs) == whole else None, max(latencies) if len(latencies) == whole else None

    def _panel(self, choosing: Choosing, chosen: Chosen) -> DesignedPanel:
        candidate = chosen.candidate
        cost, latency_s = self._price(candidate.members)
        stakes = choosing.stakes
        return DesignedPanel(
            models=tuple(self.pool.models[place] for place in candidate.members),
            rule=candidate.rule,
            quorum=candidate.quorum,
            held_out=chosen.held_out,
            chosen_on_correct=chosen.correct,
            chosen_on_wrong=chosen.wrong,
            calls=candidate.n,
            cost=cost,
            latency_s=latency_s,
            accuracy=chosen.accuracy,
            stakes=None if stakes is None else tuple(stakes[list(candidate.members)].tolist()),
            views=self.views if candidate.rule in PROPOSED else None,
        )

    def _recommended(
        self, panels: Mapping[str, DesignedPanel]
    ) -> tuple[DesignedPanel | None, str, DesignedPanel | None]:
        """Return the recommendation, why it is one or why there is none, and the nearest panel."""
        goal = self.goal
        first = panels.get("exact") or panels.get("careful")
        if first is None:
            return None, unmet(goal, self.pool), None
        if (why := reason_for(first, goal)) is not None:
            return None, why, first
        taken = first
        for share in BOLD:
            bolder = panels.get(f"bold {share}")
            if bolder is None:
                continue
            if not met(bolder.held_out, goal, level=SURER):
                break
            if bolder.held_out.correct.value > taken.held_out.correct.value:
                taken = bolder
        return taken, self._why(taken), None

    def _why(self, panel: DesignedPanel) -> str:
        out, goal = panel.held_out, self.goal
        if goal.max_wrong is None:
            aim = "the most right decisions"
        else:
            aim = f"the most right decisions with wrong ones shown to be at most {100 * goal.max_wrong:g} %"
        if out.questions is None:
            return (
                f"{aim}: right {100 * out.correct.value:.1f} %, wrong {100 * out.wrong.value:.2f} %, by the exact law"
            )
        return (
            f"{aim}: on {out.questions} questions not chosen on, right {100 * out.correct.value:.1f} %, "
            f"wrong {100 * out.wrong.value:.2f} % ({100 * out.wrong.low:.2f} to {100 * out.wrong.high:.2f})"
        )

    def _front(self, panels: Mapping[str, DesignedPanel]) -> tuple[DesignedPanel, ...]:
        """Return the panels that no other one beats in everything."""
        distinct = {(panel.models, panel.rule, panel.quorum): panel for panel in reversed(list(panels.values()))}
        kept = [each for each in distinct.values() if not any(_beats(other, each) for other in distinct.values())]
        kept.sort(key=lambda panel: (-panel.held_out.correct.value, panel.held_out.wrong.value, panel.models))
        return tuple(kept[:_MOST_FRONT])

    def _together(self) -> EffectiveVotes:
        pool = self.pool
        options = None if pool.numbers is None else float(pool.numbers.options)
        return effective_votes(pool.codes, models=pool.models, chance=pool.chance, options=options)

    def _best_single(self) -> DesignedPanel:
        """Return the most accurate model, chosen on halves like everything else; nobody is faulty."""
        pool = self.pool
        right, given = pool.codes == RIGHT, pool.codes > RIGHT
        best = int(pool.accuracy.argmax())
        if pool.chance is not None:
            shares = exactly(float(pool.chance @ right[:, best]), float(pool.chance @ given[:, best]))
        else:
            seen = []
            for halving in range(self.halvings):
                order = Randomness(self.seed).generator("designing.halves", halving).permutation(pool.questions)
                first, second = order[: pool.questions // 2], order[pool.questions // 2 :]
                for looked_at, kept in ((first, second), (second, first)):
                    place = int(right[looked_at].mean(axis=0).argmax())
                    seen.append((right[kept, place].mean(), given[kept, place].mean()))
            correct, wrong = np.mean(seen, axis=0)
            shares = estimated(float(correct), float(wrong), pool.questions)
        weight = np.full(pool.questions, 1.0 / pool.questions) if pool.chance is None else pool.chance
        return self._plain((best,), shares, float(weight @ right[:, best]), float(weight @ given[:, best]))

    def _whole(self) -> DesignedPanel:
        """Return the plurality of all models; nothing is chosen, and nobody is faulty."""
        pool = self.pool
        codes = pool.codes
        right = (codes == RIGHT).sum(axis=1)
        sizes = np.array([(codes == code).sum(axis=1) for code in range(1, max(int(codes.max()), 1) + 1)])
        largest = sizes.max(axis=0)
        alone = (sizes == largest).sum(axis=0) == 1
        weight = np.full(pool.questions, 1.0 / pool.questions) if pool.chance is None else pool.chance
        correct, wrong = float(weight @ (right > largest)), float(weight @ ((largest > right) & alone))
        shares = exactly(correct, wrong) if pool.chance is not None else estimated(correct, wrong, pool.questions)
        return self._plain(tuple(range(len(pool.models))), shares, correct, wrong)

    def _plain(self, members: tuple[int, ...], shares: HeldOut, correct: float, wrong: float) -> DesignedPanel:
        cost, latency_s = self._price(members)
        return DesignedPanel(
            models=tuple(self.pool.models[place] for place in members),
            rule="plurality",
            quorum=1,
            held_out=shares,
            chosen_on_correct=correct,
            chosen_on_wrong=wrong,
            calls=len(members),
            cost=cost,
            latency_s=latency_s,
            accuracy=tuple(self.pool.accuracy[list(members)].tolist()),
        )

    def _one(self, members: Sequence[int], faults: FaultModel, rules: Sequence[str]) -> Search:
        n = len(members)
        honest = HonestSets(self.pool.of(members), smallest=0 if not faults.none else n, largest=n)
        return Search(honest, members, sizes=[n], rules=rules, faults=faults, views=self.views)

    def _scores(self, choosing: Choosing, search: Search) -> Scores:
        pool = self.pool
        weight = np.ones(pool.questions) if pool.chance is None else pool.chance
        return search.scores(weight, choosing.weights(search, np.arange(pool.questions)))

    def _with_worst_liars(self, choosing: Choosing, panel: DesignedPanel) -> DesignedPanel:
        """Return the panel with the members named that do most harm if they lie."""
        if not self.faults.liars:
            return panel
        members = [self.pool.models.index(model) for model in panel.models]
        search = self._one(members, self.faults, [panel.rule])
        weight = np.ones(self.pool.questions) if self.pool.chance is None else self.pool.chance
        weights = choosing.weights(search, np.arange(self.pool.questions))
        right, wrong = search.by_case(Candidate(tuple(members), panel.rule, panel.quorum), weight, weights)
        most_harm = np.lexsort((right, -wrong))[0]
        return replace(panel, worst_liars=self.faults.cases(panel.n).liars[int(most_harm)])

    def _changes(
        self, choosing: Choosing, panel: DesignedPanel, sizes: Sequence[int], rules: Sequence[str]
    ) -> tuple[Change, ...]:
        """Return what one more liar and one more model would make of the panel, on the questions it was chosen on."""
        members = [self.pool.models.index(model) for model in panel.models]
        changes = []
        if self.faults.liars + 1 < panel.n:
            more = replace(self.faults, liars=self.faults.liars + 1)
            search = self._one(members, more, [panel.rule])
            scores = self._scores(choosing, search)
            place = scores.candidates.index(Candidate(tuple(members), panel.rule, panel.quorum))
            changes.append(
                Change("one more liar", panel.words, float(scores.correct[place]), float(scores.wrong[place]))
            )
        best: Change | None = None
        most = (
            panel.chosen_on_wrong
            if self.goal.max_wrong is None
            else max(panel.chosen_on_wrong, BOLD[1] * self.goal.max_wrong)
        )
        if panel.n + 1 <= MOST_MODELS:
            for place in range(len(self.pool.models)):
                if place in members:
                    continue
                search = self._one(sorted([*members, place]), self.faults, rules)
                scores = self._scores(choosing, search)
                pick = bold(scores, most, self._allowed(search))
                if pick is None or (best is not None and scores.correct[pick] <= best.correct):
                    continue
                candidate = scores.candidates[pick]
                by = (
                    candidate.rule
                    if candidate.quorum in (None, 1)
                    else f"{candidate.rule}, {candidate.quorum} of {candidate.n}"
                )
                words = f"{self.pool.models[place]} besides, by {by}"
                best = Change("one more model", words, float(scores.correct[pick]), float(scores.wrong[pick]))
        return (*changes, *(() if best is None else (best,)))


def _bold(most: float, size: int | None = None) -> Choice:
    def choose(scores: Scores, allowed: NDArray[np.bool_], questions: float) -> int | None:
        del questions
        return bold(scores, most, allowed if size is None else allowed & (scores.size == size))

    return choose


def _careful(goal: Goal) -> Choice:
    return lambda scores, allowed, questions: careful(scores, goal, allowed, questions)


def _exact(goal: Goal) -> Choice:
    def choose(scores: Scores, allowed: NDArray[np.bool_], questions: float) -> int | None:
        del questions
        assert goal.max_wrong is not None
        return bold(scores, goal.max_wrong, allowed & (scores.correct >= goal.least_correct))

    return choose


def _beats(one: DesignedPanel, other: DesignedPanel) -> bool:
    """Whether one panel is at least as good in everything, and better in something."""
    mine, its = _merits(one), _merits(other)
    return all(a >= b for a, b in zip(mine, its, strict=True)) and mine != its


def _merits(panel: DesignedPanel) -> tuple[float, ...]:
    known = [each for each in (panel.cost, panel.latency_s) if each is not None]
    return (
        round(panel.chosen_on_correct, 9),
        -round(panel.chosen_on_wrong, 9),
        -panel.calls,
        *(-each for each in known),
    )


def _numbers(
    accuracies: Sequence[float] | None,
    r: float,
    tau: float,
    kalpha: float | None,
    missing: float,
    options: int,
) -> PanelNumbers:
    assert accuracies is not None
    if not len(accuracies):
        raise ScenarioError("accuracies: must hold at least two numbers")
    for each in accuracies:
        if not 0.0 <= each <= 1.0:
            raise ScenarioError(bad_value("accuracies", each, "must be between 0 and 1"))
    for name, value in (("r", r), ("tau", tau), ("missing", missing)):
        if not 0.0 <= value <= 1.0:
            raise ScenarioError(bad_value(name, value, "must be between 0 and 1"))
    if kalpha is not None and not kalpha > 0.0:
        raise ScenarioError(bad_value("kalpha", kalpha, "must be positive"))
    check_whole("options", options, ScenarioError, least=1)
    errors: Errors = IndependentErrorSettings()
    if r or tau or kalpha is not None:
        errors = CorrelatedErrorSettings(r=r, tau=tau, k_alpha=kalpha)
    return PanelNumbers(accuracy=tuple(map(float, accuracies)), options=options, errors=errors, missing=float(missing))


def _sizes(given: str | Sequence[int]) -> list[int]:
    """Return sizes of panels from "3:10", "3,5,7" or numbers."""
    try:
        if isinstance(given, str):
            low, colon, high = given.partition(":")
            sizes = list(range(int(low), int(high) + 1)) if colon else [int(each) for each in given.split(",")]
        else:
            sizes = [int(each) for each in given]
    except (TypeError, ValueError):
        raise ScenarioError(bad_value("sizes", given, 'must be whole numbers, as "3:10" or "3,5,7"')) from None
    if not sizes or min(sizes) < 2 or max(sizes) > MOST_MODELS:
        raise ScenarioError(bad_value("sizes", given, f"must be from 2 to {MOST_MODELS} members"))
    return sorted(set(sizes))
