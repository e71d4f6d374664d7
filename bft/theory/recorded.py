"""Exact law of one PBFT decision over *recorded* answers: every question, every set of faulty nodes, no sampling.

A panel of n models answered a table of questions. Node i replays model i and accepts a proposal iff it equals its
own answer; no answer (null) never matches and is never proposed successfully. Faulty nodes either crash or collude:
all of them propose and back the wrong answer that is most popular among the honest nodes, by weight of votes. Ties
are broken towards the smallest code; they change no probability unless fewer than n views are allowed. Where no
honest node is wrong the colluders back a wrong answer of their own.

A question's law depends only on the *pattern* of equal answers, so each distinct pattern is evaluated once. Reading
tables is left to the validators' room.

References
----------
The project's validation cases (`recorded_answers.json`). The replicas of colluding validators are honest, so their own
quorum decides even if every validator lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, TableError, bad_value
from bft.theory.faults import FaultLaw, enumerable
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, Values, plain, same_nodes, views_allowed
from bft.theory.same_answer import FaultyVote
from bft.theory.stake import whole_stakes

NO_ANSWER = -1
RIGHT = 0  # code of the right answer in a pattern


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedQuorums:
    """Probability over questions and faulty sets that some answer has a quorum.

    Attributes
    ----------
    correct, wrong : float or ndarray
        A quorum on the right answer; on a wrong one, even if all nodes are faulty.
    """

    correct: Values
    wrong: Values


def recorded_quorums(
    system: QuorumSystem, faults: FaultLaw, answers: ArrayLike, gold: ArrayLike, *, faulty_vote: FaultyVote = "crash"
) -> RecordedQuorums:
    """Return how often a quorum of nodes backs the right answer, and a wrong one.

    Parameters
    ----------
    system : QuorumSystem
        Weighted or not, of the n models.
    faults : FaultLaw
        Who is faulty, independently of the question.
    answers : array_like of int, shape (questions, n)
        What each model answered, as a code of at least 0; −1 where it gave no answer.
    gold : array_like of int, shape (questions,)
        The right answers.
    faulty_vote : {"crash", "collude_popular"}
        What faulty nodes do.

    Raises
    ------
    TableError
        If the table is empty, or its shape or codes are wrong.
    UnsupportedError
        If n is above 16.
    """
    correct, wrong = _by_faulty_set(system, faults, answers, gold, faulty_vote, system.n)
    return RecordedQuorums(correct=plain(faults.over_subsets(correct)), wrong=plain(faults.over_subsets(wrong)))


def recorded_law(
    system: QuorumSystem,
    faults: FaultLaw,
    answers: ArrayLike,
    gold: ArrayLike,
    *,
    faulty_vote: FaultyVote = "crash",
    views: int | None = None,
) -> OutcomeLaw:
    """Return the law of one decision over the recorded answers; parameters and errors as for `recorded_quorums`.

    Parameters
    ----------
    views : int, optional
        Views allowed, primary(v) = v mod n; by default n, with which every quorum decides that is there.
    """
    turns = min(views_allowed(views, system.n), system.n)
    correct, wrong = _by_faulty_set(system, faults, answers, gold, faulty_vote, turns)
    return outcome_law(
        correct=faults.over_subsets(correct),
        wrong=faults.over_subsets(wrong),
        stalled=faults.over_subsets(1.0 - correct - wrong),
    )


def _by_faulty_set(
    system: QuorumSystem, faults: FaultLaw, answers: ArrayLike, gold: ArrayLike, faulty_vote: FaultyVote, turns: int
) -> tuple[Array, Array]:
    """For every set of faulty nodes: the share of questions that the first primaries decide right, and wrong."""
    same_nodes(system, faults.n, "faults")
    enumerable(system.n)
    whole_stakes(system.weights)
    if faulty_vote not in ("crash", "collude_popular"):
        raise ScenarioError(bad_value("faulty_vote", faulty_vote, "must be 'crash' or 'collude_popular'"))
    patterns, questions = recorded_patterns(answers, gold, system.n)
    ballots = _Ballots(system, turns, colluding=faulty_vote == "collude_popular")
    correct, wrong = np.zeros(2**system.n), np.zeros(2**system.n)
    for pattern, count in zip(patterns, questions, strict=True):
        right_turn, wrong_turn = ballots.turns_of(pattern)
        correct += count * (right_turn < wrong_turn)
        wrong += count * (wrong_turn < right_turn)
    return correct / questions.sum(), wrong / questions.sum()


def recorded_patterns(answers: ArrayLike, gold: ArrayLike, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct patterns of equal answers of n models, and how many questions have each.

    The right answer is `RIGHT`, wrong ones 1, 2, … and none is `NO_ANSWER`. Parameters and errors are those of
    `recorded_quorums`.
    """
    return _patterns(*_table(answers, gold, n))


def _table(answers: ArrayLike, gold: ArrayLike, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    given, right = np.asarray(answers), np.asarray(gold)
    if given.ndim != 2 or given.shape[0] == 0 or given.shape[1] != n:
        raise TableError(bad_value("answers.shape", given.shape, f"must be (at least one question, {n} models)"))
    if right.shape != given.shape[:1]:
        raise TableError(bad_value("gold.shape", right.shape, f"must be ({len(given)},), as there are questions"))
    if not (np.issubdtype(given.dtype, np.integer) and np.issubdtype(right.dtype, np.integer)):
        raise TableError(bad_value("answers.dtype", f"{given.dtype}, {right.dtype}", "must be whole numbers"))
    if given.min() < NO_ANSWER:
        raise TableError(bad_value("answers", int(given.min()), "must be codes of at least 0, or -1 for no answer"))
    if right.min() < 0:
        raise TableError(bad_value("gold", int(right.min()), "must be codes of at least 0"))
    return given.astype(np.int64), right.astype(np.int64)


def _patterns(answers: NDArray[np.int64], gold: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct patterns of equal answers, and how many questions have each.

    The right answer becomes 0, wrong answers 1, 2, … in the order of their codes.
    """
    wrong = (answers != gold[:, np.newaxis]) & (answers != NO_ANSWER)
    pattern = np.where(answers == NO_ANSWER, NO_ANSWER, np.where(wrong, RIGHT + 1, RIGHT))
    for node in range(answers.shape[1]):
        one = answers[:, node, np.newaxis]
        seen_before = (answers[:, :node] == one).any(axis=1)
        new = (wrong[:, node] & ~seen_before)[:, np.newaxis]
        pattern += new & wrong & (answers > one)
    distinct, count = np.unique(pattern, axis=0, return_counts=True)
    return distinct, count


class _Ballots:
    """Who decides a pattern, for every set of faulty nodes at once; bit i of a set is node i."""

    def __init__(self, system: QuorumSystem, turns: int, *, colluding: bool) -> None:
        self.quorum = system.quorum
        self.colluding = colluding
        self.leaders = 2**turns - 1
        self.nobody = 2**system.n
        self.faulty = np.arange(2**system.n)
        self.honest = self.faulty[::-1]
        self.weight = np.zeros(1, dtype=np.int64)
        for stake in system.weights:
            self.weight = np.concatenate([self.weight, self.weight + stake])

    def turns_of(self, pattern: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first primary, as a bit, that proposes a right answer with a quorum; and a wrong one."""
        bits = 1 << np.arange(len(pattern))
        right = self.honest & bits[pattern == RIGHT].sum()
        sets = [bits[pattern == answer].sum() for answer in range(RIGHT + 1, int(pattern.max()) + 1)]
        wrong = np.array([self.honest & members for members in sets or [0]])
        if self.colluding:
            popular = self.weight[wrong].argmax(axis=0)
            wrong[popular, self.faulty] |= self.faulty
        return self._turn(right), self._turn(wrong).min(axis=0)

    def _turn(self, members: NDArray[np.int64]) -> NDArray[np.int64]:
        leading = members & self.leaders
        first = leading & -leading
        decides = (self.weight[members] >= self.quorum) & (first > 0)
        return np.asarray(np.where(decides, first, self.nobody))
