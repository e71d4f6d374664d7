"""What lets a run of months stay small: keys that fade, monitors that forget, queues measured in passing."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from bft.core.effects import Execute
from bft.core.events import Restarted
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.durations import Exponential, Lifetime
from bft.llm_service.load import open_loop
from bft.llm_service.queue_measures import QueueMeter, measure
from bft.llm_service.service import LlmService
from bft.operations.intervals import RatioSums, ratio_estimate
from bft.protocols.pbft.messages import Commit
from bft.randomness import TAPE_CHUNK, Randomness, Tape
from bft.record.safety import SafetyMonitor
from bft.resilience.endpoints import Breakdowns, Endpoint
from bft.resilience.exchange import Query
from bft.simulation.keys import SWEEP, FadingKeyring


def test_a_fading_ring_verifies_what_somebody_holds_and_nothing_else() -> None:
    ring = FadingKeyring(corrupted=(3,))
    body = ring.sign(Commit(0, 1, "digest", 0))
    assert ring.verify(body)
    assert ring.verify(replace(body)), "an equal one says the same"
    assert not ring.verify(Commit(0, 1, "other", 0))
    assert ring.verify(Commit(0, 1, "other", 3)), "the adversary signs what it likes"
    copy = replace(body)
    del body
    gc.collect()
    assert not ring.verify(copy), "nobody holds what was signed"


def test_a_fading_ring_keeps_nothing_alive_and_stays_small() -> None:
    ring = FadingKeyring()
    held = [ring.sign(Commit(0, seq, "held", 0)) for seq in range(50)]
    for seq in range(20 * SWEEP):
        ring.sign(Commit(0, seq, "digest", 0))
        ring.sign(Request(client="c", timestamp=seq, operation="x"))
    assert len(ring._alive) <= 2 * len(held) + SWEEP + 1
    assert all(map(ring.verify, held))


def test_bodies_that_cannot_be_hashed_are_not_signed() -> None:
    assert not FadingKeyring().verify(Commit(0, 1, ["no"], 0))  # type: ignore[arg-type]


def execute(seq: int, digest: str = "d") -> Execute:
    return Execute(0, seq, digest, NULL_PROPOSAL, False, "s")


def test_the_safety_monitor_forgets_what_all_have_passed() -> None:
    monitor = SafetyMonitor(frozenset({0, 1}), lambda _: True, remembered=10)
    for seq in range(1, 1001):
        for node in (0, 1):
            monitor.observe(0.0, node, execute(seq))
    assert len(monitor._digest_at) <= 20
    assert monitor.breaches == []
    assert monitor.unjudged == 0
    monitor.observe(0.0, 0, execute(1001, "a"))
    monitor.observe(0.0, 1, execute(1001, "b"))
    assert [each.invariant for each in monitor.breaches] == ["S1"]


def test_what_a_node_left_far_behind_executes_is_counted_as_unjudged() -> None:
    monitor = SafetyMonitor(frozenset({0, 1}), lambda _: True, remembered=10)
    for seq in range(1, 101):
        monitor.observe(0.0, 0, execute(seq))
    for seq in range(1, 101):
        monitor.observe(0.0, 1, execute(seq, "other"))
    assert monitor.unjudged + len(monitor.breaches) == 100
    assert monitor.unjudged > 50
    assert {each.invariant for each in monitor.breaches} == {"S1"}


def test_a_node_may_repeat_what_its_disk_lost_but_not_otherwise() -> None:
    monitor = SafetyMonitor(frozenset({0}), lambda _: True)
    for seq in (1, 2, 3):
        monitor.observe(0.0, 0, execute(seq))
    monitor.observe(1.0, 0, Restarted(0, 1))
    monitor.observe(2.0, 0, execute(2))
    assert monitor.breaches == []
    monitor.observe(3.0, 0, execute(2))
    assert [each.invariant for each in monitor.breaches] == ["S2"]


def test_requests_are_still_judged() -> None:
    monitor = SafetyMonitor(frozenset({0}), lambda _: False)
    asked = Proposal(request=Request(client="c", timestamp=1, operation="x"), answer="y")
    monitor.observe(0.0, 0, replace(execute(1), proposal=asked))
    assert [each.invariant for each in monitor.breaches] == ["S3"]


def test_sums_estimate_what_lists_estimate() -> None:
    tops, bottoms = [1.0, 4.0, 2.5, 0.0], [2.0, 3.0, 1.0, 0.5]
    sums = RatioSums()
    for top, bottom in zip(tops, bottoms, strict=True):
        sums.add(top, bottom)
    for measured, exact in zip(sums.estimate(), ratio_estimate(tops, bottoms), strict=True):
        assert measured == pytest.approx(exact)
    assert RatioSums().estimate().n == 0


def test_a_meter_measures_in_passing_what_all_jobs_show() -> None:
    endpoint = Endpoint(
        name="m",
        workers=2,
        time=Exponential(mean_s=1.0),
        breakdowns=Breakdowns(up=Lifetime(mean_s=100.0), down=Lifetime(mean_s=10.0)),
    )
    service = LlmService([endpoint], seed=3, keep_jobs=True, metered=True)
    query = Query(model="m", prompt="p")
    open_loop(service.clock, lambda: service.call(query), rate_per_s=1.2, until_s=3000.0, seed=3)
    service.clock.run(until=13_000.0)
    whole, passing = measure(service.jobs["m"]), service.meters["m"].measures()
    assert passing is not None
    assert (passing.cycles, passing.jobs) == (whole.cycles, whole.jobs)
    for name in ("in_system", "queue_length", "response_s", "wait_s", "delayed"):
        assert getattr(passing, name) == pytest.approx(getattr(whole, name), rel=1e-6), name


def test_a_meter_without_two_cycles_says_nothing() -> None:
    assert QueueMeter().measures() is None


def test_no_numbers_drawn_from_a_tape_take_none_away() -> None:
    tape, other = Tape(Randomness(1), "test", 2, 4, 0), Tape(Randomness(1), "test", 2, 4, 0)
    assert (tape.draw(0), tape.draws(0, 0), tape.draws(0, 5)) == (other.draw(0), [], [other.draw(0) for _ in range(5)])


def test_a_tape_keeps_no_more_than_a_chunk_and_draws_the_same() -> None:
    tape = Tape(Randomness(1), "test", 2, 4, 0)
    drawn, kept = [], []
    for several in (0, 3, 0, 7, 0, 20):  # one by one, or so many at once
        drawn += tape.draws(1, several) if several else [tape.draw(1) for _ in range((4 + 3 * TAPE_CHUNK - 30) // 3)]
        kept.append(len(tape._left[1]))
    drawn += [tape.draw(1) for _ in range(4 + 3 * TAPE_CHUNK - len(drawn))]
    assert 0 < max(kept) < TAPE_CHUNK
    assert not tape._left[1]
    fresh = Randomness(1)
    expected = fresh.uniforms("test", (2, 4), 0)[1].tolist()
    for chunk in range(3):
        expected += fresh.generator("test", 1, 0, 1, chunk).random(TAPE_CHUNK).tolist()
    assert drawn == expected
