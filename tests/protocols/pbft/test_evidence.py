"""Evidence convicts who signed two conflicting messages, and nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft.evidence import LONGEST, Evidence, from_text, to_text, verify
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, PrePrepare, ViewChange

ASKED = Request(client="c", timestamp=1, operation="deposit a 1", signature=b"\x01")
FIRST, SECOND = Proposal(request=ASKED, answer="a"), Proposal(request=ASKED, answer="b", wording="other")

PAIRS = [
    (PrePrepare(0, 1, FIRST.digest, FIRST, 2), PrePrepare(0, 1, SECOND.digest, SECOND, 2)),
    (Prepare(3, 1, "a", 2), Prepare(3, 1, "b", 2)),
    (Commit(0, 7, "a", 2), Commit(0, 7, "b", 2)),
    (Checkpoint(16, "a", 2), Checkpoint(16, "b", 2)),
]
KINDS = [type(first).__name__ for first, _ in PAIRS]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=KINDS)
def test_two_signed_messages_that_conflict_convict_their_signer(first, second) -> None:
    ring = SymbolicKeyring()
    ring.sign(first), ring.sign(second)
    for evidence in (Evidence(first, second), Evidence(second, first)):
        assert verify(evidence, ring.verify) == 2
        assert verify(from_text(to_text(evidence)), ring.verify) == 2, "anybody may check what was passed on"


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=KINDS)
def test_what_was_not_signed_convicts_nobody(first, second) -> None:
    ring = SymbolicKeyring()
    assert verify(Evidence(first, second), ring.verify) is None
    ring.sign(first)
    assert verify(Evidence(first, second), ring.verify) is None, "one half is forged"
    assert verify(Evidence(first, first), ring.verify) is None, "the same twice"
    assert verify(Evidence(first, replace(first)), ring.verify) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Prepare(0, 1, "a", 2), Prepare(1, 1, "b", 2)),
        (Prepare(0, 1, "a", 2), Prepare(0, 2, "b", 2)),
        (Prepare(0, 1, "a", 2), Prepare(0, 1, "b", 3)),
        (Prepare(0, 1, "a", 2), Commit(0, 1, "b", 2)),
        (Checkpoint(16, "a", 2), Checkpoint(32, "b", 2)),
    ],
    ids=["views", "numbers", "signers", "kinds", "checkpoints"],
)
def test_what_an_honest_replica_may_sign_convicts_nobody(first, second) -> None:
    ring = SymbolicKeyring()
    ring.sign(first), ring.sign(second)
    assert verify(Evidence(first, second), ring.verify) is None


def test_what_is_no_vote_convicts_nobody() -> None:
    ring = SymbolicKeyring(corrupted={2})
    for garbage in (None, 7, "x", ViewChange(1, 0, (), (), 2), Prepare("0", 1, "a", 2), Prepare(0, 1, ["a"], 2)):
        assert verify(Evidence(garbage, Prepare(0, 1, "b", 2)), ring.verify) is None  # type: ignore[arg-type]


@given(
    st.text() | st.recursive(st.integers() | st.text() | st.none(), lambda part: st.lists(part), max_leaves=5).map(str)
)
def test_any_text_can_be_read(text: str) -> None:
    found = from_text(text)
    assert found is None or isinstance(found, Evidence)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[1, 2]",
        "[{}, {}]",
        '[{"kind": "Prepare"}, {"kind": "Prepare"}]',
        '[{"kind": "ViewChange", "signature": "", "seq": 1, "replica": 1, "digest": "a"}, {}]',
        "[" * 5000,
        " " * (LONGEST + 1),
        to_text(Evidence(*PAIRS[1])).replace('"signature":""', '"signature":"xyz"'),
    ],
)
def test_text_that_is_no_evidence_is_none(text: str) -> None:
    assert from_text(text) is None


def test_numbers_that_are_none_are_read_and_convict_nobody() -> None:
    text = to_text(Evidence(*PAIRS[1])).replace('"seq":1', '"seq":"1"')
    found = from_text(text)
    assert found is not None
    assert verify(found, SymbolicKeyring(corrupted={2}).verify) is None
