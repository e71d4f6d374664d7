"""Ballots, many replications at once; see `bft.vectorised.ballot`."""

from __future__ import annotations

from bft.vectorised.ballot.obstacles import RUNS, obstacles
from bft.vectorised.ballot.simulator import BallotSimulator as simulator  # noqa: N813  # how every companion calls it

__all__ = ["BEHAVIOURS", "PARAMETERS", "SETTINGS", "obstacles", "simulator"]

SETTINGS = ("deadline_s",)
BEHAVIOURS = RUNS
PARAMETERS = frozenset({"at_s", "rush", "delay_s", "confidence"})
