"""Digests: different values have different names, the same ones in every process."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from bft.core.digest import digest_of
from bft.core.request import NULL_DIGEST, NULL_PROPOSAL, Proposal, Request

atoms = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5)
values = st.recursive(atoms, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


def typed(value):
    """Tell 1 from True, which Python calls equal."""
    return (type(value), tuple(map(typed, value)) if isinstance(value, tuple) else value)


@given(st.lists(values, max_size=4), st.lists(values, max_size=4))
def test_different_parts_have_different_digests(one, other):
    same = typed(tuple(one)) == typed(tuple(other))
    assert (digest_of(*one) == digest_of(*other)) == same


def test_joining_parts_would_be_seen():
    """Planted bug: a digest of concatenated parts."""
    assert "".join(["a", "b"]) == "".join(["ab"])
    assert digest_of("a", "b") != digest_of("ab")
    assert digest_of(("a",), "b") != digest_of("a", ("b",))
    assert digest_of("1") != digest_of(1)
    assert digest_of("None") != digest_of(None)


def test_digests_are_the_same_in_every_process():
    code = "from bft.core.digest import digest_of; print(digest_of('a', 1, (None, b'x')))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert printed == {digest_of("a", 1, (None, b"x"))}


proposals = st.builds(
    lambda client, timestamp, operation, answer, wording: Proposal(
        request=Request(client=client, timestamp=timestamp, operation=operation), answer=answer, wording=wording
    ),
    st.text(max_size=3),
    st.integers(0, 3),
    st.text(max_size=3),
    st.none() | st.text(max_size=3),
    st.text(max_size=2),
)


@given(proposals, proposals)
def test_proposals_have_the_same_digest_iff_they_are_equal(one, other):
    assert (one.digest == other.digest) == (one == other)


def test_a_signature_or_a_computed_digest_takes_no_part_in_equality():
    request = Request(client="a", timestamp=1, operation="x")
    signed = Request(client="a", timestamp=1, operation="x", signature=b"s")
    first, second = Proposal(request=request, answer="y"), Proposal(request=signed, answer="y")
    assert first.digest == second.digest
    assert first == second == Proposal(request=request, answer="y")
    assert hash(first) == hash(second)


def test_the_null_request_has_a_digest_of_its_own():
    assert NULL_PROPOSAL.digest == NULL_DIGEST
    assert Proposal(request=Request(client="", timestamp=0, operation="")).digest != NULL_DIGEST
