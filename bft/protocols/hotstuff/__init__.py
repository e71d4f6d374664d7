"""HotStuff (Yin et al., PODC 2019) and its two-phase and chained variants; see `replica` and `rules`."""

from __future__ import annotations

from bft.protocols.hotstuff.config import HotStuffConfig
from bft.protocols.hotstuff.replica import HotStuffReplica
from bft.protocols.hotstuff.rules import BASIC, CHAIN_OF_2, CHAIN_OF_3, CHAINS, TWO_PHASE, Rules

__all__ = [
    "BASIC",
    "CHAINS",
    "CHAIN_OF_2",
    "CHAIN_OF_3",
    "TWO_PHASE",
    "HotStuffConfig",
    "HotStuffReplica",
    "Rules",
]
