#!/usr/bin/env bash
# Title: Valid votes of two validators for one block do not verify together in py_ecc's G2Basic
# Field: signatures
# Packages: py_ecc==8.0.0
# Expected: An aggregate of two valid signatures verifies, whether the validators signed the same block or different ones; what a scheme does not allow is an error.
# Seen: 2026-11-30. Of the standard's three schemes the basic one takes no two equal messages, and py_ecc answers False, as it does for a forgery. Votes for different blocks pass, so a test with three different messages sees nothing. G2ProofOfPossession verifies the same aggregate with FastAggregateVerify; G2Basic has no such method.
# For our users: A certificate is many signatures of one message: take G2ProofOfPossession, check each key's proof once, and test with equal votes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check py_ecc==8.0.0
cat > seen.txt <<'END'
G2Basic, each vote for one block: True
G2Basic, aggregate for one block: False
G2Basic, aggregate for two blocks: True
G2ProofOfPossession, proofs of both keys: True
G2ProofOfPossession, aggregate for one block: True
END
cat > program.py <<'END'
from py_ecc.bls import G2Basic, G2ProofOfPossession

SECRETS = [G2Basic.KeyGen(bytes([number]) * 32) for number in (1, 2)]
PUBLIC = [G2Basic.SkToPk(secret) for secret in SECRETS]


def signed(scheme, messages):
    return [scheme.Sign(secret, message) for secret, message in zip(SECRETS, messages)]


same, different = [b"block 7"] * 2, [b"block 7", b"block 8"]
votes = signed(G2Basic, same)
print("G2Basic, each vote for one block:", all(map(G2Basic.Verify, PUBLIC, same, votes)))
print("G2Basic, aggregate for one block:", G2Basic.AggregateVerify(PUBLIC, same, G2Basic.Aggregate(votes)))
print("G2Basic, aggregate for two blocks:",
      G2Basic.AggregateVerify(PUBLIC, different, G2Basic.Aggregate(signed(G2Basic, different))))
possession = G2ProofOfPossession
print("G2ProofOfPossession, proofs of both keys:",
      all(possession.PopVerify(public, possession.PopProve(secret)) for secret, public in zip(SECRETS, PUBLIC)))
print("G2ProofOfPossession, aggregate for one block:",
      possession.FastAggregateVerify(PUBLIC, same[0], possession.Aggregate(signed(possession, same))))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
