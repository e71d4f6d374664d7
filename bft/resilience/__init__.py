"""Policies that keep an LLM service up: retry, fallback, cache, breaker, limits, hedges, chaos.

A policy is a pure object without clock, sleep or random source of its own. It runs as a generator that yields
effects; a driver performs them on SimPy's clock or on asyncio's, so the same policies decide the same in a simulation
and live:

    pipeline = Pipeline(preset("production", models=["big", "small"]))

    driver = SimpyDriver(env=env, call=endpoint, uniform=random.Random(7).random, observe=tally)
    result = yield from driver.run(pipeline.ask("Is 7 prime?"))

    driver = AsyncioDriver(call=client, uniform=random.Random(7).random, observe=tally)
    result = await driver.run(pipeline.ask("Is 7 prime?"))

Beside them stands what must survive a crash: `sqlite_cache` for answers, `snapshots` for the state of a replica.

Start at `pipeline` for what can be configured, at `effects` for how it runs, at `exchange` for what comes back.
"""
