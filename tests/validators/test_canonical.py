"""Which spellings are one answer, and which are not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.errors import ScenarioError
from bft.validators.canonical import canonical
from bft.validators.comparison import COMPARISONS, form_of


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
        ("1e3", "1000"),
        ("1E+3.", "1000"),
        ("1e-2", "0.01"),
        ("10000000000000000", "10000000000000000"),
        ("1e+16", "10000000000000000"),
        ("1e40", "1e40"),
        ("1" + 40 * "0", "1e40"),
        ("1e-400", "1e-400"),
        ("0." + 399 * "0" + "1", "1e-400"),
        ("0.1", "0.1"),
        ("0.10000000149011612", "0.10000000149011612"),  # the nearest single to 0.1 is another number
        ("9007199254740993", "9007199254740993"),  # more digits than a double has
        ("0e5", "0"),
        ("−5", "-5"),
        ("１２", "12"),
        ("2,100", "2100"),
        ("(2,100)", "(2,100)"),  # a pair
        ("((2,100))", "(2,100)"),
        ("[1,234]", "[1,234]"),
        ("0,123", "0,123"),  # no group of thousands begins with 0
        ("007,123", "007,123"),
        ("1,0000", "1,0000"),
        ("-$-4", "-$-4"),
        ("((A))", "a"),
        ("(A.).", "a"),
        ("1..", "1"),
        ("(('a', 1), ('b', 2))", "(('a', 1), ('b', 2))"),
        ("(a)(b)", "(a)(b)"),
        ("(a", "(a"),
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


@pytest.mark.parametrize("comparison", COMPARISONS)
@given(text=st.text(max_size=20) | st.text("(A,1.0)e-[;] $", max_size=12))
def test_a_form_is_its_own_form(comparison: str, text: str) -> None:
    form = form_of(comparison)
    found = form(text)
    assert found is None or form(found) == found


@given(
    sign=st.sampled_from(("", "-", "+")),
    digits=st.text("0123456789", min_size=1, max_size=25),
    fraction=st.none() | st.text("0123456789", max_size=25),
    exponent=st.none() | st.integers(-400, 400),
)
def test_a_number_keeps_its_value_and_has_one_form(
    sign: str, digits: str, fraction: str | None, exponent: int | None
) -> None:
    written = sign + digits + ("" if fraction is None else f".{fraction}")
    written += "" if exponent is None else f"e{exponent}"
    value = Fraction(f"{digits}.{fraction or 0}") * Fraction(10) ** (exponent or 0) * (-1 if sign == "-" else 1)
    form = canonical(written)
    assert form is not None
    assert Fraction(form) == value
    scaled = f"{sign}{digits}{fraction or ''}000e{(exponent or 0) - len(fraction or '') - 3}"
    assert canonical(scaled) == form


SPELLINGS = ("B", "b", "(B)", "((B))", "B.", "1000", "1,000", "1e3", "1000.0", "1_000", "(1,000)", "B ", "Bb", "-1000")
OPTION, THOUSAND = {"B", "b", "(B)", "((B))", "B.", "B "}, {"1000", "1,000", "1e3", "1000.0"}


@pytest.mark.parametrize(
    ("comparison", "alike"),
    [
        ("canonical", [OPTION, THOUSAND]),
        ("letters", [OPTION]),
        ("numbers", [{"B", "B "}, THOUSAND]),
        ("as_written", []),
    ],
)
def test_a_comparison_folds_what_it_says_and_nothing_else(comparison: str, alike: list[set[str]]) -> None:
    form = form_of(comparison)
    for one in SPELLINGS:
        for other in SPELLINGS:
            together = one == other or any({one, other} <= group for group in alike)
            assert (form(one) == form(other)) == together, (one, other)


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("nothing", ["", "   ", "\n\t", "\u3000"])
def test_white_space_is_no_answer_in_any_comparison(comparison: str, nothing: str) -> None:
    assert form_of(comparison)(nothing) is None


def test_an_unknown_comparison_is_refused() -> None:
    with pytest.raises(ScenarioError, match="must be one of canonical, letters, numbers, as_written"):
        form_of("loosely")


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_keep_their_value(number: int) -> None:
    assert canonical(f"{number:,}") == canonical(f"{number}.00") == str(number)
