"""Tendermint (Buchman, Kwon, Milosevic, arXiv 1807.04938, Algorithm 1), complete: see `replica`."""

from __future__ import annotations

from bft.protocols.tendermint.config import TendermintConfig
from bft.protocols.tendermint.replica import TendermintReplica
from bft.protocols.tendermint.rules import Rules

__all__ = ["Rules", "TendermintConfig", "TendermintReplica"]
