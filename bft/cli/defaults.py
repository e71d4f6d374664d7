"""What a command takes where nothing is said."""

from __future__ import annotations

DEFAULT_N = "4,7,10,13"
DEFAULT_DELTA = "0:0.5:11"
DEFAULT_OUT = "out/agreement"
THEORY_DELTA = "0.01,0.05,0.1,0.2,0.3,0.4,0.5"
FALLIBLE_N = 7  # nodes of the panel behind the default preset
VECTORISED_REPLICATIONS = 10_000  # 95 % intervals of at most ± .01
WITNESS = 0.002  # of them, run again event by event
