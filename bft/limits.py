"""How much may be asked for: the limits that are refused before memory is taken, in one place.

They lie far above what finishes in reasonable time, and below what fills the memory of an ordinary machine.
"""

from __future__ import annotations

MOST_NODES = 4096
"""Nodes of a scenario: a broadcast of all takes n² delays."""

MOST_NODES_OF_A_LAW = 10**6
"""Nodes of an exact law: it takes an array of them at least."""

MOST_REQUESTS = 10**8
"""Requests of a run."""

MOST_RESAMPLES = 10**6
"""Resamples of a table of answers, and its halvings."""

MOST_OPTIONS = 10**9
"""Wrong answers that one can choose among."""

MOST_REPLICATIONS = 10**10
"""Replications of a cell."""

MOST_MEMBERS = 1000
"""Members of a live panel, each with a client of its own; and seats of a certificate."""

MOST_TOML_BYTES = 2**24
"""Bytes of a TOML file."""

MOST_TEXT = 2**20
"""Characters of a question, of an answer and of its wording in a certificate."""
