#!/usr/bin/env bash
# Title: SimPy's PriorityStore hands out items of one priority in another order than they came
# Field: simulation
# Packages: simpy==4.1.2
# Expected: First in, first out among items of the same priority, as PriorityResource serves its requests.
# Seen: 2026-11-29. One urgent item is taken, then six equal ones put in the order 1 to 6 come out in another.
# For our users: A network that queues messages by priority has to put a running number into the key, or links reorder messages.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check simpy==4.1.2
cat > seen.txt <<'END'
[0, 2, 5, 6, 4, 1, 3]
END
cat > program.py <<'END'
import simpy

env = simpy.Environment()
store = simpy.PriorityStore(env)
for number in range(7):
    store.put(simpy.PriorityItem(0 if number == 0 else 1, number))

def drain():
    order = []
    while store.items:
        order.append((yield store.get()).item)
    print(order)

env.process(drain())
env.run()
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
