"""Experiments: sweeps over scenarios, estimates with intervals and exact laws beside them, files that repeat them.

>>> from bft import Scenario, sweep
>>> rows = sweep(Scenario(n=4), over={"faults.delta": [0.0, 1.0]}, replications=10).rows
>>> [(row["faults.delta"], row["p_agree"], row["exact_agree"]) for row in rows]
[(0.0, 1.0, 1.0), (1.0, 0.0, 0.0)]
"""

from __future__ import annotations

from bft.experiments.block_store import BlockStore
from bft.experiments.blocks import Failure, Record, Tally
from bft.experiments.cells import Cell
from bft.experiments.engines import ENGINES, Engine
from bft.experiments.intervals import Estimate, estimate
from bft.experiments.results import CellResult, Sweep
from bft.experiments.sequential import Budget, Precision
from bft.experiments.sweeps import Plan, SweepInterrupted, SweepStoppedError, plan, sweep

__all__ = [
    "ENGINES",
    "BlockStore",
    "Budget",
    "Cell",
    "CellResult",
    "Engine",
    "Estimate",
    "Failure",
    "Plan",
    "Precision",
    "Record",
    "Sweep",
    "SweepInterrupted",
    "SweepStoppedError",
    "Tally",
    "estimate",
    "plan",
    "sweep",
]
