"""Lean classes are frozen dataclasses in every respect but the price of making one."""

from __future__ import annotations

import inspect
import pickle
from copy import copy, deepcopy
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace

import pytest

from bft.core import effects, events, inputs, request
from bft.core.effects import SetTimer
from bft.core.lean import filler, lean, maker
from bft.core.request import Proposal, Request
from bft.protocols.ballot import events as ballot_events
from bft.protocols.pbft import events as pbft_events
from bft.protocols.pbft import messages
from bft.protocols.pbft.messages import Commit, Prepare

LEAN = [
    each
    for room in (effects, events, inputs, request, messages, pbft_events, ballot_events)
    for each in vars(room).values()
    if isinstance(each, type) and is_dataclass(each) and each.__module__ == room.__name__
]


def a_vote() -> Prepare:
    return Prepare(1, 2, "digest", 3, signature=b"signed")


def test_most_of_what_a_run_makes_is_lean() -> None:
    assert len(LEAN) > 30
    assert all("__new__" in vars(each) and "__init__" not in vars(each) for each in LEAN)


def test_it_says_equals_and_hashes_as_a_dataclass_does() -> None:
    vote = a_vote()
    assert repr(vote) == "Prepare(view=1, seq=2, digest='digest', replica=3)"
    assert vote == Prepare(view=1, seq=2, digest="digest", replica=3), "signatures take no part in equality"
    assert hash(vote) == hash(Prepare(1, 2, "digest", 3))
    assert vote != Commit(1, 2, "digest", 3)
    assert type(vote) is Prepare
    assert vote.signer == 3


@pytest.mark.parametrize("name", ["view", "signature", "unheard_of", "__class__"])
def test_it_is_frozen(name: str) -> None:
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        setattr(a_vote(), name, 4)
    with pytest.raises(FrozenInstanceError):
        del a_vote().view


def test_a_wrong_call_is_refused() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        SetTimer("view")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional arguments"):
        Prepare(1, 2, "digest", 3, b"signed")  # type: ignore[misc]
    with pytest.raises(TypeError, match="unexpected keyword"):
        SetTimer("view", 1.0, of=2)  # type: ignore[call-arg]


def test_replaced_copied_and_pickled_it_is_the_same() -> None:
    asked = Proposal(request=Request(client="c", timestamp=1, operation="o", signature=b"s"), answer="yes")
    digest = asked.digest
    for twin in (copy(asked), deepcopy(asked), pickle.loads(pickle.dumps(asked))):
        assert twin == asked
        assert twin.digest == digest
        assert twin.request.signature == b"s"
    assert replace(asked, answer="no").digest != digest, "a digest belongs to its proposal"
    assert str(inspect.signature(Request)) == "(*, client, timestamp, operation, signature=b'')"


def test_the_default_of_a_field_is_its_own_object() -> None:
    marker = object()

    @lean
    class Held:
        what: object = marker
        more: object = field(default=marker, kw_only=True)

    assert Held().what is marker
    assert Held(1).more is marker
    assert [each.name for each in fields(Held)] == ["what", "more"]


def test_what_cannot_be_lean_is_refused() -> None:
    class Lists:
        x: list[int] = field(default_factory=list)

    class Looks:
        x: int

        def __post_init__(self) -> None:
            assert self.x

    for each in (Lists, Looks):
        with pytest.raises(TypeError, match="must have no __post_init__ and no default factories"):
            lean(each)


def test_a_subclass_may_add_methods_and_no_fields() -> None:
    loud = type("Loud", (Prepare,), {"__slots__": (), "shout": lambda self: self.digest.upper()})
    vote = loud(1, 2, "digest", 3)
    assert type(vote) is loud
    assert vote.shout() == "DIGEST"
    assert replace(vote, view=2).view == 2
    with pytest.raises(FrozenInstanceError):
        vote.view = 5
    roomy = type("Roomy", (Prepare,), {})
    with pytest.raises(TypeError, match="layout differs"):
        roomy(1, 2, "digest", 3)


def test_a_maker_makes_what_the_class_makes() -> None:
    for made in (maker(Prepare)(1, 2, "digest", 3), maker(Prepare)(view=1, seq=2, digest="digest", replica=3)):
        assert made == a_vote()
        assert type(made) is Prepare
        with pytest.raises(FrozenInstanceError):
            made.seq = 8  # type: ignore[misc]
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        maker(Prepare)(1, 2, "digest")  # type: ignore[call-arg]


def test_what_a_maker_says_is_well_formed_is_marked_and_nothing_else() -> None:
    assert not Prepare(0, 1, "d", 2)._well_formed
    assert not maker(Prepare)(0, 1, "d", 2)._well_formed
    good = maker(Prepare, well_formed=True)(0, 1, "d", 2)
    assert good._well_formed
    assert not replace(good, seq=True)._well_formed
    assert not copy(good)._well_formed


def test_a_filler_makes_what_the_class_makes() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Told:
        number: int
        words: str = ""

    made = filler(Told)(number=1, words="one")
    assert made == Told(number=1, words="one")
    with pytest.raises(FrozenInstanceError):
        made.number = 2  # type: ignore[misc]
