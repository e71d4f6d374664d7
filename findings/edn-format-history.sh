#!/usr/bin/env bash
# Title: Of a history of four operations in EDN, edn_format's loads reads the first and says nothing of the rest
# Field: model checkers' traces
# Packages: edn_format==0.8.0
# Expected: Text after the value is an error, as for json.loads, or all values are read: histories of Jepsen hold one map after the other. Sets and maps keep values that differ in EDN.
# Seen: 2026-11-30. loads returns the first operation; loads_all reads all. A read of 1 after a write of 2 was acknowledged is then no longer there to be found. 1 and true, or \a and "a", become one member of a set, and one key of a map, of which the last value stays.
# For our users: Take loads_all and compare the number of operations with the number of lines; do not count answers that are maps' keys or sets' members.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check edn_format==0.8.0
cat > seen.txt <<'END'
lines 4 loads 1 operation, f read, value 0
loads_all 4 operations, last value 1
json.loads of two values: JSONDecodeError
a set of 4 values read as 2
votes {1 3, true 4} read as {1: 4}
END
cat > program.py <<'END'
import json

import edn_format

HISTORY = """\
{:process 0, :type :ok, :f :read, :value 0}
{:process 1, :type :ok, :f :write, :value 1}
{:process 1, :type :ok, :f :write, :value 2}
{:process 0, :type :ok, :f :read, :value 1}
"""
F, VALUE = edn_format.Keyword("f"), edn_format.Keyword("value")
first = edn_format.loads(HISTORY)
print("lines", len(HISTORY.splitlines()), f"loads 1 operation, f {first[F].name}, value {first[VALUE]}")
every = edn_format.loads_all(HISTORY)
print("loads_all", len(every), "operations, last value", every[-1][VALUE])
try:
    json.loads('{"value": 0} {"value": 1}')
except json.JSONDecodeError as error:
    print("json.loads of two values:", type(error).__name__)
print("a set of 4 values read as", len(edn_format.loads('#{1 true \\a "a"}')))
print("votes {1 3, true 4} read as", dict(edn_format.loads("{1 3, true 4}")))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
