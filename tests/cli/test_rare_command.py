"""`bft rare`: probabilities down to 1e-12, beside the exact law."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bft.cli import main


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["rare", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize(
    ("words", "event", "below"),
    [
        (("n=31", "faults.delta=0.02"), "stalled", 1e-10),
        (("n=31", "faults.delta=0.014", "faults.behaviour=equivocate"), "split", 1e-12),
        (("n=10", "faults.delta=0.001", "faults.behaviour=lie"), "wrong", 1e-9),
        (("n=100", "faults.delta=0.06"), "stalled", 1e-14),
    ],
)
def test_what_fault_sets_settle_is_the_exact_law(
    words: tuple[str, ...], event: str, below: float, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(capsys, "--event", event, "--set", *words)
    assert 0.0 < found["p"] < below
    assert found["p"] == pytest.approx(found["exact"], rel=1e-10, abs=0.0)
    assert found["p_low"] == found["p"] == found["p_high"]
    assert found["effective_runs"] is None


def test_what_has_to_be_drawn_has_an_interval_around_the_exact_law(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--set", "n=7", "faults.delta=0.001", "faults.behaviour=collude", "validators=statistical"]
    # Level 1 − 1e-6: fails by chance once in a million seeds.
    found = asked(capsys, "--event", "stalled", *words, "--runs", "20000", "--level", "0.999999", "--seed", "3")
    assert found["p_low"] < found["exact"] < found["p_high"]
    assert found["effective_runs"] > 1000
    assert found["p_high"] - found["p_low"] < 0.1
    assert sum(stratum["weight"] for stratum in found["strata"]) == pytest.approx(1.0)


def test_agreement_of_any_kind_is_an_event_too(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "--event", "agree", "--set", "n=4", "faults.delta=0.2")
    assert found["p"] == pytest.approx(0.8**4 + 4 * 0.2 * 0.8**3)


def test_the_table_names_the_strata_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rare", "--event", "split", "--set", "n=31", "faults.delta=0.02", "faults.behaviour=equivocate"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["P(split)", "1.19827e-11"]
    assert [line.split()[0] for line in lines[-4:]] == ["11", "12", "13", "14"]


def test_an_event_that_was_not_met_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--event", "split", "--set", "n=7", "faults.delta=0.001", "faults.behaviour=withhold"]
    words += ["validators.kind=statistical", "validators.accuracy=0.999", "--runs", "1000", "--events", "10"]
    found = asked(capsys, *words)
    assert found["p"] is None
    assert found["p_low"] == 0.0
    assert found["p_high"] > found["p_unsampled"] > 0.0
    assert any("not drawn from" in remark for remark in found["remarks"])
    assert main(["rare", *words]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].split(maxsplit=1)[1].startswith("not met: at most ")
    assert "no drawn replication met the event" in said


def test_what_an_estimate_rests_on_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--event", "wrong", "--set", "n=7", "faults.delta=0.01", "faults.behaviour=collude"]
    words += ["validators.kind=statistical", "validators.accuracy=0.99", "--runs", "5000"]
    found = asked(capsys, *words)
    assert found["p"] == pytest.approx(found["exact"], rel=0.1)
    assert found["effective_events"] > 100
    assert found["largest_share"] < 0.1
    assert {"faulty", "failing", "weight", "runs", "value", "low", "high", "exact"} == set(found["strata"][0])
    assert main(["rare", *words]) == 0
    said = capsys.readouterr().out
    assert "effective events, the largest of them" in said
    assert "faulty  failing  P(stratum)" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--event", "luck"], "event = 'luck': must be one of agree, correct, wrong, partial, stalled, split"),
        ([], "the following arguments are required: --event"),
        (["--event", "split", "--runs", "10"], "runs = 10: must be at least 1000"),
        (["--event", "split", "--level", "1"], "level = 1.0: must be above 0 and below 1"),
        (["--event", "split", "--budget-s", "0"], "budget_s = 0.0: must be above 0"),
        (["--event", "split", "--events", "0"], "events = 0: must be at least 1"),
        (["--event", "split", "--seed", "-1"], "seed = -1: must be a whole number, 0 or more"),
        (["--event", "split", "--set", "network.loss=0.1"], "network.loss = 0.1: the vectorised engine runs"),
    ],
)
def test_bad_words_are_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rare", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bft: error: {message}")
    assert said.err.count("\n") == 1
