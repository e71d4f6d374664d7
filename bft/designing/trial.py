"""What a way of choosing is worth: chosen on most of the questions, judged on the others, until each was judged.

The questions are dealt into parts (ten, by default). Each part judges the choice that is made on all the others, so
that every question judges a choice that it had no part in; what a rule learns of the models, and the pool of a greedy
search, come from the choosing questions too. This is repeated with other parts, and the mean is the held-out share.
With two parts one half chooses and the other judges; but a choice on half of the questions is a worse one than that on
all of them, which is what is recommended, and the fewer the questions the more so.

The ends of an interval are binomial bounds (Clopper–Pearson) of as many questions as there are, each at the stated
confidence: a target bounds a share from one side. Repeating adds no question. Shares are means over choices made on
overlapping questions, so that the bounds are not exact for them; `simulations/held_out_designs.py` measures how they
hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from bft.designing.candidates import Candidate, Scores, Search
from bft.designing.fault_cases import Ints
from bft.designing.pools import Pool
from bft.designing.rules import learnt_accuracy, log_odds
from bft.randomness import Floats, Randomness
from bft.validators.answers import RIGHT

Choice: TypeAlias = Callable[[Scores, NDArray[np.bool_], float], "int | None"]
"""Takes scores, which candidates are allowed, and the number of questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of the questions."""

    value: float
    low: float
    high: float
    """The estimate, and its interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """What a way of choosing does on questions that it was not made on.

    Attributes
    ----------
    correct, wrong, none : Share
        Decided right, decided wrong, not decided.
    questions : int or None
        How many there are; None where the shares are exact.
    confidence : float or None
        With which each end of an interval holds; None where the shares are exact.
    """

    correct: Share
    wrong: Share
    none: Share
    questions: int | None
    confidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """How a search looks at questions: builds it for those that choose, and says what each rule weighs.

    Attributes
    ----------
    search : callable
        Returns the search that some questions give rise to, from their places.
    pool : Pool
        The models.
    stakes : ndarray of int or None
        Stake of each model.
    """

    search: Callable[[Ints], Search]
    pool: Pool
    stakes: Ints | None

    def weights(self, search: Search, places: Ints) -> dict[str, Ints]:
        """Return what votes weigh under each rule that weighs them, as learnt from some questions."""
        found = {"log_odds": log_odds(self.learnt(search.columns, places))}
        if self.stakes is not None:
            found["stake"] = self.stakes[search.columns]
        return found

    def learnt(self, columns: Ints, places: Ints) -> tuple[float, ...]:
        """Return the accuracies that some questions show; those of the law where there is one."""
        if self.pool.chance is not None:
            return tuple(self.pool.accuracy[columns].tolist())
        right = (self.pool.codes[places][:, columns] == RIGHT).sum(axis=0)
        return learnt_accuracy(right.astype(np.float64), float(len(places)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A choice on all questions, and what the way of choosing is worth.

    Attributes
    ----------
    candidate : Candidate
        What is taken.
    correct, wrong : float
        Its shares on the questions that it was chosen on.
    held_out : HeldOut
        The same on questions that choices were not made on.
    accuracy : tuple of float
        What was learnt of its members.
    """

    candidate: Candidate
    correct: float
    wrong: float
    held_out: HeldOut
    accuracy: tuple[float, ...]


def tried(
    choosing: Choosing,
    choices: Mapping[str, Choice],
    allowed: Callable[[Search], NDArray[np.bool_]],
    deals: list[list[Ints]],
    confidence: float,
) -> dict[str, Chosen]:
    """Return each way of choosing with what it is worth; one that finds nothing is left out.

    Parameters
    ----------
    choosing : Choosing
        The models and the search.
    choices : mapping of str to callable
        Ways of choosing, by name.
    allowed : callable
        Which candidates of a search may be taken.
    deals : list of list of ndarray
        Places of the questions in each part, for each repeat; none where shares are exact.
    confidence : float
        With which each end of an interval holds.
    """
    pool = choosing.pool
    everything = np.arange(pool.questions)
    search = choosing.search(everything)
    weights = choosing.weights(search, everything)
    scores, may = search.scores(pool.weight, weights), allowed(search)
    asked = float(pool.questions) if pool.chance is None else np.inf
    places = {name: choose(scores, may, asked) for name, choose in choices.items()}
    judged = {} if pool.chance is not None else _judged(choosing, choices, allowed, deals)
    found = {}
    for name, place in places.items():
        if place is None:
            continue
        correct, wrong = float(scores.correct[place]), float(scores.wrong[place])
        if pool.chance is not None:
            shares = exactly(correct, wrong)
        elif name in judged:
            shares = estimated(*judged[name], pool.questions, confidence)
        else:
            continue
        candidate = scores.candidates[place]
        found[name] = Chosen(
            candidate=candidate,
            correct=correct,
            wrong=wrong,
            held_out=shares,
            accuracy=choosing.learnt(np.array(candidate.members, dtype=np.intp), everything),
        )
    return found


def dealt(questions: int, parts: int, repeats: int, randomness: Randomness) -> list[list[Ints]]:
    """Return the places of the questions in each part, for each repeat."""
    parts = min(parts, questions)
    orders = [randomness.generator("designing.parts", repeat).permutation(questions) for repeat in range(repeats)]
    return [[np.sort(order[part::parts]) for part in range(parts)] for order in orders]


def _judged(
    choosing: Choosing,
    choices: Mapping[str, Choice],
    allowed: Callable[[Search], NDArray[np.bool_]],
    deals: list[list[Ints]],
) -> dict[str, tuple[float, float]]:
    """Return mean shares of each way of choosing on parts that it did not see; none where it once found nothing."""
    questions = choosing.pool.questions
    sums = {name: np.zeros(2) for name in choices}
    for kept in (part for parts in deals for part in parts):
        judging = _indicator(kept, questions)
        looked_at = np.flatnonzero(judging == 0.0)
        search = choosing.search(looked_at)
        weights, may = choosing.weights(search, looked_at), allowed(search)
        seen = search.scores(1.0 - judging, weights)
        picks = {name: choose(seen, may, float(len(looked_at))) for name, choose in choices.items() if name in sums}
        unseen = search.scores(judging, weights)
        for name, pick in picks.items():
            if pick is None:
                del sums[name]
            else:
                sums[name] += len(kept) * np.array([unseen.correct[pick], unseen.wrong[pick]])
    asked = questions * len(deals)
    return {name: (float(each[0] / asked), float(each[1] / asked)) for name, each in sums.items()}


def _indicator(places: Ints, questions: int) -> Floats:
    weight = np.zeros(questions)
    weight[places] = 1.0
    return weight


def estimated(correct: float, wrong: float, questions: int, confidence: float) -> HeldOut:
    """Return shares of so many questions with their intervals."""
    none = max(0.0, 1.0 - correct - wrong)
    shares = [
        Share(value=each, low=lower(each, questions, confidence), high=upper(each, questions, confidence))
        for each in (correct, wrong, none)
    ]
    return HeldOut(correct=shares[0], wrong=shares[1], none=shares[2], questions=questions, confidence=confidence)


def exactly(correct: float, wrong: float) -> HeldOut:
    """Return shares that are known."""
    none = max(0.0, 1.0 - correct - wrong)
    shares = [Share(value=each, low=each, high=each) for each in (correct, wrong, none)]
    return HeldOut(correct=shares[0], wrong=shares[1], none=shares[2], questions=None, confidence=None)


def upper(value: float, questions: int, confidence: float) -> float:
    """Return the upper Clopper–Pearson bound, for a count that need not be whole."""
    count = min(max(value, 0.0), 1.0) * questions
    if count >= questions - 1e-9:
        return 1.0
    return float(betaincinv(count + 1.0, questions - count, confidence))


def lower(value: float, questions: int, confidence: float) -> float:
    """Return the lower bound."""
    return 1.0 - upper(1.0 - value, questions, confidence)
