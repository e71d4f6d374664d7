"""Membership as a subject: a model of who is a member, invariants over epochs, schedules, forging, seeded bugs."""
