"""HotStuff's variants as subjects to examine, each with the bugs that are seeded in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from bft.checking.examined import Examined
from bft.checking.hotstuff.monitor import HotStuffMonitor
from bft.checking.hotstuff.mutants import mutants
from bft.checking.hotstuff.subject import VARIANTS, hotstuff
from bft.checking.reference import LogSpecification
from bft.core.signatures import SymbolicKeyring
from bft.protocols.hotstuff import HotStuffConfig

SUBJECTS: Mapping[str, Examined] = {
    name: Examined(partial(hotstuff, rules), partial(mutants, name)) for name, rules in VARIANTS.items()
}


def monitor(config: HotStuffConfig, keyring: SymbolicKeyring, honest: Collection[int]) -> HotStuffMonitor:
    """Return the monitor of simulations: H1 to H11, and the state machine."""
    return HotStuffMonitor(
        config.system,
        keyring.verify,
        honest,
        rules=config.rules,
        timeout_s=config.timeout_s,
        specification=LogSpecification(),
    )
