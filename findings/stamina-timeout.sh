#!/usr/bin/env bash
# Title: stamina's timeout, the maximum total time, is overrun by a whole wait
# Field: resilience
# Packages: stamina==26.1.0 tenacity==9.2.1
# Expected: Documented as the maximum total time for all retries: with 2 s no attempt begins later than 2 s.
# Seen: 2026-11-29. The third attempt begins after 3 s: the limit is looked at before a wait that leads past it.
# For our users: A deadline for a model's call needs a timeout around the whole, such as asyncio.timeout.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check stamina==26.1.0 tenacity==9.2.1
cat > seen.txt <<'END'
attempts 3 last begun after more than 2.9 s: True
END
cat > program.py <<'END'
import time

import stamina

begun = []

@stamina.retry(on=ConnectionError, attempts=10, timeout=2, wait_initial=1, wait_jitter=0)
def ask():
    begun.append(time.monotonic())
    raise ConnectionError

try:
    ask()
except ConnectionError:
    pass
print("attempts", len(begun), "last begun after more than 2.9 s:", begun[-1] - begun[0] > 2.9)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
