"""Message counts without faults: exact, but for the votes of replicas that were overtaken before they could vote."""

from __future__ import annotations

from typing import Any

import pytest

import bft
from bft.protocols.hotstuff.messages import NewView, Phase, Propose, Vote
from bft.protocols.tendermint.events import Decided, PolkaFollowed
from bft.protocols.tendermint.messages import Precommit, Prevote
from bft.simulation.simulate import Simulator
from bft.theory.hotstuff import hotstuff_message_count
from bft.theory.tendermint import message_count

CONSTANT = {"law": "constant", "delay_s": 0.25}
CLOSE = {"law": "normal", "mean_s": 0.25, "sd_s": 0.05}
SPREAD = {"law": "exponential", "mean_s": 0.1}


def runs(protocol: str, n: int, delay: dict[str, Any], count: int) -> list[bft.Run]:
    """Return journalled runs without faults."""
    simulator = Simulator(bft.Scenario(protocol=protocol, n=n, network={"delay": delay}), 1, journal=True)
    done = [simulator.run(each) for each in range(count)]
    assert all(run.outcome.value == "agreed_correct" for run in done)
    return done


@pytest.mark.parametrize("n", [4, 16])
@pytest.mark.parametrize("delay", [CONSTANT, CLOSE], ids=["constant", "close"])
def test_tendermint_sends_the_exact_number_where_delays_differ_little(delay: dict[str, Any], n: int) -> None:
    assert {run.metrics.messages_sent for run in runs("tendermint", n, delay, 12)} == {message_count(n)}


@pytest.mark.parametrize("n", [4, 16])
def test_tendermint_lacks_just_the_votes_of_those_who_decide_without_a_polka_of_their_own(n: int) -> None:
    """Lines 49 to 54: who decides goes on to the next height, and has nothing to say in the one that is over."""
    fewer = 0
    for run in runs("tendermint", n, SPREAD, 30):
        assert run.journal is not None
        said = {kind: {each.sender for each in run.journal.messages if type(each.body) is kind} for kind in VOTES}
        events = [(record.node, type(record.event)) for record in run.trace]
        unlocked = {node for node in range(n) if (node, Decided) in events and (node, PolkaFollowed) not in events}
        assert set(range(n)) - said[Precommit] == unlocked
        assert set(range(n)) - said[Prevote] <= unlocked
        missing = 2 * n - len(said[Prevote]) - len(said[Precommit])
        assert run.metrics.messages_sent == message_count(n) - missing * (n - 1)
        fewer += missing > 0
    assert 0 < fewer < 30


VOTES = (Prevote, Precommit)


@pytest.mark.parametrize("n", [4, 16])
@pytest.mark.parametrize(("protocol", "phases"), [("hotstuff", 3), ("hotstuff-2", 2)])
def test_a_phased_decision_lacks_just_the_votes_that_were_certified_without_their_voter(
    protocol: str, phases: int, n: int
) -> None:
    """When it holds what it would vote for, it holds the certificate of those votes, or a later one, already."""
    law, fewer = hotstuff_message_count(n, phases=phases), 0
    assert {run.metrics.messages_sent for run in runs(protocol, n, CLOSE, 8)} == {law.total}
    for run in runs(protocol, n, SPREAD, 30):
        assert run.journal is not None
        sent = run.metrics.sent_by_kind
        assert (sent["Propose"], sent["Phase"], sent["NewView"]) == (n - 1, law.certificates, law.new_views)
        voted = {(each.sender, each.body.phase) for each in run.journal.messages if type(each.body) is Vote}
        missing = {(node, phase) for node in range(1, n) for phase in range(phases)} - voted
        for node, phase in missing:
            came_s: dict[int, float] = {}
            for each in sorted(run.journal.messages, key=lambda each: each.arrived_at_s or 0.0):
                if each.recipient == node and (place := place_of(each.body)) is not None:
                    came_s.setdefault(place, each.arrived_at_s or 0.0)
            ready_s = max(came_s[phase], came_s[0])
            assert min(came_s[later] for later in range(phase + 1, phases + 1)) < ready_s
        fewer += bool(missing)
        assert run.metrics.messages_sent == law.total - len(missing)
    assert fewer > 0


def place_of(message: object) -> int | None:
    """Return the phase that a replica votes in on hearing this; one more than the last for the last certificate."""
    if isinstance(message, NewView):
        return None if message.entry is None else message.entry.phase + 1
    return 0 if isinstance(message, Propose) else message.qc.phase + 1 if isinstance(message, Phase) else None
