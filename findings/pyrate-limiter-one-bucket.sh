#!/usr/bin/env bash
# Title: One budget for all endpoints: a pyrate-limiter Limiter made from a rate does not look at the name
# Field: resilience
# Packages: pyrate-limiter==4.5.1
# Expected: try_acquire(name) limits each name by itself: its README lists limits for each key among the features and draws a factory that routes each key to its bucket.
# Seen: 2026-11-30. Two calls a second: two calls to one endpoint use up the budget of a second one that was not called yet, also by decorators of two names. All names share one bucket unless one writes a BucketFactory. A call of more weight than the limit is refused with False now and for ever, which reads as "not yet".
# For our users: One Limiter for each endpoint, or half of a panel waits for the other half.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pyrate-limiter==4.5.1
cat > seen.txt <<'END'
one limiter: a True, a True, b False, b False
one limiter for each: a True, a True, b True, b True
weight 3 of 2 in an empty bucket: False
END
cat > program.py <<'END'
from pyrate_limiter import Duration, Limiter, Rate

RATE = Rate(2, Duration.MINUTE)


def tried(limiters):
    return ", ".join(f"{name} {limiters[name].try_acquire(name, blocking=False)}" for name in "aabb")


shared = Limiter(RATE)
print("one limiter:", tried({"a": shared, "b": shared}))
print("one limiter for each:", tried({"a": Limiter(RATE), "b": Limiter(RATE)}))
print("weight 3 of 2 in an empty bucket:", Limiter(RATE).try_acquire("a", weight=3, blocking=False))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
