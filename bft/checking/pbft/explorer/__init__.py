"""Exhaustive search of small systems: every order of deliveries, every timer, every lie, up to a stated bound."""

from __future__ import annotations

from bft.checking.exploration import Exploration, Step
from bft.checking.pbft.explorer.config import ExplorerConfig
from bft.checking.pbft.explorer.search import explore

__all__ = ["Exploration", "ExplorerConfig", "Step", "explore"]
