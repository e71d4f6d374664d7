#!/usr/bin/env bash
# Title: In cashews, a caller who gives up cancels everybody who waits for the same answer
# Field: resilience
# Packages: cashews==7.6.0 async-lru==2.4.0
# Expected: Two callers of a cached coroutine share one call; when one of them runs out of time, the other still gets the answer.
# Seen: 2026-11-30. The cache of cashews shares the call and its cancellation: the patient caller gets a CancelledError that nobody sent to it. async-lru gives it the answer.
# For our users: One impatient client fails the calls of others at the same question; shield the shared call, or set timeouts inside it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check cashews==7.6.0 async-lru==2.4.0
cat > seen.txt <<'END'
cashews: impatient TimeoutError, patient CancelledError
async-lru: impatient TimeoutError, patient yes
END
cat > program.py <<'END'
import asyncio

from async_lru import alru_cache
from cashews import cache

cache.setup("mem://")


async def ask(question):
    await asyncio.sleep(0.3)
    return "yes"


async def main():
    for name, decorator in {"cashews": cache(ttl=60, key="answer:{question}"), "async-lru": alru_cache()}.items():
        cached = decorator(ask)
        impatient = asyncio.create_task(asyncio.wait_for(cached("q"), 0.1))
        patient = asyncio.create_task(cached("q"))
        ends = await asyncio.gather(impatient, patient, return_exceptions=True)
        words = [type(end).__name__ if isinstance(end, BaseException) else end for end in ends]
        print(f"{name}: impatient {words[0]}, patient {words[1]}")


asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
