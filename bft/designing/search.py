"""`design`: which panel, which rule, which quorum, and what they are worth on questions that they were not chosen on.

The arguments are read here; `designer` puts a design together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bft.arguments import check_list, check_whole
from bft.designing.asked import USUAL_SIZES, judges_of, numbers_of, sizes_of
from bft.designing.choice import CONFIDENCE, Goal
from bft.designing.designer import Designer
from bft.designing.fault_cases import Behaviour, FaultModel, deltas_of
from bft.designing.pools import numbers_pool, recorded_pool
from bft.designing.prices import prices_of, read_prices
from bft.designing.result import Design
from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_NODES
from bft.randomness import read_seed
from bft.validators.comparison import DEFAULT_COMPARISON, Comparison
from bft.validators.presets import load_numbers
from bft.validators.settings import DEFAULT_OPTIONS

FOLDS = 10
REPEATS = 2


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
    confidence: float = CONFIDENCE,
    liars: int = 0,
    delta: float | Sequence[float] = 0.0,
    behaviour: Behaviour = "collude",
    sizes: str | Sequence[int] = USUAL_SIZES,
    rules: Sequence[str] | None = None,
    stakes: Sequence[int] | None = None,
    accept_right: float | None = None,
    accept_wrong: float | None = None,
    views: int | None = None,
    early_stop: bool = False,
    folds: int = FOLDS,
    repeats: int = REPEATS,
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
        right, by the estimate alone; a target that is given counts as met only if the held-out bound says so.
    max_cost, max_latency_s : float, optional
        Most that a question may cost, and longest that the slowest member may take, or with `early_stop` a question on
        average.
    confidence : float
        With which each end of a held-out interval holds, above one half and below 1. What is left to 1 is the risk that
        a panel whose rate of wrong decisions is above the target seems to meet it.
    liars : int
        Members that collude, whichever they are.
    delta : float or sequence of float
        Probability that any other member is faulty; of several each must be withstood.
    behaviour : {"crash", "collude"}
        What those others do.
    sizes : str or sequence of int
        Sizes of panels, as "3:10" or one by one.
    rules : sequence of str, optional
        Rules to consider: quorum, plurality, judge, log_odds, stake, confidence, pbft, tendermint; by default all that
        the input allows.
    stakes : sequence of int, optional
        Stake of each model.
    accept_right, accept_wrong : float, optional
        Probability that a member accepts a right answer of another, and a wrong one, one verdict apart from the other;
        for the rule judge.
    views : int, optional
        How many members lead under pbft and tendermint, the first ones of each panel in the order of the models; by
        default every member leads once, so that each quorum that is there decides.
    early_stop : bool
        Whether a ballot waits for nobody whose vote cannot change it; by quorum and plurality, with nobody faulty.
    folds : int
        Parts that the questions are dealt into, each judging the choice made on all the others; 2 are halves.
    repeats : int
        How often they are dealt.
    compare, drop_conflicts
        As for `bft.validators.tables`.
    seed : int
        Of the parts.

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
    check_whole("folds", folds, ScenarioError, least=2, most=1000)
    check_whole("repeats", repeats, ScenarioError, least=1, most=1000)
    for name, listed, of in (
        ("models", models, "names"),
        ("rules", rules, "names"),
        ("accuracies", accuracies, "numbers"),
    ):
        check_list(name, listed, of, ScenarioError)
    check_list("stakes", stakes, "whole numbers", ScenarioError)
    goal = Goal(
        max_wrong=max_wrong,
        min_correct=min_correct,
        max_cost=max_cost,
        max_latency_s=max_latency_s,
        confidence=confidence,
    )
    faults = FaultModel(liars=liars, deltas=deltas_of(delta), behaviour=behaviour)
    known = read_prices(prices) if isinstance(prices, str | Path) else prices_of(prices)
    asked = sizes_of(sizes)
    given = [
        name for name, value in (("answers", answers), ("accuracies", accuracies), ("fit", fit)) if value is not None
    ]
    if len(given) != 1:
        have = "none" if not given else " and ".join(given)
        raise ScenarioError(f"design: needs one of answers, accuracies and fit; there is {have}")
    if answers is not None:
        pool = recorded_pool(answers, models, compare=compare, drop_conflicts=drop_conflicts, prices=known)
    else:
        if fit is not None:
            numbers = load_numbers(str(fit))
        else:
            numbers = numbers_of(() if accuracies is None else accuracies, r, tau, kalpha, missing, options)
        named = (models or ()) if fit is None else numbers.models
        count = len(numbers.accuracy) if isinstance(numbers.accuracy, tuple) else (len(named) or max(asked))
        source = Path(fit).name if fit is not None else "accuracies that were given"
        if models is not None and len(models) != count:
            raise ScenarioError(bad_value("models", list(models), f"must name one for each of the {count} models"))
        if models is not None and fit is None:
            numbers = numbers.model_copy(update={"models": tuple(models)})
        pool = numbers_pool(numbers, count, prices=known, seed=seed, source=source)
    if views is not None:
        check_whole("views", views, ScenarioError, least=1, most=MOST_NODES)
    return Designer(
        pool=replace(pool, judges=judges_of(accept_right, accept_wrong), early_stop=early_stop),
        goal=goal,
        faults=faults,
        sizes=asked,
        rules=rules,
        stakes=stakes,
        views=views,
        parts=folds,
        repeats=repeats,
        seed=seed,
    ).design()
