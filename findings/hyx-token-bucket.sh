#!/usr/bin/env bash
# Title: hyx's token bucket admits twice the rate that it was told
# Field: resilience
# Packages: hyx==0.0.2
# Expected: tokenbucket(max_executions=10, per_time_secs=1) admits its bucket of 10 at once and then 10 calls a second.
# Seen: 2026-11-30. 20 calls a second for as long as one keeps asking: what is left of a token after a refill lets one more call through.
# For our users: An endpoint's limit is exceeded all the time; tell it half the rate, or take another limiter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check hyx==0.0.2
cat > seen.txt <<'END'
of 10 a second, admitted in the seconds after the first: about 20
END
cat > program.py <<'END'
import asyncio

from hyx.ratelimit import tokenbucket
from hyx.ratelimit.exceptions import RateLimitExceeded

FIRST_S, LAST_S = 1.0, 4.0


async def main():
    @tokenbucket(max_executions=10, per_time_secs=1)
    async def call():
        pass

    loop = asyncio.get_running_loop()
    begin, admitted = loop.time(), 0
    while (now := loop.time() - begin) < LAST_S:
        try:
            await call()
            admitted += now >= FIRST_S
        except RateLimitExceeded:
            pass
        await asyncio.sleep(0.002)
    rate = admitted / (LAST_S - FIRST_S)
    print("of 10 a second, admitted in the seconds after the first:", "about 20" if 17 < rate < 21 else f"{rate:.1f}")


asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
