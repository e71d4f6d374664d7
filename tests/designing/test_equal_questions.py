"""Questions that are answered alike count as one, and nothing that a panel decides is changed by it."""

from __future__ import annotations

import numpy as np

from bft.designing.equal_questions import merged
from tests.designing.conftest import drawn_codes


def test_names_of_wrong_answers_do_not_tell_questions_apart() -> None:
    codes = np.array([[0, 2, 2, -1], [0, 7, 7, -1], [0, 2, 7, -1], [3, 3, 0, 1]])
    rows, _, row_of = merged(codes)
    assert len(rows) == 3
    assert row_of[0] == row_of[1] != row_of[2]
    assert rows[row_of].tolist() == [[0, 2, 2, -1], [0, 2, 2, -1], [0, 2, 3, -1], [1, 1, 0, 4]]


def test_who_says_the_same_is_kept_for_every_question() -> None:
    codes = drawn_codes(500, [0.6] * 7, seed=2, missing=0.1)
    rows, _, row_of = merged(codes)
    assert len(rows) < 500
    again = rows[row_of]
    assert np.array_equal(again == 0, codes == 0)
    assert np.array_equal(again < 0, codes < 0)
    same = codes[:, :, np.newaxis] == codes[:, np.newaxis, :]
    assert np.array_equal(again[:, :, np.newaxis] == again[:, np.newaxis, :], same)
