"""Mutation of what is in flight: what changes, for whom, and what correct protocols make of it."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bft.checking import operations as ops
from bft.checking.campaign import search
from bft.checking.choices import Choices
from bft.checking.counterexample import Counterexample, run
from bft.checking.generators.draws import Draws
from bft.checking.mutant_runner import hunt
from bft.checking.mutation import changed_message
from bft.checking.plan import Plan
from bft.checking.play import play
from bft.checking.protocols import PROTOCOLS, bug
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.subjects import pbft
from bft.checking.transcript import transcript
from bft.checking.watching import watched
from bft.protocols.pbft.messages import Prepare

ALL = 0b1111
ONE_LIAR = Setting(byzantine=(1,))
PREPARED = [ops.Ask(0, ALL), ops.Exchange("PrePrepare", (ALL,) * 4, False)]


def prepares(world):
    return [event.message for _, event, source in world.pending if source == 1 and isinstance(event.message, Prepare)]


def test_only_a_liars_message_is_changed_and_only_for_the_receivers_named():
    world, _ = watched(pbft(), ONE_LIAR)
    play(world, PREPARED)
    before = list(world.pending)
    play(world, [ops.Mutate(0, 0b0101, (0, 1, 3, 4, 5, 6, 7, 8))])
    changed = [(old[0], old[2]) for old, new in zip(before, world.pending, strict=True) if old is not new]
    assert changed == [(0, 1), (2, 1)]
    assert world.pending[-1] in before


def test_without_liars_nothing_is_changed():
    world, _ = watched(pbft(), Setting())
    play(world, PREPARED)
    before = list(world.pending)
    play(world, [ops.Mutate(0, ALL, (0, 1, 3, 4))])
    assert world.pending == before


def test_every_field_is_replaced_by_values_that_equal_it_and_by_others():
    world, _ = watched(pbft(), ONE_LIAR)
    play(world, PREPARED)
    original = prepares(world)[0]
    draws = Draws.of(0, "mutations of one vote", 0)
    seen = {each.name: set() for each in fields(Prepare)}
    for _ in range(3000):
        made = changed_message(world, original, Choices(draws.choices(10)))
        different = [each.name for each in fields(Prepare) if repr(getattr(made, each.name)) != _old(original, each)]
        assert len(different) <= 1
        for name in different:
            seen[name].add(repr(getattr(made, name)))
    assert {"True", "1.0"} <= seen["replica"]
    assert {"True", "1.0", "None", "-1"} <= seen["seq"]
    assert {"False", "0.0", "1"} <= seen["view"]
    assert len(seen["digest"]) > 5


def _old(message, field):
    return repr(getattr(message, field.name))


def test_parts_are_cut_doubled_turned_and_mixed_with_those_of_other_messages():
    world, _ = watched(pbft(), ONE_LIAR)
    play(world, [*PREPARED, ops.Settle(1), *(ops.Fire(node, "view") for node in range(4)), ops.Settle(2)])
    message = world.sent["NewView"][0]
    draws = Draws.of(0, "mutations of a new view", 0)
    made = [changed_message(world, message, Choices(draws.choices(10))) for _ in range(2000)]
    changes = [each.view_changes for each in made if isinstance(each.view_changes, tuple)]
    right = message.view_changes
    assert any(len(each) == len(right) - 1 for each in changes)
    assert any(len(each) > len(right) for each in changes)
    assert right[::-1] in changes
    assert any(each.preprepares != message.preprepares for each in made)


def test_a_message_takes_parts_of_others_of_its_kind():
    world, _ = watched(pbft(), Setting(byzantine=(1,), clients=2))
    play(world, [ops.Ask(0, ALL), ops.Ask(1, ALL), *PREPARED, ops.Settle(2)])
    first, second = world.sent["PrePrepare"][:2]
    draws = Draws.of(0, "mixed messages", 0)
    made = [changed_message(world, first, Choices(draws.choices(10))) for _ in range(500)]
    assert any(each.proposal is second.proposal and each.digest == first.digest for each in made)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_correct_protocols_take_mutations_as_data(protocol):
    found = search(Plan(protocol=protocol, generators=("mutations",), schedules=100, sizes=(4, 7)))
    assert found.found is None
    assert found.schedules == 100


@pytest.mark.parametrize(
    "name", ["replica and sender compared by equality alone", "number compared before its type is known"]
)
def test_confused_types_are_found(name):
    found = hunt(bug("pbft", name), schedules=700, generators=("mutations",))
    assert found.finding is not None


class Brittle:
    """Raises on the second input."""

    def __init__(self, node):
        self.id = node
        self.inputs = 0

    def step(self, now, event):
        del now, event
        self.inputs += 1
        if self.inputs == 2:
            raise KeyError("x")
        return []


def test_a_replica_that_raises_breaks_m7_and_the_transcript_says_where():
    subject = Subject(name="brittle", make_replica=lambda node, *_: Brittle(node))
    schedule = (ops.Ask(0, ALL), ops.Ask(1, ALL), ops.Ask(2, ALL))
    _, monitor = run(subject, Setting(), schedule)
    assert [(each.invariant, each.node) for each in monitor.breaches] == [("M7", 0)]
    assert monitor.breaches[0].detail == "raised KeyError: 'x', on ClientRequest"
    assert any("!! M7 at node 0" in line for line in transcript(subject, Setting(), schedule))


def test_new_operations_are_written_and_read_again():
    schedule = (ops.Mutate(3, 5, (1, 2)), ops.Cut(1, 2), ops.Disk(0, 3), ops.Call(1, 15), ops.Work(7))
    example = Counterexample(setting=Setting(ledger=True), operations=schedule)
    values = example.to_json()
    assert values["format"] == "bft schedule 2"
    assert Counterexample.from_json(values) == example
    old = {**values, "format": "bft schedule 1", "setting": {"n": 4}, "operations": [["settle", 1]]}
    assert Counterexample.from_json(old).operations == (ops.Settle(1),)
