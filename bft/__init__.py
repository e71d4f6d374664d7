"""A laboratory for Byzantine-fault-tolerant consensus among LLM validators.

>>> import bft
>>> run = bft.simulate(bft.Scenario(n=4), seed=7)
>>> run.outcome.value
'agreed_correct'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bft.adversary.settings import Faults
from bft.errors import BftError
from bft.network.settings import Network, Partition
from bft.scenario import Requests, Scenario
from bft.simulation.run import Run
from bft.simulation.simulate import Simulator, simulate

if TYPE_CHECKING:
    from bft import plotting, theory
    from bft.designing import Design, design
    from bft.experiments import Sweep, sweep

__version__ = "0.2.0"
__all__ = [
    "BftError",
    "Design",
    "Faults",
    "Network",
    "Partition",
    "Requests",
    "Run",
    "Scenario",
    "Simulator",
    "Sweep",
    "design",
    "plotting",
    "simulate",
    "sweep",
    "theory",
]

# Loaded when they are first asked for: `import bft` stays quick, and matplotlib is loaded by those who plot.
_ROOMS = {
    "plotting": "bft.plotting",
    "theory": "bft.theory",
    "Sweep": "bft.experiments",
    "sweep": "bft.experiments",
    "Design": "bft.designing",
    "design": "bft.designing",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'bft' has no attribute {name!r}")
    room = import_module(_ROOMS[name])
    return room if name == room.__name__.rpartition(".")[2] else getattr(room, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
