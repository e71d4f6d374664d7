"""Practical Byzantine Fault Tolerance (Castro & Liskov, OSDI'99), complete: see `replica`."""

from __future__ import annotations

from bft.protocols.pbft.config import PbftConfig
from bft.protocols.pbft.replica import PbftReplica
from bft.protocols.pbft.rules import Rules

__all__ = ["PbftConfig", "PbftReplica", "Rules"]
