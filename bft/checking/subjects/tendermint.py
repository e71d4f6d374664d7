"""Tendermint as a subject to examine, as the paper has it and with polkas that stand for verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from bft.checking.examined import Examined
from bft.checking.tendermint.mutants import MUTANTS
from bft.checking.tendermint.subject import tendermint
from bft.checking.tendermint.watch import TendermintWatch
from bft.core.signatures import SymbolicKeyring
from bft.protocols.tendermint import TendermintConfig

SUBJECTS: Mapping[str, Examined] = {
    "tendermint": Examined(tendermint, MUTANTS),
    "tendermint-follow-polka": Examined(partial(tendermint, follow_polka=True)),
}


def monitor(config: TendermintConfig, keyring: SymbolicKeyring, honest: Collection[int]) -> TendermintWatch:
    """Return the monitor of simulations: T1 to T9, AC and LV2."""
    return TendermintWatch(config, keyring.verify, honest)
