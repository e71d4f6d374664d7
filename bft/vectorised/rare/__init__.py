"""Probabilities too small to count: stratified over who fails, and drawn from tilted laws where that is not enough.

P(event) = Σ P(K = k, J = j) · P(event | k, j), with K the number of faulty nodes and J the number of validators that
fail by themselves; their law is exact (`failing`). With a pair of numbers the event is either impossible, which
`limits` proves, or settled by the fault set alone and asked of the engine once for each way, or estimated: sets are
drawn given their numbers, what else the event needs is drawn more often than its law says and counts for less
(`tilts`), and each drawn replication is run by the same engine as any other (`drawing`). The interval is that of a
weighted count (`intervals`).
"""

from __future__ import annotations

from bft.vectorised.rare.estimate import rare_event
from bft.vectorised.rare.results import RareEvent, Stratum

__all__ = ["RareEvent", "Stratum", "rare_event"]
