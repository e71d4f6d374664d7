#!/usr/bin/env bash
# Title: Half-open circuits of circuitbreaker and purgatory admit every concurrent call
# Field: resilience
# Packages: circuitbreaker==2.1.3 purgatory==3.0.1
# Expected: One test execution while half-open, as circuitbreaker's README says; the others are refused.
# Seen: 2026-11-29. Five calls made at once after the waiting time all reach the model, with either package.
# For our users: A recovering endpoint gets the whole panel's calls in one burst: put a semaphore of one around the half-open state.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check circuitbreaker==2.1.3 purgatory==3.0.1
cat > seen.txt <<'END'
circuitbreaker let through 5 of 5
purgatory let through 5 of 5
END
cat > program.py <<'END'
import asyncio

from circuitbreaker import CircuitBreaker
from purgatory import AsyncCircuitBreakerFactory

class Model:
    def __init__(self):
        self.calls, self.gate, self.down = 0, asyncio.Event(), True

    async def ask(self):
        self.calls += 1
        if self.down:
            raise ConnectionError
        await self.gate.wait()

async def try_it(name, model, guarded):
    try:
        await guarded()
    except ConnectionError:
        pass
    model.calls, model.down = 0, False
    await asyncio.sleep(0.1)
    tasks = [asyncio.create_task(guarded()) for _ in range(5)]
    await asyncio.sleep(0.05)
    print(name, "let through", model.calls, "of 5")
    model.gate.set()
    await asyncio.gather(*tasks)

async def main():
    model = Model()
    await try_it("circuitbreaker", model, CircuitBreaker(failure_threshold=1, recovery_timeout=0.05)(model.ask))
    other = Model()
    factory = AsyncCircuitBreakerFactory(default_threshold=1, default_ttl=0.05)
    await try_it("purgatory", other, factory("model")(other.ask))

asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
