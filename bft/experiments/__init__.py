"""Experiments: sweeps over scenarios, estimates with intervals and exact laws beside them, files that repeat them.

>>> from bft import Scenario, sweep
>>> print(sweep(Scenario(n=4), over={"faults.delta": [0.0, 1.0]}, replications=10).to_text())
faults.delta  replications                 agree   exact               stalled   exact
0            10  1.0000 (0.692–1.000)  1.0000  0.0000 (0.000–0.308)  0.0000
1            10  0.0000 (0.000–0.308)  0.0000  1.0000 (0.692–1.000)  1.0000
"""

from __future__ import annotations

from bft.experiments.blocks import Failure, Tally
from bft.experiments.cells import Cell
from bft.experiments.intervals import Estimate, estimate
from bft.experiments.results import CellResult, Sweep
from bft.experiments.sweep import Plan, SweepInterrupted, SweepStoppedError, plan, sweep

__all__ = [
    "Cell",
    "CellResult",
    "Estimate",
    "Failure",
    "Plan",
    "Sweep",
    "SweepInterrupted",
    "SweepStoppedError",
    "Tally",
    "estimate",
    "plan",
    "sweep",
]
