"""What is written down is read back exactly, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.encoding import EncodingError, decode, encode
from bft.core.request import Proposal, Request

leaves = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=12)


@given(values)
def test_any_value_comes_back_with_its_types(value: object) -> None:
    again = decode(encode(value))
    assert repr(again) == repr(value), "True is not 1"


def test_a_dataclass_comes_back_where_it_is_named() -> None:
    request = Request(client="c", timestamp=1, operation="deposit", signature=b"\0\xff")
    proposal = Proposal(request=request, answer="\ud83d half a pair")
    assert proposal.digest
    again = decode(encode((proposal, None)), (Proposal, Request))
    assert again == (proposal, None)
    assert again[0].request.signature == b"\0\xff", "which takes no part in equality"
    assert again[0].digest == proposal.digest
    with pytest.raises(EncodingError, match="none of the values that may occur"):
        decode(encode(proposal), (Proposal,))


@dataclass(frozen=True)
class Other:
    """Not among those named."""

    value: int


class Level(IntEnum):
    """A number in disguise."""

    ONE = 1


@pytest.mark.parametrize(
    "value", [1.5, [1], {"a": 1}, {1}, Level.ONE, object(), Other, (1, (2, 3.0)), pytest.param(10**5000, id="huge")]
)
def test_what_would_not_come_back_is_refused(value: object) -> None:
    with pytest.raises(EncodingError, match="cannot be written down"):
        encode(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1",
        "1.5",
        "NaN",
        '{"bytes":"0"}',
        '{"bytes":"00","more":1}',
        '{"type":"Other","fields":{"value":1}}',
        '{"type":"Request","fields":{"client":"c"}}',
        '{"type":"Request","fields":{"no":1}}',
        '{"type":"Request","fields":{},"more":1}',
        "[" * 100_000,
    ],
)
def test_a_text_that_stands_for_nothing_is_refused(text: str) -> None:
    with pytest.raises(EncodingError, match="stands for no value"):
        decode(text, (Request,))
