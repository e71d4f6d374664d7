"""What a user writes for a protocol of one's own: the property test is ten lines, and finds and shrinks the bug."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from bft.checking import operations as ops
from bft.checking.machine import machine
from bft.checking.setting import Setting
from bft.checking.strategies import InvariantError, assert_safe, schedules
from bft.checking.subject import Subject
from bft.checking.subjects import pbft
from bft.checking.transcript import transcript
from bft.core.effects import Broadcast, Execute
from bft.core.inputs import ClientRequest, Deliver
from bft.core.request import Proposal
from bft.core.state_machine import AnswerLog
from bft.errors import BftError, ScenarioError


class FirstComeReplica:
    """A toy with a bug: every replica executes requests in the order in which they reach it, and passes them on."""

    def __init__(self, node: int) -> None:
        self.id = node
        self.seen: set[tuple[str, int]] = set()
        self.latest: dict[str, int] = {}
        self.machine = AnswerLog()

    def step(self, now: float, event: object) -> list[object]:
        request = event.request if isinstance(event, ClientRequest) else getattr(event, "message", None)
        if not isinstance(event, ClientRequest | Deliver) or request.key in self.seen:
            return []
        self.seen.add(request.key)
        proposal = Proposal(request=request, answer="yes")
        late = request.timestamp <= self.latest.get(request.client, 0)
        if not late:
            self.latest[request.client] = request.timestamp
            self.machine.apply(proposal)
        done = Execute(0, len(self.seen), proposal.digest, proposal, late, self.machine.digest())
        return [Broadcast(request), done]


TOY = Subject(name="first come", make_replica=lambda node, *_: FirstComeReplica(node), timers=())


@given(schedules(TOY, byzantine=0))
@settings(database=None, max_examples=300, derandomize=True)
def toy_is_safe(schedule):
    assert_safe(TOY, *schedule, invariants={"S1"})  # a crash makes it forget as well, which is another matter


def test_the_bug_of_a_toy_protocol_is_found_and_shrunk():
    with pytest.raises(InvariantError, match="S1 at node") as caught:
        toy_is_safe()
    told = "\n".join(caught.value.__notes__)
    steps = [line for line in told.splitlines() if line[:3].strip().isdigit()]
    assert len(steps) <= 4
    assert any(line.startswith("    !! S1") for line in told.splitlines())


def test_the_ready_state_machine_finds_it_or_that_a_crash_forgets():
    case = machine(TOY, byzantine=0).TestCase
    case.settings = settings(database=None, max_examples=40, stateful_step_count=8, derandomize=True)
    with pytest.raises(InvariantError, match=r"S[12] at node"):
        case().runTest()


def test_a_transcript_tells_what_split():
    everyone = 0b1111
    lines = transcript(TOY, *_setting_and(ops.Ask(0, 0b0001), ops.Ask(1, 0b0010), ops.Ask(0, everyone)))
    assert lines[1] == "  1  request 0 of client-0 reaches {0}"
    assert "       0 executes a at seq 1" in lines
    assert any(line.startswith("    !! S1 at node 1: seq 1") for line in lines)


def _setting_and(*schedule):
    return Setting(), schedule


class Silent:
    """Nobody's idea of a replica."""


class Forgetful:
    """Forgets to return its effects."""

    def step(self, now, event):
        return None


class Wordy(Forgetful):
    """Says what it would do."""

    def step(self, now, event):
        return ["broadcast"]


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (Silent, r"make_replica = .*Silent.*: must be a replica: an object with a method step\(now, event\)"),
        (Forgetful, r"Forgetful.step = None: must be a list of effects of bft.core.effects"),
        (Wordy, r"Wordy.step = \['broadcast'\]: must be a list of effects of bft.core.effects"),
    ],
)
def test_what_is_no_replica_is_refused_in_one_sentence(made, sentence):
    wrong = Subject(name="wrong", make_replica=lambda *_: made())
    with pytest.raises(ScenarioError, match=sentence):
        assert_safe(wrong, Setting(), [ops.Ask(0, 0b1111)])


def test_the_example_of_the_documents_finds_its_planted_bug():
    """The property test of how_to/safety.md, word for word."""
    page = (Path(__file__).parents[2] / "docs" / "how_to" / "safety.md").read_text(encoding="utf-8")
    (example,) = [block for block in page.split("```python")[1:] if "def test_my_protocol_is_safe" in block]
    example = example.split("```")[0]
    names: dict[str, object] = {"__name__": "example"}
    exec(example, names)
    test = names["test_my_protocol_is_safe"]
    with pytest.raises(InvariantError):
        settings(database=None, derandomize=True)(test)()


CONFLICT = (Setting(), [ops.Ask(0, 0b0001), ops.Ask(1, 0b0010), ops.Ask(0, 0b1111)])
"""Two replicas execute different requests first: agreement breaks, and nothing that it does not name."""


def test_a_test_may_ask_about_some_invariants_alone():
    with pytest.raises(InvariantError, match="S1 at node"):
        assert_safe(TOY, *CONFLICT, invariants={"S1"})
    with pytest.raises(InvariantError) as caught:
        assert_safe(TOY, *CONFLICT)
    assert "!! S1 at node" in "\n".join(caught.value.__notes__), "the transcript is there outside Hypothesis too"
    assert_safe(TOY, *CONFLICT, invariants={"C1", "C2"})
    for wrong in ("S1", {"agreement"}):
        with pytest.raises(BftError, match=r"invariants = .*: must be names of invariants"):
            assert_safe(TOY, *CONFLICT, invariants=wrong)


def test_a_quorum_of_half_the_nodes_is_found_without_naming_a_size():
    """⌊n/2⌋ + 1 votes are a right quorum at n = 4, and too few at 5 and 6."""

    @given(schedules(pbft(), max_size=10))
    @settings(database=None, max_examples=60, derandomize=True, phases=[Phase.generate])
    def sizes_of(schedule):
        seen.add(schedule[0].n)

    seen: set[int] = set()
    sizes_of()
    assert seen == {4, 5, 6, 7}
