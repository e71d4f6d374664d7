#!/usr/bin/env bash
# Title: One late success of an older call closes circuitbreaker's open circuit
# Field: resilience
# Packages: circuitbreaker==2.1.3
# Expected: An open circuit stays open for recovery_timeout and is closed by a test execution only, says its README.
# Seen: 2026-11-29. A call begun before the circuit opened succeeds afterwards, and the circuit is closed at once, 60 s early.
# For our users: With slow models many calls are in flight when a breaker opens; one of them undoes it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check circuitbreaker==2.1.3
cat > seen.txt <<'END'
after three failures: open
after the slow call:  closed
END
cat > program.py <<'END'
import asyncio

from circuitbreaker import CircuitBreaker

async def main():
    breaker = CircuitBreaker(failure_threshold=3, recovery_timeout=60)
    gate = asyncio.Event()

    @breaker
    async def ask(fail, wait=False):
        if wait:
            await gate.wait()
        if fail:
            raise ConnectionError

    slow = asyncio.create_task(ask(False, wait=True))
    await asyncio.sleep(0)
    for _ in range(3):
        try:
            await ask(True)
        except ConnectionError:
            pass
    print("after three failures:", breaker.state)
    gate.set()
    await slow
    print("after the slow call: ", breaker.state)

asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
