#!/usr/bin/env bash
# Title: A SimPy get that lost against a timeout still takes the next item
# Field: simulation
# Packages: simpy==4.1.2
# Expected: A process that stopped waiting takes nothing any more; requests of a resource are known to need a release, items less so.
# Seen: 2026-11-29. The message put after the deadline disappears: it is neither delivered nor in the store. With a cancel it stays.
# For our users: In a model with receive deadlines write `with store.get() as event:` or cancel it, or messages are lost without a fault.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check simpy==4.1.2
cat > seen.txt <<'END'
left in the inbox: [] with cancel: ['vote']
END
cat > program.py <<'END'
import simpy

def run(cancel):
    env = simpy.Environment()
    inbox = simpy.Store(env)

    def receiver():
        event = inbox.get()
        got = yield event | env.timeout(1)
        if cancel and event not in got:
            event.cancel()

    def sender():
        yield env.timeout(2)
        yield inbox.put("vote")

    env.process(receiver())
    env.process(sender())
    env.run()
    return inbox.items

print("left in the inbox:", run(cancel=False), "with cancel:", run(cancel=True))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
