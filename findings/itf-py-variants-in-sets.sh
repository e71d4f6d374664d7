#!/usr/bin/env bash
# Title: A prevote and a precommit of one node become one message when itf-py reads a trace
# Field: model checkers' traces
# Packages: itf-py==0.5.0
# Expected: A set of three messages in a trace of Apalache or Quint is read as a set of three; values of a sum type with other tags differ, and so do numbers and Booleans.
# Seen: 2026-11-30. Variants become named tuples, which Python compares by their fields alone: Prevote and Precommit of the same fields are equal, and the frozenset keeps one. Written back, the trace has two messages; a map with such keys loses one, too.
# For our users: Count votes of a counterexample in its JSON, or give the variants of messages fields of other numbers or values (a field that holds the kind).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check itf-py==0.5.0
cat > seen.txt <<'END'
in the file 3 read 2 written back 2
Prevote of n1 equals Precommit of n1: True
votes by message in the file 2 read 1
variants written back ['Prevote']
END
cat > program.py <<'END'
from itf_py import trace_from_json, trace_to_json


def vote(kind, node):
    return {"tag": kind, "value": {"node": node, "block": "b1"}}


SENT = [vote("Prevote", "n1"), vote("Precommit", "n1"), vote("Prevote", "n2")]
TRACE = {
    "#meta": {"format": "ITF", "varTypes": {"sent": "Set(Message)", "stake": "Message -> Int"}},
    "vars": ["sent", "stake"],
    "states": [{"#meta": {"index": 0}, "sent": {"#set": SENT},
                "stake": {"#map": [[SENT[0], {"#bigint": "1"}], [SENT[1], {"#bigint": "2"}]]}}],
}
trace = trace_from_json(TRACE)
values = trace.states[0].values
written = trace_to_json(trace)["states"][0]["sent"]["#set"]
print("in the file", len(SENT), "read", len(values["sent"]), "written back", len(written))
prevote, precommit = (next(iter(trace_from_json({"vars": ["m"], "states": [{"m": {"#set": [message]}}]})
                                .states[0].values["m"])) for message in SENT[:2])
print("Prevote of n1 equals Precommit of n1:", prevote == precommit)
print("votes by message in the file", len(TRACE["states"][0]["stake"]["#map"]), "read", len(values["stake"]))
print("variants written back", sorted({message["tag"] for message in written}))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
