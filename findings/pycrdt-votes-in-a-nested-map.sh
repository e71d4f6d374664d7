#!/usr/bin/env bash
# Title: Two replicas that each put their first vote into a pycrdt document keep one of the two
# Field: replicated data
# Packages: pycrdt==0.14.13
# Expected: Votes under different names, written at the same time on two replicas, are both there after the replicas have exchanged their updates.
# Seen: 2026-11-30. Only if the map of votes is a root of the document. A map inside of a map is made by each replica that finds none, and the one of the larger client number replaces the other with all its votes, on both replicas and for good. Client numbers are drawn at random, so who loses differs from run to run. A vote's integers come back as floats, but from 2**53 as integers.
# For our users: Make the structure once before replicas part, or only roots; compare numbers, not their texts or digests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pycrdt==0.14.13
cat > seen.txt <<'END'
votes in a root ['n1', 'n2'] on both replicas: True
votes in a nested map, clients 1 and 2 ['n2'] on both replicas: True
votes in a nested map, clients 2 and 1 ['n1'] on both replicas: True
written 7 read 7.0
written 9007199254740993 read 9007199254740993
END
cat > program.py <<'END'
from pycrdt import Doc, Map


def vote(document, node, nested):
    ballot = document.get("ballot", type=Map)
    if not nested:
        ballot[node] = "approve"
        return
    if "votes" not in ballot:
        ballot["votes"] = Map()
    ballot["votes"][node] = "approve"


def votes(document, nested):
    ballot = document.get("ballot", type=Map)
    return sorted(ballot["votes"] if nested else ballot)


def exchanged(clients, nested):
    replicas = [Doc(client_id=client) for client in clients]
    for node, replica in zip(("n1", "n2"), replicas):
        vote(replica, node, nested)
    updates = [replica.get_update() for replica in replicas]
    for replica, update in zip(replicas, reversed(updates)):
        replica.apply_update(update)
    first, second = (votes(replica, nested) for replica in replicas)
    return f"{first} on both replicas: {first == second}"


print("votes in a root", exchanged((1, 2), nested=False))
for clients in ((1, 2), (2, 1)):
    print("votes in a nested map, clients", clients[0], "and", clients[1], exchanged(clients, nested=True))
message = Doc().get("message", type=Map)
for number in (7, 2**53 + 1):
    message["view"] = number
    print("written", number, "read", message["view"])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
