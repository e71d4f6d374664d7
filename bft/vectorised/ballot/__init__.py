"""Ballots, many replications at once: what ballots decide, when, and with what outcome.

`simulator` runs them; `obstacles` says what it cannot honour. `voters` are who is faulty, `casting` what is cast,
`counting` and `standings` the rules, `decisions` the course in time, `retransmission` when that has to be followed
event by event, `calls` when validators answer, `results` what comes of it, `poll` what joins them.
"""
