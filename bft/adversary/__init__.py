"""Faults: who is faulty, and what the faulty do."""
