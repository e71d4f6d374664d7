#!/usr/bin/env bash
# Title: pybreaker's decorator on an async function never opens
# Field: resilience
# Packages: pybreaker==1.4.1
# Expected: The breaker counts the failures of what it decorates, or refuses to decorate what it cannot watch.
# Seen: 2026-11-29. Making the coroutine counts as a success: after ten failures the circuit is closed with a count of 0.
# For our users: Clients of models are mostly async: use a breaker that awaits the call.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pybreaker==1.4.1
cat > seen.txt <<'END'
failures 10 state closed counted 0
END
cat > program.py <<'END'
import asyncio

import pybreaker

breaker = pybreaker.CircuitBreaker(fail_max=2)

@breaker
async def ask():
    raise ConnectionError

async def main():
    failures = 0
    for _ in range(10):
        try:
            await ask()
        except ConnectionError:
            failures += 1
    print("failures", failures, "state", breaker.current_state, "counted", breaker.fail_counter)

asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
