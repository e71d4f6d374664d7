"""How the random numbers of links lie in their streams: the one place that every engine reads it from."""

from __future__ import annotations

BROADCASTS = 4
"""Rows per node in a block: pre-prepare or prepare, commit, and two more; busier nodes go on with chunks of their
own."""

CHUNK_ELEMENTS = 512
"""Delays in a chunk of later rows: enough to make a generator worth its price."""

SENDS = 4
"""Draws per node in a block for messages to a single node; for losses and copies, as many for each recipient."""
