"""The words every protocol shares: quorums, digests, signatures, inputs, effects and events.

Nothing here knows a clock, a random source or a network.
"""
