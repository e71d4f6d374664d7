"""Sweeps that stop when intervals are narrow enough: what the intervals then promise, and what a budget leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import log, log1p
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

import bft
from bft.cli import main
from bft.errors import SweepError
from bft.experiments import Precision, Tally, sweep
from bft.experiments import sequential as sequential_module
from bft.experiments.blocks import Block, run_block
from bft.experiments.intervals import estimate, look_level
from bft.experiments.sequential import Budget

DELTAS = {"faults.delta": "0:0.5:6"}


def coverage(precision: Precision, level: float, each_level: float, probability: float) -> tuple[float, float]:
    """Return the probability that the interval at the stop holds, and the mean number of replications: exactly.

    The distribution of the count among the sweeps that still go on, carried from look to look.
    """
    looks = precision.looks(level)
    going: NDArray[np.float64] = np.ones(1)
    held, mean, before = 0.0, 0.0, 0
    for look in looks:
        more = look - before
        going = np.convolve(going, binom.pmf(np.arange(more + 1), more, probability))
        before = look
        likely = np.flatnonzero(going > 1e-12)
        for count in likely.tolist():
            interval = estimate(count, look, each_level)
            if precision.narrow(interval) or look == looks[-1]:
                held += going[count] * (interval.low <= probability <= interval.high)
                mean += going[count] * look
                going[count] = 0.0
    return held, mean


PROBABILITIES = (0.001, 0.01, 0.037, 0.1, 0.25, 0.5, 0.8, 0.975)


@pytest.mark.parametrize("precision", [Precision(absolute=0.05), Precision(relative=0.5, floor=50, most=1500)])
def test_the_interval_at_the_stop_holds_at_least_as_often_as_it_says(precision: Precision) -> None:
    # Calculated, not simulated: there is no chance in it.
    each = look_level(0.95, len(precision.looks(0.95)))
    held = [coverage(precision, 0.95, each, probability)[0] for probability in PROBABILITIES]
    assert min(held) >= 0.95
    assert max(held) < 1.0


def test_an_interval_for_a_fixed_number_would_hold_less_often_than_it_says() -> None:
    held = [coverage(Precision(absolute=0.05), 0.95, 0.95, probability / 200)[0] for probability in range(2, 100, 6)]
    assert min(held) < 0.95


def test_being_safe_costs_about_twice_the_replications() -> None:
    precision = Precision(absolute=0.05)
    each = look_level(0.95, len(precision.looks(0.95)))
    for probability in (0.1, 0.5):
        fixed = next(n for n in range(50, 2000) if precision.narrow(estimate(round(probability * n), n)))
        assert coverage(precision, 0.95, each, probability)[1] < 2.6 * fixed


def test_looks_end_where_the_interval_is_narrow_whatever_was_seen() -> None:
    for absolute in (0.08, 0.05, 0.01):
        precision = Precision(absolute=absolute)
        looks = precision.looks(0.95)
        each = look_level(0.95, len(looks))
        for count in (0, looks[-1] // 3, looks[-1] // 2, looks[-1]):
            assert precision.narrow(estimate(count, looks[-1], each))
        assert not precision.narrow(estimate(looks[-2] // 2, looks[-2], look_level(0.95, len(looks) - 1)))
        assert list(looks) == sorted(set(looks))
    assert Precision(relative=0.1, floor=10, most=40).looks(0.9) == (10, 15, 23, 35, 40)


def test_relative_widths_are_those_of_logarithms() -> None:
    precision = Precision(relative=0.25)
    interval = estimate(30, 10_000)
    assert precision.width(interval) == pytest.approx(log(interval.high / interval.low) / 2 / log1p(0.25))
    assert precision.width(estimate(0, 10_000)) == float("inf")


def test_a_sweep_goes_on_until_every_interval_is_narrow_enough() -> None:
    found = sweep(over=DELTAS, precision=0.03, seed=2)
    assert found.complete
    assert found.replications is None
    places = Precision(absolute=0.03).looks(0.95)
    for row in found.rows:
        assert row["replications"] in places
        assert row["narrow_enough"] is True
        assert (row["p_agree_high"] - row["p_agree_low"]) / 2 <= 0.03
        assert row["p_agree_low"] <= row["exact_agree"] <= row["p_agree_high"]  # six intervals: chance of a miss < 0.06
    assert found.rows[0]["replications"] < found.rows[3]["replications"]  # certainty needs fewer
    assert "until narrow enough" in repr(found)


def test_the_rows_are_the_same_whoever_runs_them() -> None:
    options: dict[str, Any] = {"over": DELTAS, "precision": 0.08, "seed": 2}
    expected = sweep(**options, workers=1).rows
    assert sweep(**options, workers=1, engine="simpy").rows == expected
    assert sweep(**options, workers=2, engine="simpy").rows == expected


def test_the_counts_are_those_of_a_sweep_of_the_same_length() -> None:
    found = sweep(over={"faults.delta": [0.2]}, precision=0.05, seed=2).results[0]
    fixed = sweep(over={"faults.delta": [0.2]}, replications=found.runs, seed=2).results[0]
    assert found.tally == fixed.tally


def test_a_budget_is_kept_and_spent_where_intervals_are_widest() -> None:
    found = sweep(over=DELTAS, precision=0.02, seed=2, budget=6000)
    spent = [row["replications"] for row in found.rows]
    assert 4000 < sum(spent) <= 6000
    assert not found.complete
    assert found.rows[0]["narrow_enough"] is True
    assert min(spent[2:]) > spent[0]
    assert sweep(over=DELTAS, precision=0.02, seed=2, budget=6000, workers=1, engine="auto").rows == found.rows


def test_time_decides_how_many_looks_there_are_and_never_what_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def clocked(blocks: int) -> tuple[dict[str, Any], ...]:
        ticks = iter(range(10_000))
        monkeypatch.setattr(sequential_module, "monotonic", lambda: float(next(ticks)))
        return sweep(over=DELTAS, precision=0.02, seed=2, budget_s=float(blocks), workers=1).rows

    full = {row["faults.delta"]: row for row in sweep(over=DELTAS, precision=0.02, seed=2).rows}
    assert clocked(1) == ()
    some = clocked(12)
    assert len(some) > 0
    assert some != tuple(full.values())
    for row in some:
        same = sweep(over={"faults.delta": [row["faults.delta"]]}, replications=row["replications"], seed=2).rows[0]
        assert row["p_agree"] == same["p_agree"]
    assert clocked(1000) == tuple(full.values())


def test_an_interrupted_one_goes_on_from_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sweep(over=DELTAS, precision=0.02, seed=2).rows
    seen: list[tuple[int, int]] = []

    def interrupted(block: Block) -> Tally:
        seen.append((block.cell, block.start))
        if len(seen) == 9:
            raise KeyboardInterrupt
        return run_block(block)

    options: dict[str, Any] = {"over": DELTAS, "precision": 0.02, "seed": 2, "workers": 1, "store": tmp_path / "s"}
    monkeypatch.setattr("bft.experiments.executors.run_block", interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        sweep(**options)
    assert len(stopped.value.sweep.rows) == 6  # type: ignore[attr-defined]
    again = sweep(**options)
    assert again.rows == expected
    assert len(set(seen)) == len(seen) - 1  # only the block that was broken off was run twice


def test_under_common_random_numbers_agreement_only_falls_along_delta() -> None:
    found = sweep(
        over={"faults.delta": "0:1:11"}, precision=Precision(absolute=0.2, floor=400), common_random_numbers=True
    )
    agree = [row["p_agree"] for row in found.rows]
    assert len({row["replications"] for row in found.rows}) == 1
    assert agree == sorted(agree, reverse=True)


def test_rare_splits_are_found_to_a_relative_precision() -> None:
    scenario = bft.Scenario(n=4, faults={"delta": 0.03, "behaviour": "equivocate"})
    found = sweep(scenario, precision=Precision(relative=0.3, of="split", most=300_000), seed=2).rows[0]
    assert found["narrow_enough"]
    assert log(found["p_split_high"] / found["p_split_low"]) / 2 <= log1p(0.3)
    assert found["p_split_low"] <= found["exact_split"] <= found["p_split_high"]  # chance of a miss < 0.05
    assert found["replications"] > 10_000


def test_the_command_tells_which_cells_are_too_wide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "--over", "faults.delta=0,0.3", "--precision", "0.02", "--budget", "1500", "--json"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert [row["narrow_enough"] for row in json.loads(said.out)] == [True, False]
    assert "bft: 1 of 2 cells are not yet narrow enough" in said.err
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["replications"], manifest["complete"]) == (None, False)
    assert manifest["precision"]["absolute"] == 0.02
    assert manifest["budget"] == {"replications": 1500}
    looks = manifest["looks"]["at_most"]
    assert manifest["looks"]["level_of_each"] == pytest.approx(1 - 0.05 / looks)


def test_the_command_takes_a_relative_precision(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "--set", "faults.delta=0.1", "--relative-precision", "0.2", "--of", "stalled", "--json"]
    assert main([*words, "--quiet"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert log(row["p_stalled_high"] / row["p_stalled_low"]) / 2 <= log1p(0.2)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: Precision(), "precision: must be absolute or relative"),
        (lambda: Precision(absolute=0.1, relative=0.1), "precision: must be absolute or relative, one of the two"),
        (lambda: Precision(absolute=0.0), "precision = 0.0: must be above 0 and at most 0.5"),
        (lambda: Precision(absolute=0.7), "precision = 0.7: must be above 0 and at most 0.5"),
        (lambda: Precision(relative=-1.0), "relative_precision = -1.0: must be above 0"),
        (lambda: Precision(absolute=0.1, of="luck"), "of = 'luck': must be one of agree, correct"),
        (lambda: Precision(absolute=0.1, floor=0), "floor = 0: must be at least 1"),
        (lambda: Precision(absolute=0.1, floor=9, most=8), "most = 8: must be at least the floor, 9"),
        (lambda: Budget(replications=0), "budget = 0: must be at least 1"),
        (lambda: Budget(seconds=float("nan")), "budget_s = nan: must be above 0"),
        (lambda: sweep(budget=5), "budget = 5: needs a precision"),
        (lambda: sweep(budget_s=5.0), "budget_s = 5.0: needs a precision"),
        (lambda: sweep(replications=5, precision=0.1), "replications = 5: must not be given together with a precision"),
        (
            lambda: sweep(precision=Precision(absolute=0.1), relative_precision=0.1),
            "relative_precision = 0.1: must not be given together with a precision",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(attempt: Callable[[], object], message: str) -> None:
    with pytest.raises(SweepError) as refused:
        attempt()
    assert str(refused.value).startswith(message)
