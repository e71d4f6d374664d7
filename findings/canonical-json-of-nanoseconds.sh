#!/usr/bin/env bash
# Title: Canonical JSON of a time in nanoseconds: refused, rounded or exact, by package
# Field: canonical encodings
# Packages: rfc8785==0.1.4 jcs==0.2.1 canonicaljson==2.0.0
# Expected: Two implementations of RFC 8785 give the same bytes for the same value, or both refuse it.
# Seen: 2026-11-29. rfc8785 raises, jcs writes another number, canonicaljson (Matrix rules) keeps it, and writes 1e-7 and 1.0 in its own way.
# For our users: What is signed or hashed should hold times as text, or as integers below 2**53.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check rfc8785==0.1.4 jcs==0.2.1 canonicaljson==2.0.0
cat > seen.txt <<'END'
1700000000123456789 ['IntegerDomainError', '1700000000123456800', '1700000000123456789']
9007199254740992 ['IntegerDomainError', '9007199254740992', '9007199254740992']
1.0 ['1', '1', '1.0']
1e-07 ['1e-7', '1e-7', '1e-07']
END
cat > program.py <<'END'
import canonicaljson
import jcs
import rfc8785

for value in (1700000000123456789, 2**53, 1.0, 1e-7):
    given = []
    for encode in (rfc8785.dumps, jcs.canonicalize, canonicaljson.encode_canonical_json):
        try:
            given.append(encode(value).decode())
        except Exception as error:
            given.append(type(error).__name__)
    print(value, given)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
