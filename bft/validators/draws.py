"""What the questions of one replication own of a random stream.

The first question of every replication lies in a block of replications, so that a sweep of single decisions pays one
generator for hundreds of panels. The later questions of a request stream lie in chunks of the replication's own, each
at its own address: how many questions one replication asks never disturbs another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from bft.randomness import Floats, Randomness

QUESTION_CHUNK = 32
_CHUNKS_HELD = 2  # requests overlap in time, and so straddle the border of two chunks
_LATER_QUESTIONS = 2

Prepare = Callable[[Floats], tuple[NDArray[Any], ...]]


class QuestionDraws:
    """One stream of one replication, addressed by question.

    Parameters
    ----------
    randomness : Randomness
        The streams of the seed.
    purpose : str
        Name of the stream.
    shape : tuple of int
        Shape of one question's uniform draws.
    replication : int
        0 or more.
    prepare : callable, optional
        Turns uniforms of shape ``(questions, *shape)`` into arrays with the same first axis.
    """

    __slots__ = ("_held", "_prepare", "_purpose", "_randomness", "_replication", "_shape")

    def __init__(
        self,
        randomness: Randomness,
        purpose: str,
        shape: tuple[int, ...],
        replication: int,
        prepare: Prepare | None = None,
    ) -> None:
        self._randomness = randomness
        self._purpose = purpose
        self._shape = shape
        self._replication = replication
        self._prepare = prepare
        self._held: dict[int, tuple[NDArray[Any], ...]] = {}

    def row(self, question: int) -> tuple[NDArray[Any], ...]:
        """Return the arrays of one question, without the first axis."""
        if question == 0:
            return self._randomness.rows(self._purpose, self._shape, self._replication, self._prepare)
        chunk, index = divmod(question - 1, QUESTION_CHUNK)
        held = self._held.get(chunk)
        if held is None:
            generator = self._randomness.generator(self._purpose, _LATER_QUESTIONS, self._replication, chunk)
            uniforms = generator.random((QUESTION_CHUNK, *self._shape))
            held = (uniforms,) if self._prepare is None else self._prepare(uniforms)
            self._held = {**dict(list(self._held.items())[1 - _CHUNKS_HELD :]), chunk: held}
        return tuple(array[index] for array in held)
