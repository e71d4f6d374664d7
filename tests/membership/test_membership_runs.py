"""Members come and go by consensus: under load, faults and loss, with the same safety over all epochs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

import bft
from bft.core.digest import digest_of
from bft.core.effects import Broadcast, Execute, RequestVerdict
from bft.core.events import Restarted, StateTransferred
from bft.core.inputs import ClientRequest, Deliver
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.errors import ScenarioError
from bft.membership.events import EpochEntered, Isolated
from bft.membership.messages import EpochStart, EpochStarts, InEpoch
from bft.membership.replica import EpochReplica, Members
from bft.protocols.pbft import PbftConfig
from bft.protocols.pbft.evidence import Evidence, to_text
from bft.protocols.pbft.messages import Checkpoint, Prepare, PrePrepare

REPLACE = {"at_s": 30.0, "remove": 2, "add": 4}


def scenario(count: int = 60, **given: object) -> bft.Scenario:
    fields: dict[str, object] = {
        "n": 5,
        "requests": {"count": count, "rate_per_s": 0.5, "operations": "account", "clients": 5},
        "membership": {"members": 4},
        "pbft": {"checkpoint_interval": 8, "window": 16},
        "horizon_s": 1200.0,
    }
    return bft.Scenario(**{**fields, **given})


def assert_sound(run: bft.Run) -> None:
    assert not run.breaches
    assert {outcome.value for outcome in run.outcomes} == {"agreed_correct"}
    assert len(set(run.balances.values())) == 1


def members_at_end(run: bft.Run) -> set[int]:
    last = max(event.epoch for _, _, event in run.trace.of(EpochEntered))
    (members,) = {event.members for _, _, event in run.trace.of(EpochEntered) if event.epoch == last}
    return set(members)


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        ([REPLACE], {0, 1, 3, 4}),
        ([{"at_s": 30.0, "add": 4}], {0, 1, 2, 3, 4}),
        ([{"at_s": 0.0, "remove": 0}], {1, 2, 3}),
        ([{"at_s": 10.0, "add": 4}, {"at_s": 40.0, "remove": 0}, {"at_s": 70.0, "remove": 1, "add": 0}], {0, 2, 3, 4}),
        ([{"at_s": 30.0, "remove": 1}, {"at_s": 30.0, "remove": 2}, {"at_s": 30.0, "remove": 3}], {0}),
    ],
    ids=["replace", "add", "remove the primary", "and back", "down to one"],
)
def test_requests_go_on_while_members_change(changes: list[dict[str, float]], members: set[int]) -> None:
    run = bft.simulate(scenario(membership={"members": 4, "changes": changes}), 1)
    assert_sound(run)
    assert members_at_end(run) == members
    assert set(run.balances) == members


def test_a_change_takes_effect_at_the_checkpoint_after_it_and_everywhere_at_once() -> None:
    run = bft.simulate(scenario(membership={"members": 4, "changes": [REPLACE]}), 1)
    entered = run.trace.of(EpochEntered)
    assert {node for _, node, _ in entered} == {0, 1, 2, 3, 4}
    assert len({event for _, _, event in entered}) == 1
    event = entered[0].event
    ordered = next(
        each.event.seq
        for each in run.trace.of(Execute)
        if each.event.proposal.request is not None and each.event.proposal.request.client == "operator"
    )
    assert event.base == -(-ordered // 8) * 8
    assert event.members == (0, 1, 4, 3), "the successor takes its predecessor's place"
    assert max(each.event.seq for each in run.trace.of(Execute) if each.node == 2) == event.base
    assert min(each.event.seq for each in run.trace.of(Execute) if each.node == 4) == event.base + 1
    assert [(each.node, each.event.seq) for each in run.trace.of(StateTransferred)] == [(4, event.base)]


def test_what_had_a_number_above_the_end_is_ordered_anew() -> None:
    # A burst: when the change is executed, numbers beyond the end of the epoch are in flight.
    burst = {"count": 60, "rate_per_s": 20.0, "operations": "account", "clients": 60}
    run = bft.simulate(scenario(requests=burst, membership={"members": 4, "changes": [{**REPLACE, "at_s": 1.0}]}), 2)
    assert_sound(run)
    seqs = [each.event.seq for each in run.trace.of(Execute) if each.node == 0]
    assert seqs == list(range(1, len(seqs) + 1)), "numbers go on across epochs, without a gap"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_members_change_over_lossy_links(seed: int) -> None:
    changes = [REPLACE, {"at_s": 70.0, "add": 2}]
    run = bft.simulate(scenario(network={"loss": 0.1}, membership={"members": 4, "changes": changes}), seed)
    assert_sound(run)
    assert members_at_end(run) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("seed", [1, 2])
def test_members_change_while_machines_crash_and_recover(seed: int) -> None:
    machine = {"up": {"mean_s": 120.0}, "down": {"mean_s": 10.0}}
    changes = [REPLACE, {"at_s": 70.0, "add": 2}]
    run = bft.simulate(scenario(machine=machine, membership={"members": 4, "changes": changes}, horizon_s=400.0), seed)
    assert not run.breaches
    assert len(run.trace.of(Restarted)) > 10
    assert members_at_end(run) == {0, 1, 2, 3, 4}
    assert sum(outcome.agreed for outcome in run.outcomes) > 50


def test_a_dead_member_is_replaced_and_the_panel_tolerates_another_fault() -> None:
    changes = [{"at_s": 30.0, "remove": 3, "add": 4}]
    dead = {"nodes": [3], "behaviour": "crash"}
    run = bft.simulate(scenario(faults=dead, membership={"members": 4, "changes": changes}), 1)
    assert_sound(run)
    assert members_at_end(run) == {0, 1, 2, 4}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_equivocating_primary_is_convicted_isolated_and_replaced(seed: int) -> None:
    run = bft.simulate(scenario(faults={"nodes": [0], "behaviour": "equivocate"}), seed)
    assert_sound(run)
    assert run.faults[0]["equivocations"] > 0
    isolated = run.trace.of(Isolated)
    assert {(node, event.culprit) for _, node, event in isolated} == {(1, 0), (2, 0), (3, 0)}
    assert members_at_end(run) == {1, 2, 3, 4}


@dataclass(frozen=True)
class Accuses:
    """Accuses a fellow member of what it never signed, in every way that text allows."""

    byzantine: ClassVar[bool] = True

    def bend(self, node: object, now: float, event: object, effects: Sequence[object]) -> Iterable[object]:
        if not isinstance(event, ClientRequest) or node.counts.get("accusations", 0) >= 3:  # type: ignore[attr-defined]
            return effects
        node.count("accusations")  # type: ignore[attr-defined]
        number = node.counts["accusations"]  # type: ignore[attr-defined]
        forged = Evidence(Prepare(0, number, "a", 2), Prepare(0, number, "b", 2))
        request = Request(client="member-1", timestamp=number, operation=f"accuse 0 {to_text(forged)}")
        signed = node.keyring.sign(request)  # type: ignore[attr-defined]
        return [*effects, Broadcast(signed)]


def test_a_forged_accusation_convicts_nobody() -> None:
    run = bft.simulate(scenario(faults={"nodes": [1], "behaviour": Accuses()}), 1)
    assert not run.breaches
    assert run.faults[1]["accusations"] == 3
    accusations = [
        event for _, _, event in run.trace.of(Execute)
        if event.proposal.request is not None and event.proposal.request.operation.startswith("accuse")
    ]  # fmt: skip
    assert accusations, "it was ordered, and executed to no effect"
    assert not run.trace.of(EpochEntered, Isolated)
    assert {outcome.value for outcome in run.outcomes} == {"agreed_correct"}


def test_nobody_listens_to_the_convicted_any_more() -> None:
    ring = SymbolicKeyring()
    config = PbftConfig(system=QuorumSystem.of(5), checkpoint_interval=8, window=16)
    member = Members(members=(0, 1, 2, 3), spares=(4,))(1, config, ring)

    def proposal(seq: int, answer: str) -> InEpoch:
        asked = ring.sign(Request(client=f"client-{seq}", timestamp=1, operation="x"))
        value = Proposal(request=asked, answer=answer)
        return InEpoch(0, member._ring.sign(PrePrepare(0, seq, value.digest, value, 0)))

    def judged(effects: Sequence[object]) -> bool:
        return any(isinstance(effect, RequestVerdict) for effect in effects)

    assert judged(member.step(0.0, Deliver(0, proposal(1, "a"))))
    convicting = member.step(1.0, Deliver(0, proposal(1, "b")))
    assert Isolated(0) in convicting
    accusations = [
        effect.message.message
        for effect in convicting
        if isinstance(effect, Broadcast) and isinstance(effect.message.message, Request)  # type: ignore[attr-defined]
    ]
    assert [each.operation.split()[:2] for each in accusations] == [["accuse", "0"]]
    assert not judged(member.step(2.0, Deliver(0, proposal(2, "a"))))
    assert not judged(member.step(3.0, Deliver(4, proposal(2, "a")))), "nor to who is no member"


def test_one_seed_gives_one_run() -> None:
    described = scenario(faults={"nodes": [0], "behaviour": "equivocate"}, network={"loss": 0.05})
    assert bft.simulate(described, 7).trace_hash == bft.simulate(described, 7).trace_hash


def outsider() -> tuple[EpochReplica, SymbolicKeyring, EpochStart]:
    """A spare, and what the members would tell it after their first change."""
    ring = SymbolicKeyring()
    config = PbftConfig(system=QuorumSystem.of(5), checkpoint_interval=8, window=16)
    spare = Members(members=(0, 1, 2, 3), spares=(4,))(4, config, ring)
    run_ring = spare._ring
    machine = spare._fresh_machine()
    machine.next_members = (0, 1, 4, 3)
    snapshot = (machine.snapshot(), ())
    proof = tuple(run_ring.sign(Checkpoint(8, digest_of(snapshot), place)) for place in range(3))
    return spare, ring, EpochStart(1, 8, proof, snapshot)


def test_a_newcomer_enters_with_a_proved_state() -> None:
    spare, _, start = outsider()
    effects = spare.step(0.0, Deliver(0, EpochStarts((start,))))
    assert spare.epoch == 1
    assert spare.members == (0, 1, 4, 3)
    assert EpochEntered(1, 8, (0, 1, 4, 3)) in effects


def test_a_newcomer_believes_nothing_that_is_not_proved() -> None:
    spare, ring, start = outsider()
    other = (start.snapshot[0][:5], start.snapshot[1])  # type: ignore[index]
    signed_by_two = replace(start, proof=start.proof[:2])
    twice = replace(start, proof=(start.proof[0], start.proof[0], start.proof[1]))
    unsigned = replace(start, proof=tuple(replace(vote, state_digest="x") for vote in start.proof))
    for lie in (
        replace(start, snapshot=other), signed_by_two, twice, unsigned, replace(start, epoch=2),
        replace(start, base=16), replace(start, base="8"), replace(start, proof=None), replace(start, proof=(7,)),
        "start", None,
    ):  # fmt: skip
        assert spare.step(0.0, Deliver(0, EpochStarts((lie,)))) == []  # type: ignore[arg-type]
    for garbage in (EpochStarts(None), InEpoch("1", None), InEpoch(0, object()), InEpoch(-1, None), 7):  # type: ignore[arg-type]
        spare.step(0.0, Deliver(0, garbage))
    assert spare.epoch == 0
    assert ring.corrupted == set()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"membership": {"members": 9}}, "membership.members = 9: must be at most n = 5"),
        ({"membership": {"members": 0}}, "membership.members = 0: must be at least 1"),
        ({"membership": {"members": 4, "changes": [{"at_s": 1.0}]}}, "needs remove, add, or both"),
        ({"membership": {"members": 4, "changes": [{"at_s": 1.0, "add": 7}]}}, "membership.changes.add = 7"),
        ({"membership": {"members": 4, "changes": [{**REPLACE}, {"at_s": 1.0, "add": 4}]}}, "must be in order"),
        ({"quorum": 4}, "quorum = 4: must be left out: every membership has"),
        ({"stakes": [1, 1, 1, 1, 2]}, "stakes = "),
    ],
)
def test_memberships_that_cannot_be_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        scenario(**given)
    assert message in str(refusal.value)


def test_what_cannot_watch_changing_members_is_refused() -> None:
    with pytest.raises(ScenarioError, match="keep = 'summary'"):
        bft.simulate(scenario(), 1, keep="summary")
    with pytest.raises(ScenarioError, match=r"membership\.members"):
        Members(members=(0, 0))
