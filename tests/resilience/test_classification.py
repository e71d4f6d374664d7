"""Failures are classed by status, kind and Retry-After alone."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.errors import ScenarioError
from bft.resilience.breaker import Breaker, State
from bft.resilience.classification import (
    TREATMENTS,
    FailureClass,
    Row,
    classify,
    failure_of,
    retry_after_s,
    rows,
    table,
    treatment,
)
from bft.resilience.exchange import Answer, Failure, FailureKind
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.retry import Retry

TRANSIENT, UNAVAILABLE = FailureClass.TRANSIENT, FailureClass.UNAVAILABLE
PERMANENT, FREQUENT = FailureClass.PERMANENT, FailureClass.FREQUENT
REFUSED, CUT_OFF, UNREAD, NOT_NEEDED = (
    FailureClass.REFUSED,
    FailureClass.CUT_OFF,
    FailureClass.UNREAD,
    FailureClass.NOT_NEEDED,
)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((408, 409, 425, 429, 500, 502, 503, 504, 529, 599), TRANSIENT),
        ((402, 404, 410, 301, 307, 600, 999), UNAVAILABLE),
        ((401, 403, 405, 407, 413, 414, 415, 431, 451), REFUSED),
        ((400, 418, 422, 424), PERMANENT),
    ],
)
def test_a_status_has_a_class(codes: tuple[int, ...], expected: FailureClass) -> None:
    assert {classify(Failure(kind=FailureKind.STATUS, status=code)) for code in codes} == {expected}


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind is not FailureKind.STATUS])
def test_every_other_kind_has_a_class(kind: FailureKind) -> None:
    expected = {
        FailureKind.TIMEOUT: TRANSIENT,
        FailureKind.CONNECTION: TRANSIENT,
        FailureKind.EMPTY: UNAVAILABLE,
        FailureKind.NOT_CACHED: UNAVAILABLE,
        FailureKind.UNKNOWN: PERMANENT,
        FailureKind.BREAKER_OPEN: FREQUENT,
        FailureKind.SHED: FREQUENT,
        FailureKind.RATE_LIMITED: FREQUENT,
        FailureKind.CUT_OFF: CUT_OFF,
        FailureKind.UNREADABLE: UNREAD,
        FailureKind.CANCELLED: NOT_NEEDED,
    }
    assert classify(Failure(kind=kind)) is expected[kind]


def test_each_class_is_treated_as_the_table_says() -> None:
    assert set(TREATMENTS) == set(FailureClass)
    assert [by for by in FailureClass if TREATMENTS[by].retried] == [TRANSIENT]
    assert [by for by in FailureClass if not TREATMENTS[by].falls_back] == [PERMANENT, CUT_OFF, UNREAD, NOT_NEEDED]
    assert [by for by in FailureClass if TREATMENTS[by].counts] == [TRANSIENT, UNAVAILABLE, CUT_OFF]
    assert [by for by in FailureClass if not TREATMENTS[by].abstains] == [NOT_NEEDED]
    assert treatment(Failure(kind=FailureKind.SHED)) == TREATMENTS[FREQUENT]


class APIConnectionError(Exception):
    """As client libraries name theirs."""


class APITimeoutError(APIConnectionError):
    """A timeout that is a connection error too, as in several client libraries."""


class RateLimitError(Exception):
    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__("slow down")
        self.response = SimpleNamespace(status_code=status, headers=headers)


class ClientResponseError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__("no")
        self.status = status


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "timeout"),
        (APITimeoutError(), "timeout"),
        (APIConnectionError(), "connection"),
        (ConnectionResetError(), "connection"),
        (BrokenPipeError(), "connection"),
        (socket.gaierror(), "connection"),
        (RateLimitError(429, {}), "status 429"),
        (ClientResponseError(503), "status 503"),
        (ClientResponseError(200), "unknown"),
        (ValueError("a bug"), "unknown"),
    ],
)
def test_what_a_client_raises_becomes_a_failure(error: Exception, reason: str) -> None:
    failure = failure_of(error, now_s=0.0)
    assert failure.reason == reason
    assert failure.detail.startswith(type(error).__name__)


def test_an_error_code_that_is_a_word_is_no_status() -> None:
    error = ClientResponseError(0)
    error.code = "rate_limit_exceeded"  # type: ignore[attr-defined]
    assert failure_of(error, now_s=0.0).kind is FailureKind.UNKNOWN


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 37.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 37.0),
        ("Sun, 06 Nov 1994 08:48:00 GMT", 0.0),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(header: str, expected: float | None) -> None:
    now_s = 784111740.0  # Sun, 06 Nov 1994 08:49:00 GMT; the dates are those of RFC 9110, §5.6.7
    assert retry_after_s(header, now_s=now_s) == expected


@given(header=st.text(max_size=40))
def test_no_header_can_hurt(header: str) -> None:
    wait_s = retry_after_s(header, now_s=0.0)
    assert wait_s is None or 0.0 <= wait_s < float("inf")


def test_a_date_is_read_by_the_clock_of_the_endpoint_that_sent_it() -> None:
    headers = {"RETRY-AFTER": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:30 GMT"}
    by_its_clock = failure_of(RateLimitError(429, headers), now_s=0.0)
    assert by_its_clock.retry_after_s == 7.0
    del headers["Date"]
    by_ours = failure_of(RateLimitError(429, headers), now_s=784111776.0)
    assert by_ours.retry_after_s == 1.0


def test_a_failure_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"failure\.status = None: must be given exactly when"):
        Failure(kind=FailureKind.STATUS)
    with pytest.raises(ScenarioError, match=r"failure\.status = 500: must be given exactly when"):
        Failure(kind=FailureKind.TIMEOUT, status=500)
    with pytest.raises(ScenarioError, match=r"failure\.retry_after_s = -1\.0: must be 0 or more"):
        Failure(kind=FailureKind.STATUS, status=429, retry_after_s=-1.0)


def test_the_documents_show_the_table_of_failures() -> None:
    page = Path(__file__).parents[2] / "docs" / "how_to" / "resilience.md"
    assert table() in page.read_text(encoding="utf-8")


def test_every_failure_has_one_row_and_the_row_its_class() -> None:
    listed = [failure for row in rows() for failure in row.failures]
    assert len({(failure.kind, failure.status) for failure in listed}) == len(listed)
    assert {failure.kind for failure in listed} == set(FailureKind)
    assert {failure.status for failure in listed if failure.status} == set(range(300, 1000))
    assert all(classify(failure) is row.kind for row in rows() for failure in row.failures)


@pytest.mark.parametrize(
    "row", [row for row in rows() if row.kind is not FailureClass.CUT_OFF], ids=lambda row: row.what
)
def test_a_pipeline_does_about_a_failure_what_its_row_says(world: Callable[..., Any], row: Row) -> None:
    failure = row.failures[-1]
    times = 2 if row.treatment.retried else 1
    there = world([*[(0.0, failure)] * times, (0.0, Answer(text="42"))])
    levels = tuple(
        Level(
            name=model,
            model=model,
            retry=Retry(attempts=2, budget=None),
            breaker=Breaker(failures=1, probe_timeout_s=999.0),
        )
        for model in ("big", "small")
    )
    pipeline = Pipeline(Resilience(levels=levels))
    result = there.run(pipeline.ask("?"))
    assert [query.model for _, query in there.called[:times]] == ["big"] * times
    assert isinstance(result, Answer) is row.treatment.falls_back
    assert (pipeline.breakers["big"].state is State.OPEN) is row.treatment.counts
