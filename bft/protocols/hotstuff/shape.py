"""What is checked of a message where it comes in, see `bft.core.shape`: the exact type of every field."""

from __future__ import annotations

from bft.core.request import Request
from bft.core.shape import checks
from bft.protocols.hotstuff.messages import (
    Branch,
    Fetch,
    NewView,
    Phase,
    Propose,
    SavedState,
    Status,
    Timeout,
    Vote,
)

MESSAGES = (Propose, Vote, Phase, NewView, Timeout, Fetch, Branch, SavedState, Status, Request)
"""What one replica sends another."""

well_formed = checks(*MESSAGES)
