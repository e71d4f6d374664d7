"""Streams of requests amid losses, partitions, crashes and returns, under the full monitor; what a disk brings back."""

from __future__ import annotations

from typing import Any

import pytest

import bft
from bft.checking import operations as ops
from bft.checking.hotstuff.subject import VARIANTS
from bft.checking.liveness import stabilise
from bft.checking.play import play
from bft.checking.protocols import subject_of
from bft.checking.setting import Setting
from bft.checking.watching import watched
from bft.core.effects import Execute, RequestVerdict
from bft.core.inputs import ClientRequest
from bft.errors import ScenarioError
from bft.protocols.hotstuff.messages import Propose, Timeout
from bft.simulation.simulate import Simulator

ALL = 0b1111
STREAM = {"count": 16, "rate_per_s": 4.0, "clients": 5}
PROTOCOLS: list[tuple[str, dict[str, Any]]] = [
    ("hotstuff", {}),
    ("hotstuff-2", {}),
    ("hotstuff-chained", {}),
    ("hotstuff-chained", {"hotstuff-chained": {"chain": 2}}),
]


def run(protocol: str, own: dict[str, Any], seed: int = 5, **fields: Any) -> Any:
    scenario = bft.Scenario(protocol=protocol, **{"n": 4, "requests": STREAM, **own, **fields})
    return Simulator(scenario, seed, check="full").run()


@pytest.mark.parametrize(("protocol", "own"), PROTOCOLS)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"network": {"loss": 0.05, "duplication": 0.05}},
        {"network": {"partitions": [{"start_s": 2.0, "end_s": 25.0, "groups": [[0, 1], [2, 3]]}]}},
        {"faults": {"nodes": (2,), "behaviour": {"kind": "crash_recover", "at_s": 2.0, "back_s": 12.0}}, "n": 7},
        {"validators": {"kind": "statistical", "accuracy": 0.9}},
        {"n": 5, "quorum": 5},
        {"n": 1},
        {"n": 2},
    ],
)
def test_every_request_of_a_stream_is_executed_once_in_one_order(
    protocol: str, own: dict[str, Any], fields: dict[str, Any]
) -> None:
    result = run(protocol, own, **fields)
    assert not result.breaches
    if "validators" not in fields:
        assert result.requests.executed == STREAM["count"]
        assert {outcome.value for outcome in result.outcomes} == {"agreed_correct"}
    orders: dict[int, list[tuple[int, str]]] = {}
    for record in result.trace:
        if isinstance(record.event, Execute):
            orders.setdefault(record.node, []).append((record.event.seq, record.event.digest))
    for order in orders.values():
        longest = max(orders.values(), key=len)
        assert order == longest[: len(order)]


@pytest.mark.parametrize(("protocol", "own"), PROTOCOLS)
def test_a_replica_cut_off_for_long_fetches_what_it_missed_in_batches(protocol: str, own: dict[str, Any]) -> None:
    cut = {"partitions": [{"start_s": 0.0, "end_s": 60.0, "groups": [[0, 1, 2, 4, 5, 6], [3]]}]}
    result = run(protocol, own, n=7, requests={"count": 80, "rate_per_s": 4.0, "clients": 80}, network=cut)
    assert not result.breaches
    assert result.requests.executed == 80
    assert {outcome.value for outcome in result.outcomes} == {"agreed_correct"}
    assert result.metrics.sent_by_kind["Branch"] > 1


def test_what_a_chain_could_not_commit_for_long_is_committed_at_once_when_the_fourth_node_is_back() -> None:
    """Three of four certify half of the nodes and commit none; the fourth then fetches more than one message holds."""
    own = {"hotstuff-chained": {"view_timeout_s": 2.0, "timeout_growth": 1.0}}
    cut = {"partitions": [{"start_s": 0.0, "end_s": 400.0, "groups": [[0, 1, 2], [3]]}]}
    result = run("hotstuff-chained", own, requests={"count": 1}, network=cut, views="unlimited", horizon_s=900.0)
    assert not result.breaches
    assert result.outcome.value == "agreed_correct"
    assert result.metrics.views > 2 * 64 + 200
    assert result.metrics.decided_at_s > 400.0
    assert result.metrics.last_decided_at_s < 415.0


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_trace(variant: str) -> None:
    protocol, own = PROTOCOLS[list(VARIANTS).index(variant)]
    network = {"loss": 0.1}
    assert run(protocol, own, network=network).trace.hash == run(protocol, own, network=network).trace.hash


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_request_whose_node_is_orphaned_is_proposed_again_and_executed_once(variant: str) -> None:
    """Node 0 proposes to itself alone; the view is given up, the next leader proposes the request on another branch."""
    world, monitor = watched(subject_of(variant), Setting(n=4), record=True)
    play(world, [ops.Ask(0, ALL), ops.Exchange("Propose", (0, 0, 0, 0), False)])
    play(world, [ops.Fire(node, "view") for node in range(4)])
    assert stabilise(world, 8, 0) is None
    proposed = {
        event.message.node.view: event.message.node.proposal
        for event in world.history
        if isinstance(event.message, Propose) and event.message.node.proposal is not None
    }
    assert sorted(proposed)[:2] == [0, 1]
    executed = [record.event for record in world.trace if isinstance(record.event, Execute)]
    assert len(executed) == 4
    assert {each.digest for each in executed} == {proposed[1].digest}
    assert not monitor.breaches


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_value_is_judged_once_and_what_comes_again_with_its_certificate_never(variant: str) -> None:
    world, monitor = watched(subject_of(variant), Setting(n=4, prompt_validators=False))
    play(world, [ops.Ask(0, ALL), ops.Consult(0, 0), ops.Exchange("Propose", (ALL,) * 4, False)])
    asked = [question for _, question in world.open if isinstance(question, RequestVerdict)]
    assert len(asked) == 3
    play(world, [*(ops.Fire(node, "view") for node in range(4)), ops.Settle(3)])
    again = [question for _, question in world.open if isinstance(question, RequestVerdict)]
    assert [question.digest for question in again].count(asked[0].digest) == 3
    assert stabilise(world, 8, 0) is None
    assert not monitor.breaches


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_restarted_replica_votes_neither_twice_nor_in_a_view_that_it_gave_up(variant: str) -> None:
    world, monitor = watched(subject_of(variant), Setting(n=4, byzantine=(0,)))
    play(world, [ops.Ask(0, ALL), ops.Exchange("Propose", (ALL,) * 4, False), ops.Crash(2), ops.Restart(2)])
    world.pending.clear()
    request = world.request(0)
    play(world, [ops.Forge("propose", 0, 0b0100, (place,)) for place in range(6)] + [ops.Settle(1)])
    world.give(2, ClientRequest(request))
    play(world, [ops.Fire(2, "view"), ops.Crash(2), ops.Restart(2)])
    again = [event.message for _, event, _ in world.pending if isinstance(event.message, Timeout)]
    assert {message.vote.view for message in again if message.replica == 2} == {world.replicas[2].current_view}
    play(world, [ops.Forge("propose", 0, 0b0100, (place,)) for place in range(6)] + [ops.Settle(1)])
    assert not monitor.breaches


def test_a_verdict_that_comes_after_the_view_is_kept_for_the_value() -> None:
    world, monitor = watched(subject_of("hotstuff"), Setting(n=4, prompt_validators=False))
    play(world, [ops.Ask(0, ALL), ops.Consult(0, 0), ops.Exchange("Propose", (ALL,) * 4, False)])
    play(world, [*(ops.Fire(node, "view") for node in range(4)), ops.Settle(3)])
    late = next(
        place for place, (node, each) in enumerate(world.open) if node == 3 and isinstance(each, RequestVerdict)
    )
    play(world, [ops.Consult(late, 0)])
    assert world.replicas[3].drops["late verdict"] == 1
    assert world.replicas[3].held["verdicts"] >= 1
    assert not monitor.breaches


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"protocol": "hotstuff-chained", "hotstuff-chained": {"chain": 4}}, "chain = 4: must be 2 or 3"),
        ({"protocol": "hotstuff", "hotstuff": {"chain": 3}}, "hotstuff.chain"),
        ({"protocol": "hotstuff", "hotstuff-chained": {"chain": 3}}, "hotstuff-chained"),
        ({"protocol": "pbft", "hotstuff": {"view_timeout_s": 3.0}}, "hotstuff"),
        ({"protocol": "hotstuff", "stakes": (1, 2, 3, 4)}, "the leaders of HotStuff rotate one by one"),
        ({"protocol": "hotstuff-chained", "checkpoint_interval": 4}, "checkpoint_interval"),
        ({"protocol": "hotstuff-2", "hotstuff-2": {"leader_wait": 1.0}}, "leader_wait"),
        ({"protocol": "hotstuff", "rule": "plurality"}, "rule"),
        ({"protocol": "hotstuff", "hotstuff-2": {"leader_wait": 0.1}}, "hotstuff-2"),
        ({"protocol": "hotstuff-chained", "hotstuff-chained": {"leader_wait": 0.1}}, "leader_wait"),
        ({"protocol": "hotstuff-chained", "hotstuff-chained": {"chain": 1}}, "chain = 1: must be 2 or 3"),
        ({"protocol": "hotstuff", "hotstuff": {"checkpoint_interval": 0}}, "must be at least 1"),
        ({"protocol": "hotstuff", "hotstuff": [1]}, "must be a table"),
        ({"protocol": "hotstuff", "tendermint": {"propose_s": 3.0}}, "tendermint"),
        ({"protocol": "hotstuff", "membership": {"members": 4}}, "no place for members"),
        ({"protocol": "hotstuff", "faults": {"nodes": (0,), "behaviour": "vote_twice"}}, "must be one of crash"),
    ],
)
def test_what_a_variant_has_no_place_for_is_refused_in_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError, match=sentence) as refused:
        bft.Scenario(n=4, **fields)
    assert "\n" not in str(refused.value)


def test_a_leader_of_hotstuff_2_without_the_last_certificate_waits_for_locks() -> None:
    """Node 0 is dead: the leader of view 1 enters by a timeout certificate, and waits for a tenth of its timeout."""
    scenario = bft.Scenario(protocol="hotstuff-2", n=4, faults={"nodes": (0,)})
    run = Simulator(scenario, 2, journal=True).run()
    assert run.journal is not None
    entered = min(record.time_s for record in run.trace if record.node == 1)
    proposed = min(message.sent_at_s for message in run.journal.messages if isinstance(message.body, Propose))
    assert proposed - entered == pytest.approx(0.1 * 20.0)
    at_once = bft.Scenario(protocol="hotstuff", n=4, faults={"nodes": (0,)})
    run = Simulator(at_once, 2, journal=True).run()
    assert run.journal is not None
    entered = min(record.time_s for record in run.trace if record.node == 1)
    proposed = min(message.sent_at_s for message in run.journal.messages if isinstance(message.body, Propose))
    assert proposed - entered < 1.0
