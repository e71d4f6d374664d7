"""PBFT as a subject to examine, and the epochs of its members, which are named "membership"."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bft.checking.examined import Examined
from bft.checking.monitor import Monitor
from bft.checking.pbft.monitor import PbftMonitor
from bft.checking.pbft.subject import pbft, timing_of
from bft.checking.reference import LogSpecification
from bft.checking.seeded_bug import SeededBug
from bft.checking.subject import Subject
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import PbftConfig

__all__ = ["SUBJECTS", "monitor", "pbft"]


def _membership() -> Subject:
    from bft.checking.membership.subject import membership

    return membership()


def _bugs() -> Sequence[SeededBug]:
    from bft.checking.pbft.mutants import MUTANTS

    return MUTANTS


def _membership_bugs() -> Sequence[SeededBug]:
    from bft.checking.membership.mutants import MUTANTS

    return MUTANTS


SUBJECTS: Mapping[str, Examined] = {
    "pbft": Examined(pbft, _bugs),
    "membership": Examined(_membership, _membership_bugs),
}
"""What is examined under which name; simulations load this for `monitor`, and need no seeded bugs."""


def monitor(config: PbftConfig, keyring: SymbolicKeyring, honest: Collection[int]) -> Monitor:
    """Return the monitor of simulations: every invariant of PBFT, for the nodes that are honest."""
    return PbftMonitor(
        config.system,
        keyring.verify,
        honest,
        checkpoint_interval=config.checkpoint_interval,
        window=config.window,
        timing=timing_of(config),
        specification=LogSpecification(),
    )
