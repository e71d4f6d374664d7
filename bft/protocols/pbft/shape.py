"""What is checked of a message of PBFT where it comes in, see `bft.core.shape`: the exact type of every field.

A replica's own votes, made of parts that it has checked, are marked as well formed when they are made: the hot path
looks at the mark alone, see `normal_case.on_prepare`.
"""

from __future__ import annotations

from bft.core.request import Request
from bft.core.shape import checks
from bft.protocols.pbft.messages import (
    CatchUp,
    Checkpoint,
    Commit,
    NewView,
    Prepare,
    PrePrepare,
    Status,
    ViewChange,
)

MESSAGES = (PrePrepare, Prepare, Commit, Checkpoint, ViewChange, NewView, Status, CatchUp, Request)
"""What one replica sends another."""

well_formed = checks(*MESSAGES)
checkpoint = checks(Checkpoint)


def whole(*values: object) -> bool:
    """Return whether all values are whole numbers (True and 1.0 are not)."""
    return all(value.__class__ is int for value in values)
