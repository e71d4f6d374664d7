"""What must hold of PBFT's certificates, messages, view changes and checkpoints, with a second judge of its proofs."""
