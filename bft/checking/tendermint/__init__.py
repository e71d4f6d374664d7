"""Tendermint under examination: traces of an independent specification, invariants, forging, seeded bugs, culprits."""
