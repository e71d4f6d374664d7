"""What happened, and whether it was allowed: traces, invariant monitors, outcomes."""
