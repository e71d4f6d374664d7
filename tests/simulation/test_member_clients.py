"""Where members change: f + 1 of them convince a client, spares none; a member goes on from its own backups."""

from __future__ import annotations

import pytest

import bft
from bft.core.effects import Reply
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.membership.events import EpochEntered
from bft.operations.events import StateLost
from bft.simulation.clients import Clients


def run_of(n: int, count: int = 20, **given: object) -> bft.Run:
    fields: dict[str, object] = {
        "n": n,
        "membership": {"members": 4},
        "views": "unlimited",
        "requests": {"count": count, "rate_per_s": 1.0, "clients": count},
        "pbft": {"checkpoint_interval": 4, "window": 8},
        "horizon_s": 900.0,
    }
    return bft.simulate(bft.Scenario(**{**fields, **given}), 1)


def latencies(n: int, count: int = 20, **given: object) -> tuple[float, ...]:
    return run_of(n, count, **given).metrics.client_latency_s


def test_spares_do_not_change_how_long_clients_wait() -> None:
    # The standard error of each mean of 300 is .0017 s; four of it would fail by chance once in 10,000.
    means = [sum(times) / len(times) for times in (latencies(n, 300) for n in (4, 7, 10, 13))]
    assert max(means) - min(means) < 0.007


def test_clients_are_answered_when_a_member_is_down_and_when_one_member_is_left() -> None:
    assert len(latencies(10, faults={"nodes": [3]})) == 20
    down = [{"at_s": 2, "remove": 3}, {"at_s": 6, "remove": 2}, {"at_s": 10, "remove": 1}]
    run = run_of(6, membership={"members": 4, "least": 1, "changes": down})
    assert len(run.metrics.client_latency_s) == 20
    assert all(change.answered_at_s is not None for change in run.changes), "and so is the operator"


def request(number: int) -> Request:
    return Request(client=f"client-{number}", timestamp=1, operation="x")


def test_only_members_convince_and_who_replied_before_an_epoch_counts_in_it() -> None:
    clients = Clients(QuorumSystem.of(9))
    clients.members_changed((0, 1, 2, 3), 0.0)
    for number in range(2):
        assert clients.arrived(request(number), 1.0)
        for spare in (4, 5, 6, 7):
            clients.replied(spare, Reply(f"client-{number}", 1, "yes"), 2.0)
        clients.replied(0, Reply(f"client-{number}", 1, "yes"), 2.0)
    assert len(clients.waiting()) == 2
    clients.replied(1, Reply("client-0", 1, "yes"), 3.0)
    assert [each.client for each in clients.waiting()] == ["client-1"]
    clients.members_changed((0, 4, 2, 3), 4.0)
    assert not clients.waiting(), "0 and 4 are two of the four members now"
    assert list(clients.latency_s) == [2.0, 3.0]


@pytest.mark.parametrize("seed", [0, 2])
def test_a_member_goes_on_from_its_last_backup(seed: int) -> None:
    scenario = bft.Scenario(
        n=5,
        membership={"members": 4, "changes": [{"at_s": 60.0, "remove": 2, "add": 4}]},
        requests={"count": 700, "rate_per_s": 2.0, "clients": 700, "operations": "account"},
        pbft={"checkpoint_interval": 8, "window": 16},
        horizon_s=500.0,
        views="unlimited",
        machine={
            "up": {"mean_s": 100.0},
            "policy": {"kind": "fixed", "ladder": ["replace"]},
            "snapshots": {"interval_s": 20.0},
        },
    )
    run = bft.simulate(scenario, seed)
    assert not run.breaches
    lost = run.trace.of(StateLost)
    base = run.trace.of(EpochEntered)[0].event.base
    assert any(base < event.kept < event.had for _, _, event in lost), "from a backup of the second epoch"
