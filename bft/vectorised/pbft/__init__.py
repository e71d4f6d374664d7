"""PBFT for many replications at once: what it can honour, and when the nodes of a view prepare, commit and leave it."""
