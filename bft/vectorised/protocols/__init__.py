"""How many replications of a protocol are run at once: a module for each package of `bft.protocols` that can."""
