"""Exhaustive search of small systems: every order of deliveries, every timer, every lie, up to a stated bound."""

from __future__ import annotations

from bft.checking.explorer.config import Exploration, ExplorerConfig, Step
from bft.checking.explorer.search import explore

__all__ = ["Exploration", "ExplorerConfig", "Step", "explore"]
