"""Operations: how faults of nodes and of the LLM service are noticed, repaired and reported.

Everything here is pure: times come in as arguments, randomness and SimPy stay in the simulation room, which runs it.

    heartbeat, ewma, logs     failure detectors; each knows when it will suspect, or is shown what was measured
    detection                 what a detector was worth: detection times, false alarms, misses
    windows, bands, alerts    the share of errors among the last calls, traffic lights, alarms with hysteresis
    recovery, policies        actions, isolation levels and their costs; rule table, fixed and adaptive choice
    estimates, intervals      P(Fault), recovery rate, MTBF, MTTR, availability, each with an interval
    report, prometheus        the same for people, for programs and for a Prometheus server
    report_html               a page with pictures that needs nothing else
    metrics_server            the page of metrics over HTTP, for as long as a block lasts: the one thing here that acts
"""
