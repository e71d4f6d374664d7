"""Halves of the questions: every question in one of them, matched in difficulty where asked, with a known spread."""

from __future__ import annotations

import numpy as np
import pytest

from bft.calibration.halves import Halving, halving
from bft.calibration.held_out import panel_curves, sizes, smaller_panels
from bft.calibration.quorum_curves import question_curves
from bft.randomness import Randomness
from bft.validators.tables import load_answers


@pytest.mark.parametrize("questions", [2, 7, 40])
@pytest.mark.parametrize("matched", [False, True])
def test_each_question_is_in_one_half(questions, matched) -> None:
    difficulty = np.random.default_rng(1).integers(0, 3, questions) / 2 if matched else None
    first, second = Halving(questions=questions, difficulty=difficulty).halves(np.random.default_rng(2))
    assert sorted([*first, *second]) == list(range(questions))
    assert len(second) - len(first) == questions % 2


def test_matched_halves_are_alike_in_difficulty() -> None:
    difficulty = np.random.default_rng(3).random(101)
    for seed in range(20):
        first, second = Halving(questions=101, difficulty=difficulty).halves(np.random.default_rng(seed))
        pairs = np.abs(np.sort(difficulty[first]) - np.sort(difficulty[second])[: len(first)])
        assert pairs.mean() < 0.02
    halves = [Halving(questions=101, difficulty=difficulty).halves(np.random.default_rng(seed))[0] for seed in (1, 2)]
    assert set(halves[0]) != set(halves[1])


@pytest.mark.parametrize("matched", [False, True])
def test_the_spread_is_what_halvings_show(matched) -> None:
    source = np.random.default_rng(4)
    difficulty = source.random(200)
    values = (source.random((200, 2)) < difficulty[:, None]).astype(float)
    halves = Halving(questions=200, difficulty=difficulty if matched else None)
    seen = []
    for _ in range(2000):
        first, second = halves.halves(source)
        seen.append(values[first].mean(axis=0) - values[second].mean(axis=0))
    # The deviation of 2,000 draws is known to 1.6 %; four of them.
    assert np.std(seen, axis=0) == pytest.approx(halves.spread(values), rel=0.07)
    assert abs(np.mean(seen)) < 0.01


def test_matching_needs_other_models_and_never_looks_at_the_panel(write_table) -> None:
    def rows(shift):
        source = np.random.default_rng(5)
        return [
            {"question_id": q, "gold": "0", "model": m, "answer": str((source.integers(3) + (m < "c") * shift) % 3)}
            for q in range(30)
            for m in "abcde"
        ]

    one, other = (load_answers(write_table(f"{shift}.csv", rows(shift))) for shift in (0, 1))
    found = [
        halving(table, table.panel(("a", "b")), matched=None, compare="canonical").difficulty for table in (one, other)
    ]
    assert found[0] is not None
    np.testing.assert_array_equal(found[0], found[1])
    expected = one.right()[:, 2:].mean(axis=1)
    np.testing.assert_allclose(found[0], expected)
    assert halving(one, one.panel(("a", "b", "c")), matched=None, compare="canonical").difficulty is None
    alone = halving(one, one.panel(tuple("abcde")), matched=True, compare="canonical")
    assert set(alone.difficulty) == {0.5}


def test_who_is_right_is_what_a_panel_says(made_up, write_table) -> None:
    table = load_answers(write_table("answers.csv", made_up))
    panel = table.panel(("big", "quick", "slow"))
    np.testing.assert_array_equal(table.right()[panel.rows], panel.codes == 0)
    as_written = table.panel(("big", "quick"), compare="as_written")
    np.testing.assert_array_equal(table.right(compare="as_written")[as_written.rows][:, :2], as_written.codes == 0)
    assert not table.right()[3, 2], "never asked is not right"


def test_smaller_panels_are_all_of_that_size() -> None:
    panels = smaller_panels(5, 4, Randomness(0))
    assert sorted(panels) == [(0, 1, 2, 3), (0, 1, 2, 4), (0, 1, 3, 4), (0, 2, 3, 4), (1, 2, 3, 4)]
    assert smaller_panels(5, 5, Randomness(0)) == [(0, 1, 2, 3, 4)]
    codes = np.random.default_rng(6).integers(-1, 3, (20, 5))
    deltas = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
    by_hand = np.mean([question_curves(codes[:, list(panel)], deltas) for panel in panels], axis=0)
    np.testing.assert_allclose(panel_curves(codes, panels), by_hand, atol=1e-12)
    assert [sizes(n) for n in (1, 3, 4, 5, 7, 12)] == [(1,), (3,), (4,), (4, 5), (4, 7), (4, 7, 10, 12)]


def test_the_order_of_the_models_decides_nothing() -> None:
    codes = np.random.default_rng(8).integers(-1, 3, (50, 8))
    shuffled = codes[:, [3, 0, 6, 1, 7, 4, 2, 5]]
    one, other = (panel_curves(each, smaller_panels(8, 4, Randomness(0))) for each in (codes, shuffled))
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_of_many_smaller_panels_some_are_drawn() -> None:
    panels = smaller_panels(20, 7, Randomness(3))
    assert len(set(panels)) == len(panels) == 210
    assert all(len(set(panel)) == 7 and tuple(sorted(panel)) == panel for panel in panels)
    assert smaller_panels(20, 7, Randomness(3)) == panels != smaller_panels(20, 7, Randomness(4))
    # 210 panels of 7 hold each of 20 models 73.5 times on average, standard deviation 6.9; five of them, twenty times.
    held = np.bincount(np.ravel(panels), minlength=20)
    assert np.abs(held - 73.5).max() < 35
