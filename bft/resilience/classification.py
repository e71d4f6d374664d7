"""What a failure means: whether to try again, to go to the next level, to count it against the endpoint.

Read from the HTTP status, the kind of exception and the Retry-After header alone; no provider's library is imported.

| class       | what failed so                                         | retry | next level | counts for the breaker |
|-------------|--------------------------------------------------------|-------|------------|------------------------|
| transient   | timeout, connection, 408, 409, 425, 429, 5xx, even 529 | yes   | yes        | yes                    |
| unavailable | 402, 404, 410, an empty answer, nothing cached         | no    | yes        | yes                    |
| permanent   | all other 4xx (400, 401, 403, …), unknown exceptions   | no    | no         | no                     |
| frequent    | refused by the own breaker, bulkhead or token bucket   | no    | yes        | no                     |

No single failure is frequent: the breaker finds that out by counting, and what it then refuses, without asking the
endpoint, is of that class. 409 is transient because LLM services answer so when a lock times out.

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
    """What to do about a failure; the rows of the table above."""

    TRANSIENT = "transient"
    UNAVAILABLE = "unavailable"
    PERMANENT = "permanent"
    FREQUENT = "frequent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One row of the table: what each policy does with failures of a class."""

    retried: bool
    falls_back: bool
    counts: bool


TREATMENTS: Mapping[FailureClass, Treatment] = {
    FailureClass.TRANSIENT: Treatment(retried=True, falls_back=True, counts=True),
    FailureClass.UNAVAILABLE: Treatment(retried=False, falls_back=True, counts=True),
    FailureClass.PERMANENT: Treatment(retried=False, falls_back=False, counts=False),
    FailureClass.FREQUENT: Treatment(retried=False, falls_back=True, counts=False),
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
}
_BY_STATUS: Mapping[int, FailureClass] = {
    402: FailureClass.UNAVAILABLE,
    404: FailureClass.UNAVAILABLE,
    408: FailureClass.TRANSIENT,
    409: FailureClass.TRANSIENT,
    410: FailureClass.UNAVAILABLE,
    425: FailureClass.TRANSIENT,
    429: FailureClass.TRANSIENT,
}


def classify(failure: Failure) -> FailureClass:
    """Find the class of a failure.

    Examples
    --------
    >>> classify(Failure(kind=FailureKind.STATUS, status=529)).value
    'transient'
    >>> classify(Failure(kind=FailureKind.STATUS, status=401)).value
    'permanent'
    """
    if failure.status is None:
        return _BY_KIND[failure.kind]
    by_family = FailureClass.TRANSIENT if failure.status >= 500 else FailureClass.PERMANENT
    return _BY_STATUS.get(failure.status, by_family)


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
            if isinstance(status, int) and 400 <= status <= 599:
                return int(status)
    return None


def _headers(error: Exception) -> dict[str, str]:
    """Headers of the response behind an error, names in small letters; none if there are none."""
    for holder in (getattr(error, "response", None), error):
        headers = getattr(holder, "headers", None)
        if isinstance(headers, Mapping):
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}
