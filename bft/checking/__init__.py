"""The laboratory: invariants, schedules that try to break them, seeded bugs, the explorer."""
