"""The strongest known attacks, a module for each package of `bft.protocols` that has a scripted one, by its name.

A module has `attack`, called by `bft.adversary.equivocate` with the behaviour, the faulty node, the time, the input and
the effects of the honest replica; it returns what happens instead.
"""
