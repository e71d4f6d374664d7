"""The explorer of PBFT under its shorter, older name: `bft.checking.pbft.explorer`."""

from __future__ import annotations

from bft.checking.pbft.explorer import Exploration, ExplorerConfig, Step, explore

__all__ = ["Exploration", "ExplorerConfig", "Step", "explore"]
