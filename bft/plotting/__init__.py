"""Figures of sweeps: matplotlib Axes in, matplotlib Axes out; the only room that imports matplotlib.

>>> import bft
>>> sweep = bft.sweep(bft.Scenario(n=4), over={"faults.delta": "0:0.5:3"}, replications=5)
>>> ax = bft.plotting.agreement(sweep)
>>> ax.get_xlabel()
'per-node fault probability δ'
"""

from __future__ import annotations

from bft.plotting.agreement import agreement, source_documents
from bft.plotting.animation import animation, save_animation
from bft.plotting.bands import bands
from bft.plotting.comparison import comparison_figure, measured, outcome_bars
from bft.plotting.design import design_figure, design_front, errors_together
from bft.plotting.figures import agreement_figure, band_panels, outcome_panels, protocols_figure, share_panels
from bft.plotting.heat_map import heat_map
from bft.plotting.latencies import latencies
from bft.plotting.laws import law_bands
from bft.plotting.messages import messages_by_phase
from bft.plotting.over_time import latency_figure, latency_over_time, throughput_over_time
from bft.plotting.share import share
from bft.plotting.space_time import space_time, space_time_figure
from bft.plotting.style import save

__all__ = [
    "agreement",
    "agreement_figure",
    "animation",
    "band_panels",
    "bands",
    "comparison_figure",
    "design_figure",
    "design_front",
    "errors_together",
    "heat_map",
    "latencies",
    "latency_figure",
    "latency_over_time",
    "law_bands",
    "measured",
    "messages_by_phase",
    "outcome_bars",
    "outcome_panels",
    "protocols_figure",
    "save",
    "save_animation",
    "share",
    "share_panels",
    "source_documents",
    "space_time",
    "space_time_figure",
    "throughput_over_time",
]
