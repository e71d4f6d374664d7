"""A seeded bug of PBFT: rules replaced, or a replica wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bft.checking.pbft_subject import MakePbft, pbft
from bft.checking.seeded_bug import SAFETY
from bft.checking.subject import Subject
from bft.protocols.pbft import PbftReplica, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One seeded bug.

    Attributes
    ----------
    name : str
        Says what is wrong.
    rules : mapping
        Rules replaced, by name.
    make_replica : callable
        A wrapped replica, where no rule reaches.
    n : int
        Number of nodes at which it can bite.
    quorum : int or None
        Quorum that the replicas are told.
    breaks : str
        "safety", "liveness", or "harmless".
    argument : str
        Why a harmless one is harmless.
    """

    name: str
    rules: Mapping[str, Any] = field(default_factory=dict)
    make_replica: MakePbft = PbftReplica
    n: int = 4
    quorum: int | None = None
    breaks: str = SAFETY
    argument: str = ""

    def subject(self) -> Subject:
        """Return PBFT with this bug."""
        return pbft(replace(Rules(), **self.rules), self.make_replica)
