"""What replicas say to each other about epochs; what they say within one is PBFT's own, in an envelope."""

from __future__ import annotations

from dataclasses import dataclass

from bft.core.shape import Enclosed, checks
from bft.core.state_machine import Snapshot
from bft.protocols.pbft.messages import Checkpoint, PrePrepare


@dataclass(frozen=True, slots=True)
class InEpoch:
    """A message of an epoch's instance."""

    epoch: int
    message: Enclosed


@dataclass(frozen=True, slots=True)
class Witness:
    """A pre-prepare that its primary signed, shown to somebody who voted for another one of the same place."""

    preprepare: PrePrepare


@dataclass(frozen=True, slots=True)
class AskEpochs:
    """Somebody is in this epoch and has heard of a later one."""

    epoch: int


@dataclass(frozen=True, slots=True)
class EpochStart:
    """An epoch's members, and the state that it starts from."""

    epoch: int
    """Its number; 1 is the first that a change began."""
    base: int
    """The number, across epochs, of the last operation before it."""
    proof: tuple[Checkpoint, ...]
    """Signed by a quorum of the members of the epoch before."""
    snapshot: Snapshot
    """State of the replicated machine and of the reply cache; names the members."""


@dataclass(frozen=True, slots=True)
class EpochStarts:
    """Everything that somebody who was left behind, or never there, needs to follow, in order."""

    starts: tuple[EpochStart, ...]


well_formed = checks(InEpoch, Witness, AskEpochs, EpochStarts)
well_formed_checkpoint = checks(Checkpoint)


def whole(*values: object) -> bool:
    """Return whether all values are whole numbers (True and 1.0 are not)."""
    return all(value.__class__ is int for value in values)
