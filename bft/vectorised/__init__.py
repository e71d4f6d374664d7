"""The same scenarios as the simulation, many replications at once, with the same result for each of them.

Both engines draw from the same named streams. What this one cannot honour it refuses by the name of the field
(`supported` tells beforehand), and single replications whose messages cross in a way it does not follow it hands back
(`Batch.needs_events`).
"""

from __future__ import annotations

from bft.vectorised.batch import NEEDS_EVENTS, OUTCOMES, Batch
from bft.vectorised.rare import RareEvent, rare_event
from bft.vectorised.simulator import VectorisedSimulator
from bft.vectorised.support import supported

__all__ = ["NEEDS_EVENTS", "OUTCOMES", "Batch", "RareEvent", "VectorisedSimulator", "rare_event", "supported"]
