#!/usr/bin/env bash
# Title: The fixed window of limits charges hits that it refused
# Field: resilience
# Packages: limits==5.8.0
# Expected: hit() returns False and takes nothing where the cost does not fit, as its other two strategies do.
# Seen: 2026-11-29. After 8 of 10, a refused 5 leaves no room for 2, which fits.
# For our users: With a budget of tokens one prompt that is too long blocks the short ones until the window ends: call test() first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check limits==5.8.0
cat > seen.txt <<'END'
FixedWindowRateLimiter {8: True, 5: False, 2: False}
MovingWindowRateLimiter {8: True, 5: False, 2: True}
SlidingWindowCounterRateLimiter {8: True, 5: False, 2: True}
END
cat > program.py <<'END'
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

for strategy in (FixedWindowRateLimiter, MovingWindowRateLimiter, SlidingWindowCounterRateLimiter):
    limiter, tokens = strategy(MemoryStorage()), parse("10/hour")
    print(strategy.__name__, {cost: limiter.hit(tokens, "model", cost=cost) for cost in (8, 5, 2)})
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
