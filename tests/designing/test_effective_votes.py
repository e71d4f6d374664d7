"""How many validators a panel really has, on made-up panels and on the recorded ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bft.designing.effective_votes import effective_votes, plurality_shares
from bft.errors import ScenarioError
from bft.validators.tables import load_answers
from tests.designing.conftest import drawn_codes

STRONG7 = (
    "gemini-1.5-pro-002", "gemini-1.5-flash-002", "DeepSeek-Coder-V2", "Meta-Llama-3_1-70B-Instruct",
    "jamba-1.5-large", "Qwen1.5-72B-Chat", "Mixtral-8x7B-Instruct-v0.1",
)  # fmt: skip
DIVERSE10 = (
    "gpt-4o-2024-08-06", "claude-3-5-sonnet-20241022", "gemini-1.5-pro", "Llama-3.1-405B-Inst@sambanova",
    "Mistral-Large-2", "deepseek-v2.5-0908", "Qwen2-72B-Instruct", "yi-large", "reka-core-20240501", "gemma-2-27b-it",
)  # fmt: skip


@pytest.mark.parametrize(
    ("table", "models", "votes", "single", "plurality"),
    [("mmlu_pro", STRONG7, 1.95, 0.716, 0.705), ("gsm8k", DIVERSE10, 2.16, 0.967, 0.970)],
)
def test_recorded_panels_are_worth_two_votes(
    shared_data: Path, table: str, models: tuple[str, ...], votes: float, single: float, plurality: float
) -> None:
    panel = load_answers(shared_data / f"data/answers/{table}.parquet").panel(models)
    found = effective_votes(panel.codes, models=models)
    assert found.votes == pytest.approx(votes, abs=0.005)
    assert found.accuracy.max() == pytest.approx(single, abs=0.0005)
    assert found.plurality == pytest.approx(plurality, abs=0.0005)
    if table == "gsm8k":
        assert found.condorcet == pytest.approx(1.0, abs=0.0005)
        assert not found.bound_holds, "five of ten err together, and f is three"


def test_copies_are_one_vote_and_one_group_and_independent_models_are_as_many_as_they_are() -> None:
    one = drawn_codes(4000, [0.7], seed=1)
    copies = effective_votes(np.repeat(one, 4, axis=1))
    assert copies.votes == pytest.approx(1.0)
    assert len(copies.groups[0]) == 4
    assert not copies.bound_holds
    assert np.nanmin(copies.same_wrong) == 1.0
    apart = effective_votes(drawn_codes(4000, [0.7] * 4, seed=2))
    assert apart.votes == pytest.approx(4.0, abs=0.3), "φ of 4,000 questions has a standard error of 0.016"
    assert [len(group) for group in apart.groups] == [1, 1, 1, 1]
    assert apart.bound_holds


def test_capa_is_agreement_beyond_that_of_independent_models_of_these_accuracies() -> None:
    codes = np.array([[0, 0], [0, 0], [0, 1], [1, 1]])
    found = effective_votes(codes, options=3.0)
    by_chance = 0.75 * 0.5 + 0.25 * 0.5 / 3.0
    assert found.capa[0, 1] == pytest.approx((0.75 - by_chance) / (1.0 - by_chance))
    assert found.same_wrong[0, 1] == 1.0
    assert found.phi[0, 1] == pytest.approx(0.125 / np.sqrt(0.75 * 0.25 * 0.5 * 0.5))


def test_an_independent_panel_with_as_few_wrong_quorums_is_smaller() -> None:
    found = effective_votes(drawn_codes(4000, [0.7] * 7, seed=5, hard=0.2))
    assert found.independent_size is not None
    assert found.independent_size < 7
    assert found.wrong_quorum > 0.2


def test_a_tie_at_the_top_is_decided_by_lot() -> None:
    shares = plurality_shares(np.array([[0, 1, 2], [0, 0, 1], [1, 1, 0], [-1, -1, -1], [0, 1, -1]]))
    assert shares.tolist() == pytest.approx([1 / 3, 1.0, 0.0, 0.0, 0.5])


def test_one_model_is_no_panel() -> None:
    with pytest.raises(ScenarioError, match="at least 2 models"):
        effective_votes(np.zeros((3, 1), dtype=int))


def test_errors_that_cancel_each_other_are_no_number_in_json() -> None:
    found = effective_votes(np.array([[0, 1], [1, 0]] * 5))
    assert found.votes == np.inf
    assert found.to_dict()["effective_votes"] is None
    never = effective_votes(np.zeros((5, 3), dtype=int))
    assert never.votes == 3.0
    assert never.to_dict()["phi"][0][1] is None


def test_of_models_that_never_erred_or_always_it_is_told_that_nothing_is_known() -> None:
    codes = np.array([[0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 1]])
    told = effective_votes(codes, models=("ann", "bob", "cat", "dan")).sentence
    assert told.endswith("2 of them never erred, or always: of what their errors have in common nothing is known.")
    assert "nothing is known" not in effective_votes(codes[:, 2:], models=("cat", "dan")).sentence
