"""Accuracies and answers where nobody knows the right answers: Dawid and Skene's model, and one with one parameter.

Both take the members for independent given the right answer, and look for the accuracies and the right answers that
explain the votes best (EM). Dawid and Skene's has a confusion matrix for every member and needs answers that come from
the same few classes in every question (the options of a test). The one-parameter model says only how often a member is
right, and that a wrong one picks any of the question's other answers alike; it takes free answers too.

Models that err together break both: what many say is taken for right, those who say it for accurate, and the intervals,
which rest on the same assumption, are too narrow. Beside a table with right answers `against` shows by how much.

References
----------
Dawid & Skene, *Maximum likelihood estimation of observer error-rates using the EM algorithm*, Applied Statistics 28
(1979) 20–28.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.errors import TableError, bad_value
from bft.randomness import Floats, Randomness

WARNING = (
    "estimated without right answers, as if models erred independently: models that err together count as accurate, "
    "and the intervals are too narrow"
)
_MOST_ROUNDS = 200
_TOLERANCE = 1e-6
_SMOOTHING = 0.01  # of a count, so that nothing is impossible that was not seen
_MOST_CLASSES = 32
FREE_ANSWERS = 1000  # wrong options where answers are free


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WithoutGold:
    """What votes alone say.

    Attributes
    ----------
    model : str
        "dawid_skene" or "one_parameter".
    accuracy, low, high : ndarray of shape (models,)
        Estimated accuracy of each model, with 95 % intervals by resampling the questions.
    posterior : list of dict
        For each question the probability of each answer that somebody gave.
    answers : list
        The most probable answer to each question; None where nobody gave one.
    rounds : int
        Rounds of EM.
    warning : str
        What to beware of.
    """

    model: str
    accuracy: Floats
    low: Floats
    high: Floats
    posterior: list[dict[Any, float]] = field(repr=False)
    answers: list[Any] = field(repr=False)
    rounds: int
    warning: str = WARNING

    def against(self, accuracy: Sequence[float]) -> list[dict[str, Any]]:
        """Return estimate, interval and truth of each model, and whether the interval holds the truth."""
        return [
            {
                "estimate": float(a),
                "low": float(low),
                "high": float(high),
                "truth": float(t),
                "inside": bool(low <= t <= high),
            }
            for a, low, high, t in zip(self.accuracy, self.low, self.high, accuracy, strict=True)
        ]


def one_parameter(
    answers: Sequence[Sequence[Any]], *, options: int | None = None, resamples: int = 100, seed: int = 0
) -> WithoutGold:
    """Estimate accuracies without right answers, one number a model.

    Parameters
    ----------
    answers : sequence of sequences, shape (questions, models)
        What each model answered; None for nothing. Equal answers are equal objects.
    options : int, optional
        Wrong answers that a model may pick; by default as many as the table has different answers, but for the right
        one, and 1,000 where they are free. The right answer may be one that nobody gave.
    resamples : int
        Behind the intervals; 0 for none.
    seed : int
        Of the resamples.

    Examples
    --------
    >>> votes = [["A", "A", "B"], ["C", "C", "C"], ["B", "B", "A"], ["D", "D", "D"]] * 10
    >>> found = one_parameter(votes, resamples=0)
    >>> found.accuracy.round(2).tolist(), found.answers[0]
    ([1.0, 1.0, 0.5], 'A')
    """
    codes, names = _coded(answers)
    patterns, place = np.unique(codes, axis=0, return_inverse=True)  # names do not matter, only which are equal
    classes = patterns.max(axis=1) + 1
    distinct = len({name for each in names for name in each})
    wrong = options or (max(1, distinct - 1) if distinct <= _MOST_CLASSES else FREE_ANSWERS)
    if wrong + 1 < classes.max():
        raise TableError(bad_value("options", wrong, f"must be at least {classes.max() - 1}: one question has as many"))
    fit = partial(_one_parameter, patterns, classes, wrong)
    return _finish("one_parameter", codes, names, place.ravel(), fit, resamples, seed)


def dawid_skene(answers: Sequence[Sequence[Any]], *, resamples: int = 100, seed: int = 0) -> WithoutGold:
    """Estimate confusion matrices without right answers; parameters as for `one_parameter`.

    Raises
    ------
    TableError
        If the answers are of more than 32 different classes: they are free, and `one_parameter` is the model.
    """
    codes, names = _coded(answers)
    classes = sorted({name for each in names for name in each}, key=lambda name: (str(type(name)), name))
    if len(classes) > _MOST_CLASSES:
        allowed = f"must be at most {_MOST_CLASSES} for confusion matrices: use the one-parameter model"
        raise TableError(bad_value("answers", f"{len(classes)} different ones", allowed))
    place = {name: number for number, name in enumerate(classes)}
    shared = np.array(
        [[place[names[row][code]] if code >= 0 else -1 for code in line] for row, line in enumerate(codes)]
    )
    patterns, order = np.unique(shared, axis=0, return_inverse=True)
    fit = partial(_dawid_skene, patterns, len(classes))
    return _finish("dawid_skene", shared, [classes] * len(shared), order.ravel(), fit, resamples, seed)


Fitted = tuple[Floats, Floats, int]
"""Accuracies, posterior of each question over its classes, rounds."""


def _one_parameter(
    codes: NDArray[np.intp], classes: NDArray[np.intp], wrong: int, weight: Floats, start: Floats | None = None
) -> Fitted:
    most = int(classes.max())
    said = np.concatenate([_one_hot(codes, most), np.zeros((*codes.shape, 1))], axis=2)  # and what nobody said
    heard = codes >= 0
    unsaid = wrong + 1 - classes
    number = np.concatenate([np.arange(most) < classes[:, np.newaxis], unsaid[:, np.newaxis]], axis=1).astype(float)
    with np.errstate(divide="ignore"):
        ways = np.log(number)
    posterior = _majority(said, number > 0) if start is None else start
    share = (heard * weight[:, np.newaxis]).sum(axis=0)
    accuracy = np.zeros(codes.shape[1])
    rounds = 0
    while rounds < _MOST_ROUNDS:
        rounds += 1
        right = (said @ posterior[:, :, np.newaxis])[:, :, 0]
        fresh = (weight @ right + _SMOOTHING) / (share + 2.0 * _SMOOTHING)
        done = np.max(np.abs(fresh - accuracy)) < _TOLERANCE
        accuracy = fresh
        if done:
            break
        odds = np.log(accuracy) - np.log((1.0 - accuracy) / wrong)
        posterior = _softmax(np.tensordot(said, odds, axes=(1, 0)) + ways, number > 0)
    return accuracy * share / weight.sum(), posterior, rounds


def _dawid_skene(codes: NDArray[np.intp], classes: int, weight: Floats, start: Floats | None = None) -> Fitted:
    questions, models = codes.shape
    said = _one_hot(codes, classes)
    flat = said.reshape(questions, models * classes)
    possible = np.ones((questions, classes), dtype=bool)
    posterior = _majority(said, possible) if start is None else start
    before = np.zeros(models)
    rounds = 0
    while rounds < _MOST_ROUNDS:
        rounds += 1
        weighed = posterior * weight[:, np.newaxis]
        share = (weighed.sum(axis=0) + _SMOOTHING) / (weighed.sum() + classes * _SMOOTHING)
        counts = (weighed.T @ flat).reshape(classes, models, classes)  # right answer, model, what it said
        right = np.einsum("cmc->m", counts) / weight.sum()
        done = np.max(np.abs(right - before)) < _TOLERANCE
        before = right
        if done:
            break
        confusion = (counts + _SMOOTHING) / (counts + _SMOOTHING).sum(axis=2, keepdims=True)
        score = np.log(share) + flat @ np.log(confusion).reshape(classes, models * classes).T
        posterior = _softmax(score, possible)
    return before, posterior, rounds


def many_classes(answers: Sequence[Sequence[Any]]) -> bool:
    """Whether answers are too different for confusion matrices: they are free."""
    return len({said for line in answers for said in line if said is not None}) > _MOST_CLASSES


def _finish(
    model: str,
    codes: NDArray[np.intp],
    names: Sequence[Sequence[Any]],
    place: NDArray[np.intp],
    fit: Callable[..., Fitted],
    resamples: int,
    seed: int,
) -> WithoutGold:
    questions = len(codes)
    count = int(place.max()) + 1
    accuracy, of_patterns, rounds = fit(np.bincount(place, minlength=count).astype(np.float64))
    posterior = of_patterns[place]
    randomness = Randomness(seed)
    drawn = []
    for number in range(resamples):
        picks = randomness.generator("designing.without_gold", number).integers(0, questions, questions)
        weight = np.bincount(place[picks], minlength=count).astype(np.float64)
        drawn.append(fit(weight, of_patterns)[0])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0) if drawn else (accuracy, accuracy)
    heard = np.asarray((codes >= 0).any(axis=1))
    told: list[dict[Any, float]] = []
    answers: list[Any] = []
    for row, line in enumerate(codes):
        given = sorted({int(code) for code in line if code >= 0})
        told.append({names[row][code]: float(posterior[row, code]) for code in given})
        answers.append(max(told[row], key=told[row].__getitem__) if heard[row] else None)
    return WithoutGold(
        model=model, accuracy=accuracy, low=low, high=high, posterior=told, answers=answers, rounds=rounds
    )


def _coded(answers: Sequence[Sequence[Any]]) -> tuple[NDArray[np.intp], list[list[Any]]]:
    rows = [list(line) for line in answers]
    models = {len(line) for line in rows}
    if not rows or models in ({0}, set()) or len(models) > 1:
        raise TableError("answers: must hold at least one question, with as many answers as there are models in each")
    if models == {1}:
        raise TableError("answers: one model alone says nothing of its accuracy; at least 2 are needed, better 3")
    codes, names = np.full((len(rows), models.pop()), -1, dtype=np.intp), []
    for number, line in enumerate(rows):
        known: dict[Any, int] = {}
        for place, said in enumerate(line):
            if said is not None:
                codes[number, place] = known.setdefault(said, len(known))
        names.append(list(known))
    if not (codes >= 0).any():
        raise TableError("answers: nobody answered anything")
    return codes, names


def _one_hot(codes: NDArray[np.intp], classes: int) -> Floats:
    return np.asarray(codes[:, :, np.newaxis] == np.arange(max(classes, 1)), dtype=np.float64)


def _majority(said: Floats, possible: NDArray[np.bool_]) -> Floats:
    votes = said.sum(axis=1)
    total = votes.sum(axis=1, keepdims=True)
    even = possible / np.maximum(possible.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.where(total > 0, votes / np.maximum(total, 1.0), even))


def _softmax(score: Floats, possible: NDArray[np.bool_]) -> Floats:
    score = np.where(possible, score, -np.inf)
    top = score.max(axis=1, keepdims=True)
    chance = np.exp(score - np.where(np.isfinite(top), top, 0.0))
    total = chance.sum(axis=1, keepdims=True)
    return np.asarray(chance / np.where(total > 0.0, total, 1.0))
