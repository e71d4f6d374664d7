#!/usr/bin/env bash
# Title: A trailing 0 in a NumPy seed list is no seed: [7, 0] gives the stream of 7
# Field: simulation
# Packages: numpy==2.4.6
# Expected: default_rng([seed, replica]) has a stream of its own for every replica, the one numbered 0 too.
# Seen: 2026-11-29. [7, 0], [7, 0, 0] and 7 are one stream; [7, 1] differs. Entropy and spawn key can meet in the same way.
# For our users: Draws of replica 0 repeat those of the plain seed: number from 1, or use spawn keys, as bft.randomness does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check numpy==2.4.6
cat > seen.txt <<'END'
7 same as 7: True
[7] same as 7: True
[7, 0] same as 7: True
[7, 0, 0] same as 7: True
[7, 1] same as 7: False
[7] with spawn key 3 same as [7, 0, 0, 0, 3]: True
spawn keys (), (0,), (0, 0) differ: True
END
cat > program.py <<'END'
from numpy.random import SeedSequence, default_rng

first = {str(seed): float(default_rng(seed).random()) for seed in (7, [7], [7, 0], [7, 0, 0], [7, 1])}
for name, value in first.items():
    print(name, "same as 7:", value == first["7"])
child, flat = SeedSequence([7], spawn_key=(3,)), SeedSequence([7, 0, 0, 0, 3])
print("[7] with spawn key 3 same as [7, 0, 0, 0, 3]:",
      child.generate_state(4).tolist() == flat.generate_state(4).tolist())
keys = [SeedSequence(7, spawn_key=key).generate_state(4).tolist() for key in ((), (0,), (0, 0))]
print("spawn keys (), (0,), (0, 0) differ:", all(keys[i] != keys[j] for i, j in ((0, 1), (0, 2), (1, 2))))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
