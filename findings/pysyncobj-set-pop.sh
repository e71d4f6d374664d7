#!/usr/bin/env bash
# Title: pop on a replicated set of pysyncobj takes another member on each replica
# Field: replicated data
# Packages: pysyncobj==0.3.17
# Expected: After the same log of commands every replica of a ReplSet holds the same members; only which member pop takes is arbitrary.
# Seen: 2026-11-30. The log holds "pop", and each replica pops whatever its own set gives, which depends on the seed of Python's string hashes: drawn anew for each process by default, fixed to three values here. The caller is told one model, the other replicas remove others, and nothing reports it.
# For our users: In a replicated state machine choose first and log the choice: discard(min(members)) instead of pop().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pysyncobj==0.3.17
cat > seen.txt <<'END'
replicas 3 that applied every command 3
members on each replica [7, 7, 7]
the popped member is gone on every replica: False
all replicas hold the same members: False
END
cat > program.py <<'END'
import json
import os
import socket
import subprocess
import sys
import time


def wait(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def replica(number, ports):
    from pysyncobj import SyncObj
    from pysyncobj.batteries import ReplCounter, ReplSet

    addresses = [f"127.0.0.1:{port}" for port in ports]
    own = addresses.pop(number)
    members, done = ReplSet(), ReplCounter()
    node = SyncObj(own, addresses, consumers=[members, done])
    wait(node.isReady)
    popped = None
    if number == 0:
        for model in range(8):
            members.add(f"model-{model}", sync=True)
        popped = members.pop(sync=True)
        done.inc(sync=True)
    wait(lambda: done.get() == 1)
    print(json.dumps([done.get(), sorted(members.rawData()), popped]), flush=True)
    sys.stdin.readline()  # stays until every replica has applied the log
    node.destroy()


def main():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [str(server.getsockname()[1]) for server in sockets]
    for server in sockets:
        server.close()
    replicas = [subprocess.Popen([sys.executable, "-W", "ignore", __file__, str(number), *ports], text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 env={**os.environ, "PYTHONHASHSEED": str(number + 1)}) for number in range(3)]
    answers = [json.loads(process.stdout.readline()) for process in replicas]
    for process in replicas:
        process.communicate("\n")
    popped = answers[0][2]
    print("replicas", len(answers), "that applied every command", sum(done for done, _, _ in answers))
    print("members on each replica", [len(members) for _, members, _ in answers])
    print("the popped member is gone on every replica:", all(popped not in members for _, members, _ in answers))
    print("all replicas hold the same members:", all(members == answers[0][1] for _, members, _ in answers))


if len(sys.argv) > 1:
    replica(int(sys.argv[1]), sys.argv[2:])
else:
    main()
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
