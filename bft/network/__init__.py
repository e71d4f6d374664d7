"""Links between nodes: how long a message takes, and whether it arrives."""
