"""Levels from the best to the last resort, and what the answer tells of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.resilience.effects import Handler, Program, call
from bft.resilience.exchange import Answer, Failure, FailureKind, Provenance, Query, Result, Source
from bft.resilience.fallback import SIMPLE_CHARS, Step, descending, saying, simplify

YES = Answer(text="yes")


def always(result: Result) -> Handler:
    def handle(_: Query) -> Program[Result]:
        yield from ()
        return result

    return handle


def test_the_first_level_that_answers_wins_and_is_named(world: Callable[..., Any]) -> None:
    there = world()
    steps = [
        Step(name="primary", model="big", handler=always(Failure(kind=FailureKind.TIMEOUT, attempts=3))),
        Step(name="cheaper", model="small", handler=always(Failure(kind=FailureKind.STATUS, status=404))),
        Step(name="simple", model="big", transform=str.upper, handler=call),
        Step(name="default", handler=saying("unsure")),
    ]
    answer = there.ask(descending(steps))
    assert answer == Answer(
        text="yes",
        attempts=5,
        provenance=Provenance(
            level="simple",
            rank=2,
            model="big",
            transformed=True,
            reasons=("primary: timeout", "cheaper: status 404"),
        ),
    )
    assert not answer.provenance.first_class
    assert [query for _, query in there.called] == [Query(model="big", prompt="P")]
    assert [(note.action, note.level, note.reason) for _, note in there.notes] == [
        ("failed", "primary", "timeout"),
        ("failed", "cheaper", "status 404"),
        ("answered", "simple", "model"),
    ]


def test_only_the_primary_asked_just_now_in_the_querys_words_is_first_class(world: Callable[..., Any]) -> None:
    first = world().ask(descending([Step(name="primary", handler=call, model="big")]))
    assert first.provenance.first_class
    for other in (
        Step(name="primary", handler=call, transform=str.upper),
        Step(name="primary", handler=saying("unsure")),
    ):
        assert not world().ask(descending([other])).provenance.first_class
    broken = Step(name="primary", handler=always(Failure(kind=FailureKind.TIMEOUT)))
    assert not world().ask(descending([broken, Step(name="cheaper", handler=call)])).provenance.first_class


def test_a_default_answer_says_that_it_is_one(world: Callable[..., Any]) -> None:
    there = world()
    broken = Step(name="primary", handler=always(Failure(kind=FailureKind.TIMEOUT, attempts=3)))
    answer = there.ask(descending([broken, Step(name="default", handler=saying("unsure"))]))
    assert (answer.text, answer.attempts) == ("unsure", 3)
    assert answer.provenance == Provenance(
        source=Source.DEFAULT, level="default", rank=1, reasons=("primary: timeout",)
    )
    assert there.called == []


def test_a_permanent_failure_ends_the_descent(world: Callable[..., Any]) -> None:
    there = world()
    malformed = Failure(kind=FailureKind.STATUS, status=400)
    steps = [Step(name="primary", handler=always(malformed)), Step(name="default", handler=saying("unsure"))]
    assert there.ask(descending(steps)) == malformed


@pytest.mark.parametrize("kind", [FailureKind.BREAKER_OPEN, FailureKind.SHED, FailureKind.EMPTY, FailureKind.TIMEOUT])
def test_every_other_failure_goes_to_the_next_level(world: Callable[..., Any], kind: FailureKind) -> None:
    steps = [Step(name="primary", handler=always(Failure(kind=kind))), Step(name="cheaper", handler=call)]
    assert world().ask(descending(steps)).provenance.level == "cheaper"


def test_when_every_level_fails_the_last_failure_tells_all_attempts(world: Callable[..., Any]) -> None:
    steps = [
        Step(name="primary", handler=always(Failure(kind=FailureKind.TIMEOUT, attempts=3))),
        Step(name="cheaper", handler=always(Failure(kind=FailureKind.CONNECTION, attempts=4))),
    ]
    assert world().ask(descending(steps)) == Failure(kind=FailureKind.CONNECTION, attempts=7)


@given(piece=st.text(max_size=40), times=st.integers(0, 200))
def test_a_simplified_prompt_is_short_enough_and_as_simple_as_it_gets(piece: str, times: int) -> None:
    prompt = piece * times
    short = simplify(prompt)
    assert len(short) <= SIMPLE_CHARS
    assert simplify(short) == short
    if len(" ".join(prompt.split())) <= SIMPLE_CHARS:
        assert short.split() == prompt.split()


def test_a_long_prompt_loses_its_middle() -> None:
    prompt = "Answer with one letter. " + "bla " * 3000 + "Which letter?"
    short = simplify(prompt)
    assert short.startswith("Answer with one letter. bla")
    assert short.endswith("bla Which letter?")
    assert " … " in short
