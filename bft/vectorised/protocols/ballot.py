"""Ballots, many replications at once; see `bft.vectorised.polling`."""

from __future__ import annotations

from bft.vectorised.polling.obstacles import obstacles
from bft.vectorised.polling.simulator import BallotSimulator as simulator  # noqa: N813  # how every companion calls it

__all__ = ["obstacles", "simulator"]
