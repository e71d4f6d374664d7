#!/usr/bin/env bash
# Title: A SimPy process that fails after its deadline has passed ends the whole simulation
# Field: simulation
# Packages: simpy==4.1.2
# Expected: Whoever waited for `call | timeout` went on after the timeout; a later failure of the call concerns nobody.
# Seen: 2026-11-29. At time 1 the waiter goes on, at time 2 the call fails and run() raises its error; the waiter never reaches its end.
# For our users: A simulated call with a deadline has to be defused, interrupted or made to return its error as a value.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check simpy==4.1.2
cat > seen.txt <<'END'
time 1 deadline passed, going on
time 2 run() raised: model does not answer
END
cat > program.py <<'END'
import simpy

env = simpy.Environment()

def call():
    yield env.timeout(2)
    raise ConnectionError("model does not answer")

def waiter():
    yield env.process(call()) | env.timeout(1)
    print("time", env.now, "deadline passed, going on")
    yield env.timeout(5)
    print("time", env.now, "end")

env.process(waiter())
try:
    env.run()
except ConnectionError as error:
    print("time", env.now, "run() raised:", error)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
