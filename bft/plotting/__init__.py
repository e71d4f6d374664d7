"""Figures of sweeps: matplotlib Axes in, matplotlib Axes out; the only room that imports matplotlib.

>>> import bft
>>> sweep = bft.sweep(bft.Scenario(n=4), over={"faults.delta": "0:0.5:3"}, replications=5)
>>> ax = bft.plotting.agreement(sweep)
>>> ax.get_xlabel()
'per-node fault probability δ'
"""

from __future__ import annotations

from bft.plotting.agreement import agreement
from bft.plotting.bands import bands
from bft.plotting.figures import agreement_figure, band_panels, outcome_panels, share_panels
from bft.plotting.share import share
from bft.plotting.style import save

__all__ = [
    "agreement",
    "agreement_figure",
    "band_panels",
    "bands",
    "outcome_panels",
    "save",
    "share",
    "share_panels",
]
