"""The ballot as a subject to examine, by each rule; its seeded bugs bring their own and stand under its plain name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from bft.checking.ballot.counts import count_of
from bft.checking.ballot.invariants import BallotFacts
from bft.checking.ballot.monitor import BallotMonitor
from bft.checking.ballot.mutants import MUTANTS
from bft.checking.ballot.subject import RULES, SPLITS, ballot
from bft.checking.examined import Examined
from bft.checking.monitor import Monitor
from bft.core.signatures import SymbolicKeyring
from bft.protocols.ballot import BallotConfig
from bft.voting import Quorum

SUBJECTS: Mapping[str, Examined] = {
    "ballot": Examined(ballot, MUTANTS),
    **{f"ballot-{rule}": Examined(partial(ballot, rule)) for rule in RULES if rule != "quorum"},
}


def monitor(config: BallotConfig, keyring: SymbolicKeyring, honest: Collection[int]) -> Monitor:
    """Return the monitor of simulations: B1 to B8, and the state machine; only a quorum promises agreement."""
    return BallotMonitor(
        config.system,
        keyring.verify,
        honest,
        ballot=BallotFacts(count_of(config.rule, config.system.n), judged=config.judged, n=config.system.n),
        unpromised=() if isinstance(config.rule, Quorum) else SPLITS,
    )
