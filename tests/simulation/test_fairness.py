"""A primary that starves one client is replaced, whomever else it serves; a client that floods harms itself alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import bft
from bft.core.effects import Execute, RequestProposal
from bft.core.inputs import ClientRequest, Deliver, ProposalReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import PbftConfig, PbftReplica, Rules
from bft.protocols.pbft.events import ViewEntered
from bft.protocols.pbft.normal_case import SUPERSEDED

TIMEOUT_S = 10.0


class Censor(PbftReplica):
    """As node 0, hears nothing of one client."""

    __slots__ = ()
    victim = "client-0"

    def step(self, now: float, event: Any) -> Any:
        asked = event.request if isinstance(event, ClientRequest) else getattr(event, "message", None)
        if self.id == 0 and isinstance(asked, Request) and asked.client == self.victim:
            return ()
        return super().step(now, event)


def censored(rules: Rules) -> tuple[list[float], list[float]]:
    """Return when views began, and when the starved client's requests were executed, at an honest node."""
    scenario = bft.Scenario(
        n=4,
        views="unlimited",
        requests={"count": 240, "rate_per_s": 2.0, "clients": 12},
        pbft={"view_timeout_s": TIMEOUT_S},
        horizon_s=200.0,
    )

    def make(node: int, config: PbftConfig, keyring: Any) -> PbftReplica:
        return Censor(node, replace(config, rules=rules), keyring)

    records = [each for each in bft.simulate(scenario, 3, make_replica=make).trace.records if each.node == 1]
    views = [each.time_s for each in records if isinstance(each.event, ViewEntered)]
    executed = [each for each in records if isinstance(each.event, Execute) and each.event.proposal.request]
    return views, [each.time_s for each in executed if each.event.proposal.request.client == Censor.victim]


def test_4_4_a_primary_that_starves_one_client_is_replaced_after_one_timeout():
    views, executed = censored(Rules())
    assert len(views) == 1
    assert views[0] < TIMEOUT_S + 2.0
    assert executed[0] < views[0] + 2.0
    assert len(executed) > 10


def test_a_timer_started_anew_at_every_execution_lets_it_starve():
    views, executed = censored(Rules(time_one_request=False))
    assert views == [] or views[0] > 100.0
    assert not executed or executed[0] > 100.0


@pytest.fixture
def primary() -> PbftReplica:
    return PbftReplica(0, PbftConfig(system=QuorumSystem.of(4)), SymbolicKeyring())


def request(primary: PbftReplica, timestamp: int, client: str = "flood") -> Request:
    keyring = primary.verifier.keyring
    return keyring.sign(Request(client=client, timestamp=timestamp, operation=f"question {timestamp}"))


def test_4_1_one_request_is_kept_of_a_client_that_floods(primary):
    asked = []
    for timestamp in range(1, 2001):
        asked += primary.step(0.0, ClientRequest(request(primary, timestamp)))
    assert [each.timestamp for each in primary.pending.values()] == [2000]
    assert primary.drops[SUPERSEDED] == 1999
    assert sum(isinstance(each, RequestProposal) for each in asked) == 1
    primary.step(0.0, Deliver(2, request(primary, 7)))
    assert primary.drops[SUPERSEDED] == 2000
    assert [each.timestamp for each in primary.pending.values()] == [2000]


def test_the_latest_request_of_a_client_is_asked_about_once_the_earlier_has_a_number(primary):
    first, last, other = request(primary, 1), request(primary, 9), request(primary, 1, "other")
    for each in (first, request(primary, 5), last, other):
        primary.step(0.0, ClientRequest(each))
    effects = primary.step(0.0, ProposalReady(0, first, "a"))
    assert [each.request for each in effects if isinstance(each, RequestProposal)] == [last]
    assert [each.client for each in primary.pending.values()] == ["flood", "other"]


def test_a_later_request_waits_from_when_it_came(primary):
    for each in (request(primary, 1), request(primary, 1, "other"), request(primary, 2)):
        primary.step(0.0, ClientRequest(each))
    assert [each.client for each in primary.pending.values()] == ["other", "flood"]
