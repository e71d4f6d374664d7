"""Calls take the time, tokens and cost that their law says."""

from __future__ import annotations

import math

import numpy as np

from bft.randomness import Randomness
from bft.validators.settings import StatisticalValidators

REPLICATIONS = 4000


def panels(n=2, count=REPLICATIONS, **latency):
    model = StatisticalValidators(accuracy=0.5, latency=latency).model(n)
    randomness = Randomness(7)
    return [model.panel(randomness, replication) for replication in range(count)]


def test_no_latency_unless_asked_for() -> None:
    panel = StatisticalValidators(accuracy=0.5).model(2).panel(Randomness(7), 0)
    proposed, judged = panel.propose(0, 0), panel.judge(0, 0, "right")
    assert (proposed.latency_s, proposed.tokens, proposed.cost) == (0.0, 0, 0.0)
    assert (judged.latency_s, judged.tokens, judged.cost) == (0.0, 0, 0.0)


def test_time_to_first_token_has_its_median_and_spread(consistent) -> None:
    asked = panels(first_token_median_s=(0.5, 2.0), first_token_log_sd=0.4, tokens_median=0, slow_share=0)
    for node, median in enumerate((0.5, 2.0)):  # 6 checks: a false alarm in 1,600 seeds
        times = np.array([panel.propose(node, 0).latency_s for panel in asked])
        assert consistent((times < median).sum(), REPLICATIONS, 0.5)
        assert consistent((times < median * math.exp(0.4)).sum(), REPLICATIONS, 0.8413447)
        assert consistent((times < median * math.exp(-0.8)).sum(), REPLICATIONS, 0.0227501)


def test_a_share_of_the_calls_is_slow(consistent) -> None:
    asked = panels(first_token_median_s=1, first_token_log_sd=0, tokens_median=0, slow_share=0.1, slow_factor=7)
    times = np.array([panel.propose(0, 0).latency_s for panel in asked])
    assert set(times) == {1.0, 7.0}
    assert consistent((times == 7.0).sum(), REPLICATIONS, 0.1)  # a false alarm in 10,000 seeds


def test_writing_takes_its_time_and_its_price() -> None:
    constant = {"first_token_log_sd": 0, "tokens_log_sd": 0, "slow_share": 0}
    rates = {"tokens_per_s": (50, 100), "tokens_median": (100, 300), "verdict_tokens_median": 10, "cost_per_token": 0.5}
    panel = panels(count=1, first_token_median_s=1, **constant, **rates)[0]
    first, second, verdict = panel.propose(0, 0), panel.propose(1, 0), panel.judge(0, 0, "right")
    assert (first.latency_s, first.tokens, first.cost) == (3.0, 100, 50.0)
    assert (second.latency_s, second.tokens, second.cost) == (4.0, 300, 150.0)
    assert (verdict.latency_s, verdict.tokens, verdict.cost) == (1.2, 10, 5.0)


def test_lengths_on_the_same_question_are_correlated() -> None:
    asked = panels(tokens_median=1e6, tokens_log_sd=0.6, length_correlation=0.45)
    lengths = np.log([[panel.propose(node, 0).tokens for node in range(2)] for panel in asked])
    # Fisher's z of 4,000 pairs has standard deviation .0158; 4 of them: a false alarm in 15,000 seeds, each.
    assert abs(np.arctanh(np.corrcoef(lengths.T)[0, 1]) - np.arctanh(0.45)) < 4 * 0.0158
    # The standard deviation of 4,000 normals is known to 1.12 %.
    assert abs(lengths[:, 0].std() / 0.6 - 1) < 4 * 0.0112


def test_what_one_node_is_asked_disturbs_no_other() -> None:
    one, other = panels(count=20), panels(count=20)
    for quiet, busy in zip(one, other, strict=True):
        for _ in range(9):
            busy.judge(0, 0, "right")
        assert quiet.judge(1, 0, "right") == busy.judge(1, 0, "right")


def test_calls_differ_from_one_another() -> None:
    panel = panels(count=1)[0]
    assert len({panel.judge(0, 0, "right").latency_s for _ in range(30)}) == 30
