"""`bft theory`: what the laws and the source documents say, side by side."""

from __future__ import annotations

import json

import pytest

from bft.cli import main


def test_the_rows_hold_the_figures_of_the_source_document_and_the_laws(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--n", "10", "--delta", "0.05", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["s1_alpha"] == pytest.approx(0.40126, abs=5e-6)
    assert row["s1_reliability"] == pytest.approx(0.95)
    assert row["s1_p_t"] == pytest.approx(5.90579, abs=5e-6)
    assert row["at_most_f_faulty"] == pytest.approx(0.99897, abs=5e-6)
    assert row["crash_agree"] == row["equivocate_agree"] == pytest.approx(row["at_most_f_faulty"])
    assert [row[name] for name in ("f", "q", "safety_needs_k_below", "liveness_needs_k_up_to")] == [3, 7, 4, 3]


def test_safety_and_liveness_bounds_differ_where_n_is_not_three_f_plus_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--n", "6", "--delta", "0.25", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["safety_needs_k_below"], row["liveness_needs_k_up_to"]) == (2, 2)
    assert row["equivocate_split"] == pytest.approx(0.26367, abs=5e-6)
    assert row["equivocate_agree"] < row["crash_agree"]


def test_the_table_names_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--n", "4,7", "--delta", "0.1,0.5"]) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()[:5]) == 5
    assert "0.94770" in text
    assert "None of them is the probability of agreement" in " ".join(text.split())


def test_where_the_document_leaves_the_range_of_floats_it_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--n", "1500", "--delta", "0.1", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["s1_p_t"] is None
    assert main(["theory", "--n", "1500", "--delta", "0.1"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--delta", "1.4"], "faults.delta = 1.4: must be between 0 and 1"),
        (["--delta", "much"], "faults.delta = 'much': must be a number"),
        (["--n", "4.5"], "n = 4.5: must be a whole number"),
        (["--n", "0"], "n = 0: must be at least 1"),
        (["--n", "4,1000000000"], "n = 1000000000: must be at most 4096"),
    ],
)
def test_bad_input_is_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", *words]) == 2
    assert capsys.readouterr().err == f"bft: error: {message}\n"
