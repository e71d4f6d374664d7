"""Which spellings are one answer, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.validators.canonical import canonical


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("42", "42"),
        (" 42 ", "42"),
        ("42.", "42"),
        ("42.0", "42"),
        ("042", "42"),
        ("+42", "42"),
        ("$42", "42"),
        ("-$42", "-42"),
        ("$-42", "-42"),
        ("$ 1,234,567.50", "1234567.5"),
        ("0.50", "0.5"),
        (".5", "0.5"),
        ("-0.0", "0"),
        ("0", "0"),
        ("000", "0"),
        ("12345678901234567890123456789012345", "12345678901234567890123456789012345"),
        ("A", "a"),
        ("(A)", "a"),
        ("New   York.", "new york"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("1,2", "1,2"),  # a pair, not a number
        ("12,34", "12,34"),
        ("1/2", "1/2"),
        ("50%", "50%"),
        ("1e3", "1e3"),
        ("-", "-"),
        ("$", "$"),
        (".", "."),
        ("²", "²"),
    ],
)
def test_equal_answers_have_one_form(written: str, form: str) -> None:
    assert canonical(written) == form


@pytest.mark.parametrize("nothing", [None, "", "   ", "\n\t", "()"])
def test_nothing_has_no_form(nothing: str | None) -> None:
    assert canonical(nothing) is None


@given(st.text(max_size=20))
def test_a_form_is_its_own_form(text: str) -> None:
    form = canonical(text)
    assert canonical(form) == form


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_keep_their_value(number: int) -> None:
    assert canonical(f"{number:,}") == canonical(f"{number}.00") == str(number)
