"""Every question of every replication has draws of its own."""

from __future__ import annotations

import numpy as np

from bft.randomness import Randomness
from bft.validators.draws import QUESTION_CHUNK, QuestionDraws
from bft.validators.settings import StatisticalValidators


def first_uniform(seed: int, replication: int, question: int) -> float:
    return float(QuestionDraws(Randomness(seed), "test", (3,), replication).row(question)[0][0])


def test_every_question_of_every_replication_has_its_own_draws() -> None:
    draws = {
        first_uniform(7, replication, question)
        for replication in (0, 1, 255, 256)
        for question in (0, 1, 2, QUESTION_CHUNK, QUESTION_CHUNK + 1, 3 * QUESTION_CHUNK)
    }
    assert len(draws) == 24


def test_the_order_of_asking_does_not_matter() -> None:
    forwards = QuestionDraws(Randomness(7), "test", (3,), 5)
    backwards = QuestionDraws(Randomness(7), "test", (3,), 5)
    questions = range(5 * QUESTION_CHUNK)
    there = [forwards.row(question)[0] for question in questions]
    back = [backwards.row(question)[0] for question in reversed(questions)]
    np.testing.assert_array_equal(there, back[::-1])


def test_chunks_are_prepared_as_blocks_are() -> None:
    def doubled(uniforms):
        return (2.0 * uniforms, uniforms.sum(axis=1))

    plain = QuestionDraws(Randomness(7), "test", (3,), 5)
    prepared = QuestionDraws(Randomness(7), "test", (3,), 5, doubled)
    for question in (0, 1, 40):
        row = plain.row(question)[0]
        np.testing.assert_array_equal(prepared.row(question)[0], 2.0 * row)
        assert prepared.row(question)[1] == row.sum()


def test_the_same_seed_gives_the_same_panel_and_another_seed_another() -> None:
    def answers(seed: int) -> list[str | None]:
        panel = StatisticalValidators(accuracy=0.5).model(5).panel(Randomness(seed), 3)
        return [panel.own_answer(node, question) for question in range(10) for node in range(5)]

    assert answers(7) == answers(7)
    assert answers(7) != answers(8)
