"""A ballot: every replica asks its own validator, all broadcast their votes, a voting rule decides: see `replica`."""

from __future__ import annotations

from bft.protocols.ballot.config import BallotConfig
from bft.protocols.ballot.replica import BallotReplica

__all__ = ["BallotConfig", "BallotReplica"]
