"""Ballots, many replications at once; see `bft.vectorised.polling`."""

from __future__ import annotations

from bft.vectorised.polling.obstacles import RUNS, obstacles
from bft.vectorised.polling.simulator import BallotSimulator as simulator  # noqa: N813  # how every companion calls it

__all__ = ["BEHAVIOURS", "PARAMETERS", "SETTINGS", "obstacles", "simulator"]

SETTINGS = ("deadline_s",)
BEHAVIOURS = RUNS
PARAMETERS = frozenset({"at_s", "rush", "delay_s", "confidence"})
