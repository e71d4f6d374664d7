#!/usr/bin/env bash
# Title: cbor2's canonical maps follow the older of the two CBOR orders
# Field: canonical encodings
# Packages: cbor2==6.3.0
# Expected: canonical=True gives the deterministic encoding of RFC 8949, section 4.2.1: keys in bytewise order, 10, 100, -1.
# Seen: 2026-11-29. The order is by length first (RFC 7049): 10, -1, 100. Text keys do not show the difference.
# For our users: Digests of messages with integer keys differ from those of peers that follow section 4.2.1; use text keys.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check cbor2==6.3.0
cat > seen.txt <<'END'
cbor2    [10, -1, 100]
bytewise [10, 100, -1]
text keys agree: True
END
cat > program.py <<'END'
import cbor2

message = {10: "view", 100: "sequence", -1: "digest"}
print("cbor2   ", list(cbor2.loads(cbor2.dumps(message, canonical=True))))
print("bytewise", sorted(message, key=cbor2.dumps))
print("text keys agree:", list(cbor2.loads(cbor2.dumps({"b": 1, "aa": 2, "a": 3}, canonical=True)))
      == sorted(["b", "aa", "a"], key=cbor2.dumps))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
