"""What a failure means: whether to try again, to go to the next level, to count it against the endpoint.

Read from the HTTP status, the kind of exception and the Retry-After header alone; no provider's library is imported.
Three tables below hold it all: `TREATMENTS` by class, `_BY_KIND` and `_BY_STATUS` from failures to classes. `rows` puts
them together, one row for every kind of failure; documents show that table and a test compares the two.

- transient: it may be over in a moment. 409 is among them because LLM services answer so when a lock times out.
- unavailable: this endpoint or its model; asking it again is of no use, another may do.
- refused: this endpoint does not take our key, or this query, and is well; another may take it.
- permanent: the query itself (400, 422), or something that nobody has foreseen.
- frequent: refused, or given up in a queue, by a policy of ours. No single failure is frequent: the breaker finds that
  out by counting.
- cut off: the endpoint was at work when the time of the whole question was up. It counts against the endpoint if that
  had half of the call's time.
- unread: the endpoint answered, and nobody can read it.
- not needed: the result stood without it.

References
----------
.. [1] RFC 9110, HTTP Semantics, 2022, §10.2.3: Retry-After; §15: status codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from bft.resilience.exchange import Failure, FailureKind


class FailureClass(Enum):
    """What to do about a failure; see the top of this file."""

    TRANSIENT = "transient"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    PERMANENT = "permanent"
    FREQUENT = "frequent"
    CUT_OFF = "cut off"
    UNREAD = "unread"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done with failures of a class."""

    retried: bool
    """Whether the same endpoint is asked again."""
    falls_back: bool
    """Whether the next level is asked."""
    counts: bool
    """Whether the breaker counts it against the endpoint."""
    abstains: bool = True
    """Whether a validator whose call ends so, all levels included, abstains; else nothing is said of it."""


TREATMENTS: Mapping[FailureClass, Treatment] = {
    FailureClass.TRANSIENT: Treatment(retried=True, falls_back=True, counts=True),
    FailureClass.UNAVAILABLE: Treatment(retried=False, falls_back=True, counts=True),
    FailureClass.REFUSED: Treatment(retried=False, falls_back=True, counts=False),
    FailureClass.PERMANENT: Treatment(retried=False, falls_back=False, counts=False),
    FailureClass.FREQUENT: Treatment(retried=False, falls_back=True, counts=False),
    FailureClass.CUT_OFF: Treatment(retried=False, falls_back=False, counts=True),
    FailureClass.UNREAD: Treatment(retried=False, falls_back=False, counts=False),
    FailureClass.NOT_NEEDED: Treatment(retried=False, falls_back=False, counts=False, abstains=False),
}

_BY_KIND: Mapping[FailureKind, FailureClass] = {
    FailureKind.TIMEOUT: FailureClass.TRANSIENT,
    FailureKind.CONNECTION: FailureClass.TRANSIENT,
    FailureKind.EMPTY: FailureClass.UNAVAILABLE,
    FailureKind.NOT_CACHED: FailureClass.UNAVAILABLE,
    FailureKind.UNKNOWN: FailureClass.PERMANENT,
    FailureKind.BREAKER_OPEN: FailureClass.FREQUENT,
    FailureKind.SHED: FailureClass.FREQUENT,
    FailureKind.RATE_LIMITED: FailureClass.FREQUENT,
    FailureKind.CUT_OFF: FailureClass.CUT_OFF,
    FailureKind.UNREADABLE: FailureClass.UNREAD,
    FailureKind.CANCELLED: FailureClass.NOT_NEEDED,
}
_BY_STATUS: Mapping[int, FailureClass] = {
    **dict.fromkeys((402, 404, 410), FailureClass.UNAVAILABLE),
    **dict.fromkeys((408, 409, 425, 429), FailureClass.TRANSIENT),
    **dict.fromkeys((401, 403, 405, 406, 407, 411, 413, 414, 415, 421, 426, 431, 451), FailureClass.REFUSED),
}
_BY_FAMILY: Mapping[str, tuple[range, FailureClass]] = {
    "other 3xx": (range(300, 400), FailureClass.UNAVAILABLE),
    "other 4xx": (range(400, 500), FailureClass.PERMANENT),
    "5xx": (range(500, 600), FailureClass.TRANSIENT),
    "600 and above": (range(600, 1000), FailureClass.UNAVAILABLE),
}
_WORDS: Mapping[FailureKind, str] = {
    FailureKind.EMPTY: "an empty, cut off or unusable reply",
    FailureKind.NOT_CACHED: "nothing in the cache",
    FailureKind.UNKNOWN: "an unknown exception",
    FailureKind.SHED: "no place, or no time left, in an own queue",
    FailureKind.RATE_LIMITED: "refused by the own rate limit",
    FailureKind.BREAKER_OPEN: "refused by the own breaker",
    FailureKind.CUT_OFF: "cut off by the deadline of the question",
    FailureKind.UNREADABLE: "a reply that nobody can read",
    FailureKind.CANCELLED: "no longer needed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table of failures."""

    what: str
    """What failed."""
    failures: tuple[Failure, ...]
    """All of this row."""
    kind: FailureClass
    """Their class."""

    @property
    def treatment(self) -> Treatment:
        """What is done about them."""
        return TREATMENTS[self.kind]


def rows() -> tuple[Row, ...]:
    """Return the table of failures: every kind, and every status, in one row."""
    made = [
        Row(what=_WORDS.get(kind, kind.value), failures=(Failure(kind=kind),), kind=group)
        for kind, group in _BY_KIND.items()
    ]
    for group in FailureClass:
        listed = sorted(status for status, of in _BY_STATUS.items() if of is group)
        if listed:
            what = f"status {', '.join(map(str, listed))}"
            made.append(Row(what=what, failures=tuple(map(_of_status, listed)), kind=group))
    for what, (statuses, group) in _BY_FAMILY.items():
        others = tuple(_of_status(status) for status in statuses if status not in _BY_STATUS)
        made.append(Row(what=f"status {what}", failures=others, kind=group))
    order = list(FailureClass)
    return tuple(sorted(made, key=lambda row: order.index(row.kind)))


def table() -> str:
    """Return the table of failures for documents."""
    lines = [
        "| what failed | class | retried | stand-in asked | counts for the breaker | abstention |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows():
        done = row.treatment
        marks = ("yes" if each else "no" for each in (done.retried, done.falls_back, done.counts, done.abstains))
        lines.append(f"| {row.what} | {row.kind.value} | {' | '.join(marks)} |")
    return "\n".join(lines)


def _of_status(status: int) -> Failure:
    return Failure(kind=FailureKind.STATUS, status=status)


def classify(failure: Failure) -> FailureClass:
    """Find the class of a failure.

    Examples
    --------
    >>> classify(Failure(kind=FailureKind.STATUS, status=529)).value
    'transient'
    >>> [classify(Failure(kind=FailureKind.STATUS, status=status)).value for status in (400, 401, 404)]
    ['permanent', 'refused', 'unavailable']
    """
    if failure.status is None:
        return _BY_KIND[failure.kind]
    if failure.status in _BY_STATUS:
        return _BY_STATUS[failure.status]
    for statuses, group in _BY_FAMILY.values():
        if failure.status in statuses:
            return group
    return FailureClass.PERMANENT


def treatment(failure: Failure) -> Treatment:
    """Look up what to do about a failure."""
    return TREATMENTS[classify(failure)]


def failure_of(error: Exception, *, now_s: float) -> Failure:
    """Turn what a client raised into a failure.

    Parameters
    ----------
    error : Exception
        Of any client library: its HTTP status, its headers and the names of its classes are read.
    now_s : float
        Unix time; used for a Retry-After date when the response bears no date of its own.
    """
    detail = f"{type(error).__name__}: {error}"
    status = _status(error)
    if status is not None:
        headers = _headers(error)
        wait_s = retry_after_s(headers.get("retry-after", ""), now_s=_date_s(headers.get("date", ""), now_s))
        return Failure(kind=FailureKind.STATUS, status=status, retry_after_s=wait_s, detail=detail)
    names = [kind.__name__ for kind in type(error).__mro__]
    if any("Timeout" in name for name in names):
        return Failure(kind=FailureKind.TIMEOUT, detail=detail)
    if any(_CONNECTION.search(name) for name in names):
        return Failure(kind=FailureKind.CONNECTION, detail=detail)
    return Failure(kind=FailureKind.UNKNOWN, detail=detail)


# Client libraries wrap the errors of sockets in classes of their own. What they share is words in the names of these,
# or of those they derive from: ConnectionError, APIConnectionError, ConnectError, ServerDisconnectedError, gaierror …
_CONNECTION = re.compile("Connect|Network|Protocol|Transport|ReadError|WriteError|gaierror")


def retry_after_s(header: str, *, now_s: float) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date [1]_; None when it is neither, 0 when the date has passed.

    Examples
    --------
    >>> retry_after_s("120", now_s=0.0)
    120.0
    >>> retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", now_s=10.0)
    50.0
    >>> retry_after_s("soon", now_s=0.0) is None
    True
    """
    if re.fullmatch(r"\s*[0-9]{1,12}(\.[0-9]*)?\s*", header):
        return float(header)
    date = _parse_date(header)
    return None if date is None else max(0.0, date.timestamp() - now_s)


def _date_s(header: str, otherwise_s: float) -> float:
    """Unix time by the endpoint's clock, against which its own dates are right."""
    date = _parse_date(header)
    return otherwise_s if date is None else date.timestamp()


def _parse_date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _status(error: Exception) -> int | None:
    """HTTP status of an error, wherever its library keeps it."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and not isinstance(status, bool) and 300 <= status <= 999:
                return int(status)
    return None


def _headers(error: Exception) -> dict[str, str]:
    """Headers of the response behind an error, names in small letters; none if there are none."""
    for holder in (getattr(error, "response", None), error):
        headers = getattr(holder, "headers", None)
        if isinstance(headers, Mapping):
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}
