"""How each protocol runs live panels: a module for each package of `bft.protocols` that can, found by `rules`."""
