"""Blocks as bytes for other processes, which run them and send tallies back."""

from __future__ import annotations

import pickle
from typing import TypeAlias

from bft.errors import SweepError
from bft.experiments.blocks import Block, Tally, run_block

MOST_DEATHS = 3  # of workers at one block
ADVICE = (
    "a script that sweeps with several workers does so under `if __name__ == '__main__':`, and what it passes on is "
    "defined in a module, not in a notebook; or use workers = 1"
)

Done: TypeAlias = tuple[Block, Tally]


class ExecutorError(SweepError):
    """Blocks cannot be run where they were to be run."""


def packed(block: Block) -> bytes:
    """Return a block as bytes for another process.

    Raises `ExecutorError` if it holds what cannot be sent.
    """
    try:
        return pickle.dumps(block)
    except Exception as error:
        raise ExecutorError(f"a block cannot be sent to workers: {error}; {ADVICE}") from None


def run_packed(payload: bytes) -> Tally:
    """Run a block that came as bytes, in a worker."""
    try:
        block: Block = pickle.loads(payload)
    except Exception as error:
        raise ExecutorError(f"a worker cannot read its block: {type(error).__name__}: {error}; {ADVICE}") from None
    return run_block(block)
