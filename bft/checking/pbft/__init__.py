"""PBFT under examination: invariants C, M, V and K, forging, seeded bugs, and a search of all schedules."""
