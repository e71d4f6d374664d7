"""The semantic version of results, apart from that of the package."""

from __future__ import annotations

RESULTS_VERSION = 7
"""Raised whenever some scenario, seed and replication ends otherwise than before. What was stored under another version
is never mixed in."""
