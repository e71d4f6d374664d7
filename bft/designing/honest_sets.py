"""What every set of honest models says about every question: how many are right, how many say the same wrong answer.

A panel with a set of faulty members is decided by its honest members and by how many collude. So whatever panel, rule,
quorum and faults are asked about, everything rests on the 2^N sets of honest models, each of which is looked at once:

- where votes count alike, on (R, L, tie): R right answers, L equal wrong ones, and whether two wrong answers have L;
- where they weigh differently, on the weight of the right answer, of the heaviest wrong one and of the one behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.designing.equal_questions import merged
from bft.designing.fault_cases import Ints
from bft.randomness import Floats
from bft.validators.answers import RIGHT, Codes

MOST_MODELS = 12
"""How many models may have all their subsets looked at: 4,096 sets."""

_AT_ONCE = 1 << 22  # entries of an array that is alive for a moment


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeighedVotes:
    """What weighs how much, in whole numbers, for some sets of honest models; each of shape (sets, questions)."""

    right: Floats
    first: Floats
    second: Floats
    """Weight of the right answer, of the heaviest wrong one and of the one behind it."""
    popular: Floats
    other: Floats
    behind: Floats
    """Weight of the wrong answer that most honest members give, the heaviest of several; of the heaviest wrong one
    beside it; and of the one behind that."""


class HonestSets:
    """The states of all sets of honest models, on each distinct question.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, models)
        At most twelve models.
    largest : int
        The most honest members that a panel can have.
    smallest : int
        The fewest.
    stated : ndarray of int, shape (questions, models), optional
        Confidences in millionths, where a rule counts them.
    """

    def __init__(self, codes: Codes, *, smallest: int, largest: int, stated: Ints | None = None) -> None:
        self.codes, self.stated, self._row = merged(codes, stated)
        codes = self.codes
        self.questions, self.models = codes.shape
        assert self.models <= MOST_MODELS, "a larger pool is made smaller first"
        self.sets = 1 << self.models
        self._side = self.models + 1
        self._right = _bits(codes == RIGHT)
        self._classes = list(_wrong_classes(codes))
        size = np.bitwise_count(np.arange(self.sets))
        self.needed = np.flatnonzero((size >= smallest) & (size <= largest))
        self._led: dict[int, NDArray[np.uint8]] = {}
        self.states = np.zeros((self.sets, self.questions), dtype=np.uint16)
        for honest in self.needed.tolist():
            self.states[honest] = self._state(honest)

    def share(self, weight: Floats) -> Floats:
        """Return the share of each distinct question in the weight of all of them."""
        return np.asarray(np.bincount(self._row, weights=weight, minlength=self.questions) / weight.sum())

    def _state(self, honest: int) -> NDArray[np.uint16]:
        mask = np.uint16(honest)
        right = np.bitwise_count(self._right & mask)
        largest = np.zeros(self.questions, dtype=np.uint8)
        tie = np.zeros(self.questions, dtype=bool)
        for places, members in self._classes:
            size = np.bitwise_count(members & mask)
            before = largest[places]
            tie[places] = np.where(size > before, False, tie[places] | ((size == before) & (size > 0)))
            largest[places] = np.maximum(before, size)
        state: NDArray[np.uint16] = (right.astype(np.uint16) * self._side + largest) * 2 + tie
        return state

    def right_of(self, honest: int) -> Ints:
        """Return how many of a set of models are right, on each distinct question."""
        return np.asarray(np.bitwise_count(self._right & np.uint16(honest)), dtype=np.intp)

    def wrong_of(self, honest: int) -> Iterator[tuple[Ints, Ints]]:
        """Yield, for the first, second, … wrong answer, the questions that have one, and how many of a set gave it."""
        for places, members in self._classes:
            yield places, np.bitwise_count(members & np.uint16(honest)).astype(np.intp)

    def _leads(self, last: int) -> NDArray[np.uint8]:
        """Return whether a right member, and one of a largest wrong answer, is among the models up to `last`.

        Shape (sets, questions); the first is worth 1, the other 2.
        """
        if last not in self._led:
            found = np.zeros((self.sets, self.questions), dtype=np.uint8)
            first = np.uint16((1 << (last + 1)) - 1)
            for honest in self.needed.tolist():
                mask, right = np.uint16(honest), self._right & np.uint16(honest) & first
                largest = self.states[honest] // 2 % self._side
                leads = (right > 0).astype(np.uint8)
                for places, members in self._classes:
                    class_, top = members & mask, largest[places]
                    at_top = (np.bitwise_count(class_) == top) & ((class_ & first) > 0) & (top > 0)
                    leads[places] |= 2 * at_top.astype(np.uint8)
                found[honest] = leads
            self._led[last] = found
        return self._led[last]

    def histogram(self, weight: Floats, last: int | None = None) -> Floats:
        """Return the weight of the questions in each state, shape (sets, states).

        Parameters
        ----------
        weight : ndarray of shape (questions,)
            Of each distinct question; those of weight 0 are left out.
        last : int, optional
            The last model that may lead; states then say as well who leads.
        """
        width = self._side * self._side * 2 * (1 if last is None else 4)
        found = np.zeros((self.sets, width))
        places = np.flatnonzero(weight)
        alike = bool(np.all(weight[places] == weight[places[0]])) if len(places) else True
        chunk = max(1, _AT_ONCE // max(1, len(places)))
        for start in range(0, len(self.needed), chunk):
            sets = self.needed[start : start + chunk]
            state = self.states[sets][:, places].astype(np.intp)
            if last is not None:
                state = state * 4 + self._leads(last)[sets][:, places]
            index = state + (np.arange(len(sets)) * width)[:, np.newaxis]
            each = None if alike else np.tile(weight[places], len(sets))
            counts = np.bincount(index.ravel(), weights=each, minlength=len(sets) * width)
            found[sets] = counts.reshape(len(sets), width) * (weight[places[0]] if alike and len(places) else 1.0)
        return found

    def decided(self, quorum: int, colluders: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return in which states a quorum decides right, and wrong, with so many colluders; shape (states,) each.

        The answer with the most votes wins if it has the quorum; a tie at the top decides nothing.
        """
        right, largest, tie = (part.ravel() for part in np.indices((self._side, self._side, 2)))
        wrong = largest + colluders
        alone = (tie == 0) | (colluders > 0)
        return (right >= quorum) & (right > wrong), (wrong >= quorum) & (wrong > right) & alone

    def decided_when_led(
        self, quorum: int, colluders: int, *, colluder_leads: bool
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the same where a decision needs a member of its quorum that leads; of states that say who does."""
        right, wrong = self.decided(quorum, colluders)
        leads = np.arange(4)
        wrong_leads = (leads >= 2) | colluder_leads
        return (right[:, np.newaxis] & (leads % 2 == 1)).ravel(), (wrong[:, np.newaxis] & wrong_leads).ravel()

    def weighed(self, weights: Ints, sets: Ints, places: Ints, *, attacked: bool) -> WeighedVotes:
        """Return the weight of the right answer, of the heaviest wrong one and of the next, shape (sets, questions).

        Parameters
        ----------
        weights : ndarray of int, shape (models,) or (questions, models)
            What each model's vote weighs, perhaps on each question.
        sets : ndarray of int
            Which sets of honest models.
        places : ndarray of int
            Which questions.
        attacked : bool
            Whether somebody colludes; else what is said of popular answers is left at zero.
        """
        inside = ((sets[:, np.newaxis] >> np.arange(self.models)) & 1).astype(np.float64)  # (sets, models)
        codes = self.codes[places]
        each = np.broadcast_to(weights.astype(np.float64), self.codes.shape)[places]
        right = inside @ (each * (codes == RIGHT)).T  # sums of whole numbers below 2^53 are exact, and floats quick
        first, second, most, popular, other, behind = (np.zeros_like(right) for _ in range(6))
        for code in range(1, self.models + 1):
            having = np.flatnonzero((codes == code).any(axis=1))
            given = (codes[having] == code).T.astype(np.float64)
            weight = inside @ (each[having].T * given)
            first[:, having], second[:, having] = _two(first[:, having], second[:, having], weight)
            if not attacked:
                continue
            number = inside @ given
            before, backed = most[:, having], popular[:, having]
            better = (number > before) | ((number == before) & (weight > backed))
            beside = np.where(better, backed, weight)
            other[:, having], behind[:, having] = _two(other[:, having], behind[:, having], beside)
            popular[:, having] = np.where(better, weight, backed)
            most[:, having] = np.maximum(before, number)
        return WeighedVotes(right=right, first=first, second=second, popular=popular, other=other, behind=behind)


def _two(first: Floats, second: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return the two heaviest of three."""
    return np.maximum(first, weight), np.maximum(second, np.minimum(first, weight))


def _bits(members: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Return each question's members as a set."""
    return np.asarray(members @ (1 << np.arange(members.shape[1]))).astype(np.uint16)


def _wrong_classes(codes: Codes) -> Iterator[tuple[Ints, NDArray[np.uint16]]]:
    """Yield, for the first, second, … wrong answer, the questions that have one, and who gave it there."""
    for code in range(1, int(codes.max(initial=0)) + 1):
        members = _bits(codes == code)
        places = np.flatnonzero(members)
        if len(places):
            yield places, members[places]
