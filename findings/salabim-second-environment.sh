#!/usr/bin/env bash
# Title: A second salabim environment restarts the random numbers of the first
# Field: simulation
# Packages: salabim==26.0.9 greenlet==3.5.6
# Expected: A seed belongs to the environment it is given to; replications made one after the other differ.
# Seen: 2026-11-29. Every new Environment() seeds Python's one global generator with 1234567: the running one repeats its draws, and so do replications.
# For our users: For a comparison with salabim give each replication its own random_seed, and never have two environments at once.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check salabim==26.0.9 greenlet==3.5.6
cat > seen.txt <<'END'
first environment  [0.963143, 0.235733, 0.581483]
after the second   [0.963143, 0.235733, 0.581483]
global generator is that of seed 1234567: True
END
cat > program.py <<'END'
import random

import salabim as sim

first = sim.Environment()
before = [round(sim.Uniform(0, 1).sample(), 6) for _ in range(3)]
second = sim.Environment()
after = [round(sim.Uniform(0, 1).sample(), 6) for _ in range(3)]
print("first environment ", before)
print("after the second  ", after)
random.seed(42)
sim.Environment()
print("global generator is that of seed 1234567:", random.random() == random.Random(1234567).random())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
