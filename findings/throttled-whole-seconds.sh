#!/usr/bin/env bash
# Title: throttled-py's token bucket of ten calls a second lets one through, or twenty at once
# Field: resilience
# Packages: throttled-py==3.5.0
# Expected: per_sec(10, burst=1) admits a call every tenth of a second; a burst of 10 admits 10 at once and then 10 a second.
# Seen: 2026-11-30. With burst=1 four to six calls pass in 4.5 s instead of 45, and with burst=10 the second ten pass as soon as the clock shows the next second: both buckets read the time in whole seconds. using="gcra" keeps to the rate.
# For our users: Take gcra for the limits of an endpoint. With the buckets a panel waits ten times as long as it must, or sends two bursts where the endpoint allows one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check throttled-py==3.5.0
cat > seen.txt <<'END'
token_bucket burst 1 calls in 4.5 s at most 6: True
token_bucket burst 10 more than 4 calls above 10 and 10 a second: True
leaking_bucket burst 1 calls in 4.5 s at most 6: True
leaking_bucket burst 10 more than 4 calls above 10 and 10 a second: True
gcra burst 1 calls in 4.5 s at most 6: False
gcra burst 10 more than 4 calls above 10 and 10 a second: False
END
cat > program.py <<'END'
import time

from throttled import Throttled, rate_limiter, store


def admitted(using, burst, until_s):
    quota = rate_limiter.per_sec(10, burst=burst)
    limiter = Throttled(key="endpoint", using=using, quota=quota, store=store.MemoryStore())
    begun, times = time.monotonic(), []
    while (now := time.monotonic() - begun) < until_s:
        if not limiter.limit().limited:
            times.append(now)
        time.sleep(0.005)
    return times


for using in ("token_bucket", "leaking_bucket", "gcra"):
    print(using, "burst 1 calls in 4.5 s at most 6:", len(admitted(using, 1, 4.5)) <= 6)
    most = 0
    for _ in range(5):
        time.sleep((0.85 - time.time()) % 1)  # until shortly before a whole second
        times = admitted(using, 10, 1)
        most = max(most, *(count - 10 - 10 * at for count, at in enumerate(times, start=1)))
    print(using, "burst 10 more than 4 calls above 10 and 10 a second:", most > 4)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
