"""Membership under examination: no alarm on the correct core, every seeded bug seen, and the model counted by hand."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path

import pytest

import bft
from bft.adversary.settings import BEHAVIOURS
from bft.checking import operations as ops
from bft.checking.campaign import reached_shares, search
from bft.checking.check import CheckArguments, check_command
from bft.checking.counterexample import Counterexample, finding_of, run
from bft.checking.membership.model import Epoch, MemberModel, Ruling
from bft.checking.membership.mutants import MUTANTS
from bft.checking.membership.schedules import CHANGES, STRIDE, change
from bft.checking.membership.subject import MILESTONES
from bft.checking.mutant_runner import hunt
from bft.checking.plan import Plan
from bft.checking.protocols import bug, subject_of
from bft.checking.seeded_bug import HARMLESS
from bft.checking.setting import Setting
from bft.checking.space_time import space_time
from bft.core.effects import Broadcast
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.errors import ScenarioError
from bft.membership.events import EpochEntered
from bft.membership.instance import Instance
from bft.membership.keys import EpochKeyring
from bft.membership.replica import EpochReplica, Members, at_once
from bft.protocols.pbft import PbftConfig
from bft.protocols.pbft.evidence import Evidence, to_text
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare

SEEN = json.loads((Path(__file__).parent / "membership_bugs.json").read_text())
"""Of each seeded bug a short schedule that shows it."""
HARMFUL = [each for each in MUTANTS if each.breaks != HARMLESS]


def plan(**given: object) -> Plan:
    return Plan(**{"protocol": "membership", "schedules": 80, "sizes": (5, 6), "seed": 4, **given})  # type: ignore[arg-type]


def test_the_correct_core_raises_no_alarm_and_gets_everywhere() -> None:
    found = search(plan())
    assert found.found is None
    reached = reached_shares(found.rows)
    for name, _ in MILESTONES:
        assert reached.get(name, 0) > 0, name


@pytest.mark.parametrize("seen", SEEN, ids=lambda seen: seen["mutant"])
def test_every_seeded_bug_is_seen_on_its_schedule_and_the_correct_core_is_not_blamed(seen) -> None:
    setting, operations = Setting.from_json(seen["setting"]), tuple(ops.from_json(seen["operations"]))
    _, watched = run(bug("membership", seen["mutant"]).subject(), setting, operations)
    assert seen["invariant"] in {breach.invariant for breach in watched.breaches}
    _, correct = run(subject_of("membership"), setting, operations)
    assert finding_of(correct) is None


def test_there_is_a_schedule_for_every_harmful_bug() -> None:
    assert {seen["mutant"] for seen in SEEN} == {each.name for each in HARMFUL}
    assert len(HARMFUL) >= 15
    assert all(len(each.argument) > 50 for each in MUTANTS if each.breaks == HARMLESS)


@pytest.mark.nightly
@pytest.mark.parametrize("each", MUTANTS, ids=lambda each: each.name)
def test_every_seeded_bug_is_found_within_a_minute(each) -> None:
    assert (hunt(each, seconds=60.0).finding is None) == (each.breaks == HARMLESS)


@pytest.mark.nightly
def test_thousands_of_schedules_raise_no_alarm() -> None:
    found = search(plan(schedules=10_000, sizes=(4, 5, 6, 7, 8, 10), seed=7))
    assert found.found is None


def test_a_counterexample_can_be_saved_and_replayed(tmp_path: Path) -> None:
    file, seen = tmp_path / "bug.json", SEEN[0]
    setting, operations = Setting.from_json(seen["setting"]), tuple(ops.from_json(seen["operations"]))
    Counterexample(setting=setting, operations=operations, protocol="membership", mutant=seen["mutant"]).save(file)
    result = check_command(CheckArguments(replay=file))
    assert result.exit_code == 1
    assert f"{seen['invariant']} broken" in result.text


def test_a_schedule_with_forged_messages_of_later_epochs_can_be_drawn() -> None:
    seen = next(each for each in SEEN if any(operation[0] == "forge" for operation in each["operations"]))
    setting, operations = Setting.from_json(seen["setting"]), tuple(ops.from_json(seen["operations"]))
    drawn = space_time(Counterexample(setting=setting, operations=operations, protocol="membership"))
    assert len(drawn.lanes) == setting.n
    assert drawn.arrows


def test_a_world_that_is_done_with_is_forgotten() -> None:
    setting, operations = Setting.from_json(SEEN[0]["setting"]), tuple(ops.from_json(SEEN[0]["operations"]))
    world, monitor = run(subject_of("membership"), setting, operations)
    kept = weakref.ref(world), weakref.ref(monitor), weakref.ref(world.keyring)
    del world, monitor
    gc.collect()
    assert [each() for each in kept] == [None, None, None]


def test_a_quorum_cannot_be_told_to_replicas_whose_members_change() -> None:
    with pytest.raises(ScenarioError, match="quorum = 3: must be left out: every epoch has the quorums of its members"):
        search(plan(quorum=3))


def test_nothing_is_judged_once_the_operator_has_left_more_faulty_members_than_are_tolerated() -> None:
    setting = Setting(n=5, members=4, f=1, byzantine=(3,), checkpoint_interval=1, window=2)
    schedule = (ops.Ask(CHANGES + 210, 31), ops.Settle(12), ops.Heal(6, 0))  # member remove 1
    world, monitor = run(subject_of("membership"), setting, schedule)
    assert monitor.beyond  # type: ignore[attr-defined]
    assert (world.stalled, monitor.breaches) == (None, [])


# The model


def model(
    keys: SymbolicKeyring, *, members: tuple[int, ...] = (0, 1, 2, 3), spares: tuple[int, ...] = (4,)
) -> MemberModel:
    return MemberModel(members, spares, least=4, interval=2, genuine=keys.verify)


def asked(operation: str, client: str = "operator") -> Request:
    return Request(client=client, timestamp=1, operation=operation)


def test_the_model_ends_an_epoch_at_the_checkpoint_whose_state_names_other_members() -> None:
    at = model(SymbolicKeyring())
    assert at.execute(1, asked("member replace 3 4"), False) == Ruling(True)
    assert at.ends(0) is None
    at.execute(2, None, False)
    assert at.epochs == [Epoch(0, (0, 1, 2, 3)), Epoch(2, (0, 1, 2, 4))]
    assert at.ends(0) == 2
    at.execute(3, asked("member replace 4 3"), False)
    at.execute(4, asked("member replace 3 4"), False)
    assert len(at.epochs) == 2, "undone in time"


@pytest.mark.parametrize(
    ("operation", "client"),
    [
        ("member remove 3", "client-1"), ("member remove 9", "operator"), ("member add 2", "operator"),
        ("member remove", "operator"), ("member replace 1", "operator"), ("member remove -1", "operator"),
        ("member remove 0000000003", "operator"), ("accuse 0 []", "operator"),
    ],
)  # fmt: skip
def test_the_model_refuses_what_the_machine_refuses(operation: str, client: str) -> None:
    at = model(SymbolicKeyring())
    assert at.execute(1, asked(operation, client), False) == Ruling(False)
    machine = EpochReplica(0, Members(members=(0, 1, 2, 3), spares=(4,)), CONFIG, SymbolicKeyring()).machine
    assert machine.apply(bft.core.request.Proposal(request=asked(operation, client))).startswith("error")
    at.execute(2, None, False)
    assert len(at.epochs) == 1


CONFIG = PbftConfig(system=QuorumSystem.of(4), checkpoint_interval=2, window=4)


def test_the_model_convicts_by_evidence_of_the_epoch_that_it_names_and_seats_a_spare() -> None:
    keys = SymbolicKeyring((1,))
    at = model(keys)
    ring = EpochKeyring(keys, 0, (0, 1, 2, 3))
    told = Evidence(ring.sign(Commit(0, 1, "a", 1)), ring.sign(Commit(0, 1, "b", 1)))
    assert at.execute(1, asked(f"accuse 1 {to_text(told)}", "x"), False) == Ruling(False)
    assert at.execute(1, asked(f"accuse 0 {to_text(told)}", "x"), False) == Ruling(True, 1)
    at.execute(2, None, False)
    assert at.epochs[1] == Epoch(2, (0, 4, 2, 3))
    assert at.execute(3, asked("member add 1"), False) == Ruling(False), "a convicted one does not return"
    honest = Evidence(ring.sign(Prepare(0, 1, "a", 2)), Prepare(0, 1, "b", 2))
    assert at.execute(3, asked(f"accuse 0 {to_text(honest)}", "x"), False) == Ruling(False)


def test_operators_requests_say_by_their_number_what_they_ask() -> None:
    setting = Setting(n=6, members=4)
    assert change(setting, 7) is None
    told = [change(setting, CHANGES + turn * STRIDE + code) for turn, code in enumerate((34, 105, 230))]
    assert [(each.timestamp, each.operation) for each in told if each] == [
        (1, "member replace 3 4"),
        (2, "member add 5"),
        (3, "member remove 3"),
    ]


# Everywhere else


def scenario(**given: object) -> bft.Scenario:
    fields: dict[str, object] = {
        "n": 6,
        "views": "unlimited",
        "membership": {
            "members": 4,
            "changes": [{"at_s": 6.0, "remove": 2, "add": 5}, {"at_s": 9.0, "add": 2}, {"at_s": 14.0, "remove": 3}],
        },
        "requests": {"count": 24, "rate_per_s": 1.0, "clients": 24},
        "pbft": {"checkpoint_interval": 4, "window": 8},
        "horizon_s": 400.0,
    }
    return bft.Scenario(**{**fields, **given})


@pytest.mark.parametrize("kind", [kind for kind in BEHAVIOURS if kind != "twins"])  # which follow one membership
def test_one_fault_among_four_breaks_no_invariant_and_watching_changes_nothing(kind: str) -> None:
    described = scenario(faults={"nodes": [0], "behaviour": kind}, network={"loss": 0.05, "duplication": 0.05})
    watched = bft.simulate(described, 3, check="full")
    assert not watched.breaches
    assert watched.trace.of(EpochEntered)
    assert watched.trace_hash == bft.simulate(described, 3).trace_hash


def test_the_full_check_sees_votes_above_the_end_in_a_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    burst = {"count": 60, "rate_per_s": 40.0, "clients": 60}
    described = scenario(requests=burst, membership={"members": 4, "changes": [{"at_s": 0.5, "remove": 2, "add": 5}]})
    assert not bft.simulate(described, 3, check="full").breaches
    monkeypatch.setattr(Instance, "_counts", lambda self, message: True)  # noqa: ARG005
    assert "E5" in {breach.invariant for breach in bft.simulate(described, 3, check="full").breaches}


def test_the_full_check_sees_that_evidence_convicts_the_wrong_node(monkeypatch: pytest.MonkeyPatch) -> None:
    right = EpochReplica._convicts

    def wrong(self: EpochReplica, epoch: int, claimed: Evidence) -> int | None:
        culprit = right(self, epoch, claimed)
        return None if culprit is None else (culprit + 1) % 4

    described = scenario(n=5, membership={"members": 4}, faults={"nodes": [0], "behaviour": "equivocate"})
    assert not bft.simulate(described, 3, check="full").breaches
    monkeypatch.setattr(EpochReplica, "_convicts", wrong)
    assert {"E2", "E3"} & {breach.invariant for breach in bft.simulate(described, 3, check="full").breaches}


def test_what_a_step_persists_is_one_write_before_all_it_sends() -> None:
    from bft.core.effects import Persist

    first, second = Persist(((("a",), 1), (("b",), 2))), Persist(((("b",), None), (("c",), 3)))
    said = [Broadcast(Checkpoint(2, "x", 0)), first, Broadcast(Checkpoint(4, "x", 0)), second]
    assert at_once(said) == [Persist(((("a",), 1), (("b",), None), (("c",), 3))), said[0], said[2]]
    assert at_once(said[1:3]) == said[1:3]
    assert at_once([]) == []
