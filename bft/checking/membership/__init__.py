"""Epochs of PBFT's members as a subject: who is a member, invariants over epochs, schedules, forging, seeded bugs."""
