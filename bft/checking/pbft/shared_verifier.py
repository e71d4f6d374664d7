"""One judge of proofs for all replicas of a world.

Messages never change, and what was signed stays signed, so a proof that one replica has found good is good for every
other replica with the same rules and keys. In a world all replicas meet the same objects, hence each good proof is
judged once instead of n times. A bad one is judged anew each time: what was forged in an honest name may have been
signed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from bft.core.replica import Replica
from bft.protocols.pbft import PbftReplica
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.messages import Checkpoint, Decision, NewView, PreparedCertificate, ViewChange
from bft.protocols.pbft.new_view import Carried


class SharedVerifier(Verifier):
    """A verifier that remembers the proofs that it found good; they are kept, so no other object takes their place."""

    __slots__ = ("_carried", "_good")
    _good: dict[int, object]
    _carried: dict[int, tuple[tuple[ViewChange, ...], Carried]]

    def __new__(cls, own: Verifier) -> SharedVerifier:
        """Return one that judges as another does."""
        made = object.__new__(cls)
        for each in fields(Verifier):
            object.__setattr__(made, each.name, getattr(own, each.name))
        object.__setattr__(made, "_good", {})
        object.__setattr__(made, "_carried", {})
        return made

    def knows(self, proof: object) -> bool:
        """Return whether this very object was found good before."""
        return id(proof) in self._good

    def prepared(self, certificate: PreparedCertificate) -> bool:
        """As `Verifier.prepared`."""
        return id(certificate) in self._good or self._keep(certificate, Verifier.prepared(self, certificate))

    def checkpoint(self, seq: int, proof: Sequence[Checkpoint]) -> bool:
        """As `Verifier.checkpoint`."""
        good = self._good.get(id(proof)) is not None and bool(proof) and proof[0].seq == seq
        return good or self._keep(proof, Verifier.checkpoint(self, seq, proof))

    def view_change(self, message: ViewChange) -> bool:
        """As `Verifier.view_change`."""
        return id(message) in self._good or self._keep(message, Verifier.view_change(self, message))

    def new_view(self, message: NewView) -> bool:
        """As `Verifier.new_view`."""
        return id(message) in self._good or self._keep(message, Verifier.new_view(self, message))

    def decision(self, decision: Decision) -> bool:
        """As `Verifier.decision`."""
        return id(decision) in self._good or self._keep(decision, Verifier.decision(self, decision))

    def carried(self, view_changes: tuple[ViewChange, ...]) -> Carried:
        """As `Verifier.carried`; nothing but the view-changes matters, so the same ones always give the same."""
        held = self._carried.get(id(view_changes))
        if held is None:
            held = self._carried[id(view_changes)] = (view_changes, Verifier.carried(self, view_changes))
        return held[1]

    def _keep(self, proof: object, good: bool) -> bool:
        if good:
            self._good[id(proof)] = proof
        return good


class Judges:
    """Gives every replica of a world the same judge; worlds are made one after another, and each has its own keys."""

    def __init__(self) -> None:
        self._latest: SharedVerifier | None = None

    def share(self, replica: Replica) -> None:
        """Let a replica judge by what others have found; one that judges in its own way, as a mutant may, keeps it."""
        if not isinstance(replica, PbftReplica) or type(replica.verifier) is not Verifier:
            return
        own = replica.verifier
        latest = self._latest
        if latest is None or latest.keyring is not own.keyring or not _equal(latest.rules, own.rules):
            latest = self._latest = SharedVerifier(own)
        if _equal(latest.system, own.system):
            replica.verifier = latest


def _equal(first: object, second: object) -> bool:
    """Return whether two values are equal; nearly always they are one, and comparing many fields takes longer."""
    return first is second or first == second
