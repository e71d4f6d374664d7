"""Voting rules as numbers, and what they make of many ballots at once.

The rules of `bft.voting` add up weights, so a ballot is a row of weights a voter and an answer. `Count` adds votes one
after another and says after each what `bft.voting.additive` says of one ballot: decided, impossible, or open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.vectorised.streams import Flags, Ints
from bft.voting import Counting

NOBODY = -1
"""The place of the answer of one who abstains."""

MOST_ANSWERS = 62  # sets of answers are whole numbers, a bit for each
FEW_ANSWERS = 4  # in numbers of their own
UNEQUAL = 64  # above every number in a byte


@dataclass(slots=True, kw_only=True)
class Votes:
    """The votes of many ballots, by voter.

    Attributes
    ----------
    counting : Counting
        How they are counted.
    answers : int
        How many different answers there are at most.
    choice : ndarray of int, shape (n, ballots)
        Each voter's answer, or `NOBODY`; where answers are judged, the set of those that it accepts.
    weight : ndarray of int, shape (n, ballots), or None
        What each vote weighs, where that is stated.
    """

    counting: Counting
    answers: int
    choice: NDArray[Any]
    weight: NDArray[Any] | None = None

    def part(self, ballots: Ints | Flags) -> Votes:
        """Return some of the ballots."""
        return Votes(
            counting=self.counting,
            answers=self.answers,
            choice=self.choice[:, ballots],
            weight=None if self.weight is None else self.weight[:, ballots],
        )


class Count:
    """Adds up votes, one voter after another."""

    def __init__(self, votes: Votes, columns: int) -> None:
        counting = self._counting = votes.counting
        self._n = len(counting.weights)
        dtype = _dtype(counting)
        self._choice = votes.choice
        self._stated = None if votes.weight is None else votes.weight.astype(dtype, copy=False)
        self._heaviest = np.array(counting.weights, dtype=dtype)
        self._equal = len(set(counting.weights)) == 1 and not counting.stated
        self._weights = [np.zeros(columns, dtype=dtype) for _ in range(votes.answers)]
        self._lowest = [np.full(columns, self._n, dtype=dtype) for _ in range(votes.answers if counting.lowest else 0)]
        self._rest = np.full(columns, sum(counting.weights), dtype=dtype)
        self._newest: NDArray[Any] | None = None

    def add(self, voter: Ints | int, ballot: Ints | slice, heard: Flags | None = None) -> None:
        """Count a vote in each column.

        Parameters
        ----------
        voter : int or ndarray of int, shape (columns,)
            Whose.
        ballot : ndarray of int, shape (columns,), or slice
            In which ballot.
        heard : ndarray of bool, shape (columns,), optional
            Where it counts; everywhere without it.
        """
        choice = self._choice[voter, ballot]
        heaviest = self._heaviest[voter]
        weight: Any = heaviest
        if self._stated is not None:
            weight = self._stated[voter, ballot]
        one = self._equal and int(self._heaviest[0]) == 1
        self._rest -= heaviest if heard is None else heaviest * heard
        for answer in range(len(self._weights)):
            backs = (choice >> answer) & 1 if self._counting.judged else choice == answer
            if heard is not None:
                backs = backs & heard
            np.add(self._weights[answer], backs if one else weight * backs, out=self._weights[answer], casting="unsafe")
            if self._counting.lowest:
                brings = backs.astype(np.bool_) & (weight > 0)
                lowest = self._lowest[answer]
                np.minimum(lowest, np.where(brings, voter, self._n), out=lowest, casting="unsafe")

    def missing(self, newest: NDArray[Any]) -> None:
        """Say who is the lowest-numbered voter of any weight that is still missing, n for nobody, shape (columns,)."""
        self._newest = newest

    def leaders(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the rank of the leading answer, and of the one behind it; see `place`."""
        ranks = self._ranks()
        nobody = -self._n if self._counting.lowest else 0
        first = np.full_like(self._rest, nobody)
        second = first.copy()
        for rank in ranks:
            np.maximum(second, np.minimum(first, rank), out=second)
            np.maximum(first, rank, out=first)
        return first, second

    def _ranks(self) -> list[NDArray[Any]]:
        """Return weights, or where ties are resolved weight · (n + 1) − lowest voter: larger is ahead."""
        if not self._counting.lowest:
            return self._weights
        step = self._n + 1
        return [weight * step - lowest for weight, lowest in zip(self._weights, self._lowest, strict=True)]

    def standing(self) -> tuple[Flags, Flags]:
        """Return where the ballot is decided whatever the missing say, and where nothing can be."""
        first, second = self.leaders()
        need = self._counting.need
        if not self._counting.lowest:
            decided = (first >= need) & (first > second + self._rest)
            return decided, ~decided & ((self._rest == 0) | (first + self._rest < need))
        step = self._n + 1
        lead, behind = (first + self._n) // step, (second + self._n) // step
        newest = self._n if self._newest is None else self._newest
        possible = np.maximum(second + self._rest * step, (behind + self._rest) * step - newest)
        decided = (lead >= need) & (lead > 0) & (first > possible)
        return decided, ~decided & ((self._rest == 0) | (lead + self._rest < need))

    def final(self) -> tuple[Flags, NDArray[Any]]:
        """Return where the ballot is decided if nobody else votes, and which answer leads; 0 where none does."""
        first, second = self.leaders()
        leader = np.zeros(len(first), dtype=np.intp)
        for answer, rank in enumerate(self._ranks()):
            leader[rank == first] = answer
        if not self._counting.lowest:
            return (first >= self._counting.need) & (first > second), leader
        lead = (first + self._n) // (self._n + 1)
        return (lead >= self._counting.need) & (lead > 0), leader


def _dtype(counting: Counting) -> type[np.signedinteger[Any]]:
    """Return a type of whole numbers that holds every rank."""
    most = (sum(counting.weights) + 1) * (len(counting.weights) + 2)
    return np.int16 if most < 1 << 14 else np.int32 if most < 1 << 30 else np.int64


def numbered(codes: NDArray[Any]) -> NDArray[Any]:
    """Number the answers of each ballot from 0 in the order of the voters; `NOBODY` for no answer.

    Parameters
    ----------
    codes : ndarray of int, shape (voters, ballots)
        Any codes; those below 0 are no answers. Where there are few they are the numbers.

    Examples
    --------
    >>> numbered(np.array([[7, 2], [-1, 2], [7, 40]])).tolist()
    [[0, 0], [-1, 0], [0, 1]]
    """
    most = int(codes.max(initial=0)) + 1
    if most <= FEW_ANSWERS:
        return np.asarray(np.maximum(codes, NOBODY), dtype=np.int8)
    codes = np.ascontiguousarray(codes, dtype=np.int8 if most < 1 << 7 else np.int64)
    found = np.empty(codes.shape, dtype=np.int8 if len(codes) < UNEQUAL else np.int64)
    unequal = UNEQUAL if len(codes) < UNEQUAL else 1 << 40
    used, spare = np.zeros_like(found[0]), np.empty_like(found[0])
    for voter, code in enumerate(codes):
        number = found[voter]
        number[:] = used
        for earlier in range(voter):  # numbers of earlier voters are smaller, and those of equal answers the same
            np.multiply(codes[earlier] != code, unequal, out=spare, casting="unsafe")
            np.bitwise_or(spare, found[earlier], out=spare)
            np.minimum(number, spare, out=number)
        used += (number == used) & (code >= 0)
    found[codes < 0] = NOBODY
    return found


def codes_of(numbers: NDArray[Any], codes: NDArray[Any], answers: int) -> NDArray[Any]:
    """Return the code behind each number below `answers` in each ballot, shape (answers, ballots); see `code_of`."""
    found = np.full((answers + 1, codes.shape[1]), NOBODY, dtype=np.intp)  # the last row is that of no answer
    every = np.arange(codes.shape[1])
    for mine, code in zip(numbers, codes, strict=True):
        found[mine, every] = code
    return found[:-1]


def code_of(numbers: NDArray[Any], codes: NDArray[Any], number: NDArray[Any] | int) -> Ints:
    """Return the code behind a number in each ballot; `NOBODY` where no voter has it."""
    found = np.full(codes.shape[1], NOBODY, dtype=np.intp)
    for mine, code in zip(numbers, codes, strict=True):
        np.copyto(found, code, where=(mine == number) & (mine != NOBODY), casting="unsafe")
    return found
