"""A laboratory for Byzantine-fault-tolerant consensus among LLM validators.

>>> import bft
>>> run = bft.simulate(bft.Scenario(n=4), seed=7)
>>> run.outcome.value
'agreed_correct'
"""

from __future__ import annotations

from bft.adversary.settings import Faults
from bft.errors import BftError
from bft.network.settings import Network, Partition
from bft.scenario import Requests, Scenario
from bft.simulation.run import Run
from bft.simulation.simulate import Simulator, simulate

__version__ = "0.1.0"
__all__ = ["BftError", "Faults", "Network", "Partition", "Requests", "Run", "Scenario", "Simulator", "simulate"]
