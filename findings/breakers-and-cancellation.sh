#!/usr/bin/env bash
# Title: Whether a cancelled call is a failure depends on the circuit breaker
# Field: resilience
# Packages: circuitbreaker==2.1.3 purgatory==3.0.1 pybreaker==1.4.1
# Expected: A call that its own caller cancelled says nothing about the endpoint; an interrupt from the keyboard is passed on.
# Seen: 2026-11-29. circuitbreaker does not count it, purgatory opens; pybreaker opens on KeyboardInterrupt and raises its own error instead.
# For our users: A panel that cancels the slowest calls once it has a quorum opens purgatory's circuits on healthy models.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check circuitbreaker==2.1.3 purgatory==3.0.1 pybreaker==1.4.1
cat > seen.txt <<'END'
circuitbreaker closed
purgatory opened
pybreaker open raises CircuitBreakerError
END
cat > program.py <<'END'
import asyncio

from circuitbreaker import CircuitBreaker
from purgatory import AsyncCircuitBreakerFactory
import pybreaker

async def ask():
    await asyncio.sleep(60)

async def cancel(guarded):
    task = asyncio.create_task(guarded())
    await asyncio.sleep(0.05)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass

async def main():
    breaker = CircuitBreaker(failure_threshold=1)
    await cancel(breaker(ask))
    print("circuitbreaker", breaker.state)
    factory = AsyncCircuitBreakerFactory(default_threshold=1)
    await cancel(factory("model")(ask))
    print("purgatory", (await factory.get_breaker("model")).context.state)

def interrupted():
    raise KeyboardInterrupt

asyncio.run(main())
breaker = pybreaker.CircuitBreaker(fail_max=1)
try:
    breaker.call(interrupted)
except BaseException as error:
    print("pybreaker", breaker.current_state, "raises", type(error).__name__)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
