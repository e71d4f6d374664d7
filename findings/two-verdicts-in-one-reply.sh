#!/usr/bin/env bash
# Title: Of two opposite verdicts in one reply, json_repair keeps the last and dirtyjson the first
# Field: LLM clients
# Packages: json_repair==0.64.6 dirtyjson==1.0.8
# Expected: Two JSON objects in one reply give both, as two objects with different keys do in json_repair, or an error.
# Seen: 2026-11-29. Objects with the same keys give one verdict, the opposite one by the parser; json_repair refuses with strict=True only.
# For our users: A reply that contradicts itself should abstain: count the objects before a lenient parser sees it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check json_repair==0.64.6 dirtyjson==1.0.8
cat > seen.txt <<'END'
{"vote": "accept"} {"vote": "reject"} json_repair {'vote': 'reject'} dirtyjson {'vote': 'accept'}
{"vote": "accept", "vote": "reject"} json_repair {'vote': 'reject'} dirtyjson {'vote': 'reject'}
strict: ValueError
other keys: [{'vote': 'accept'}, {'reason': 'sum is right'}]
END
cat > program.py <<'END'
import dirtyjson
import json_repair

for reply in ('{"vote": "accept"} {"vote": "reject"}', '{"vote": "accept", "vote": "reject"}'):
    print(reply, "json_repair", json_repair.loads(reply), "dirtyjson", dict(dirtyjson.loads(reply)))
try:
    json_repair.loads('{"vote": "accept"} {"vote": "reject"}', strict=True)
except ValueError:
    print("strict: ValueError")
print("other keys:", json_repair.loads('{"vote": "accept"} {"reason": "sum is right"}'))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
