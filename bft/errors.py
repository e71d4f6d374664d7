"""The one exception tree: every error a user can cause is a `BftError`.

A message names the field, the value and what is allowed. Byzantine input is never an error: replicas drop and
count it. What is raised here is the user's own input, or a campaign that found what it looked for.
"""

from __future__ import annotations

from bft.shown_values import shown


class BftError(Exception):
    """Base class of all errors of this package."""


class ScenarioError(BftError):
    """A scenario, or one of its fields, cannot be run as written."""


class TableError(BftError):
    """A table of recorded answers is unreadable, malformed, or lacks what the panel needs."""


class SweepError(BftError):
    """A sweep was asked for something that cannot be swept."""


class UnsupportedError(BftError):
    """An engine or a law was asked for a scenario that it cannot honour; the message names the field."""


def bad_value(field: str, value: object, allowed: str) -> str:
    """Return the one sentence every refusal uses; a value that may be a secret is not shown.

    Examples
    --------
    >>> bad_value("faults.delta", 1.4, "must be between 0 and 1")
    'faults.delta = 1.4: must be between 0 and 1'
    """
    return f"{field} = {shown(field, value)}: {allowed}"
