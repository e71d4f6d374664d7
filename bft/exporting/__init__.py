"""A run for other people's viewers: each file writes one format from the journal of a run."""
