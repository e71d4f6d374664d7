#!/usr/bin/env bash
# Title: Of two models with the same score on every task, baycomp finds the first one better with probability 0.7
# Field: statistics
# Packages: baycomp==1.0.3 numpy==2.4.6 scipy==1.17.1
# Expected: Equal scores speak for neither: two_on_multiple gives a half each, and the same when the two are swapped.
# Seen: 2026-11-30. Its default, the signed-rank test, gives the first more than 0.6 whichever is named first: draws that are equal up to rounding go to it. The sign test gives nan, and certainty (1.0) to a model that is ahead on one task of five and equal on four.
# For our users: Models of a panel often tie. Pass a region of practical equivalence (rope above 0), with which both tests call the equal ones equivalent.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check baycomp==1.0.3 numpy==2.4.6 scipy==1.17.1
cat > seen.txt <<'END'
equal scores, signed-rank: the first better with more than 0.6: True
equal scores, sign: [nan, nan]
equal scores, rope 0.01, signed-rank [0.0, 1.0, 0.0]
equal scores, rope 0.01, sign [0.0, 1.0, 0.0]
second ahead on one of five, sign: [0.0, 1.0] swapped: [1.0, 0.0]
END
cat > program.py <<'END'
import numpy as np
from baycomp import SignedRankTest, SignTest, two_on_multiple

scores = np.array([0.8, 0.7, 0.9, 0.6, 0.5])


def shares(first, second, test, rope=0):
    return [float(share) for share in test.probs(first, second, rope, random_state=1)]


first = two_on_multiple(scores, scores.copy(), random_state=1)[0]
print("equal scores, signed-rank: the first better with more than 0.6:", bool(first > 0.6))
print("equal scores, sign:", shares(scores, scores.copy(), SignTest))
print("equal scores, rope 0.01, signed-rank", shares(scores, scores.copy(), SignedRankTest, rope=0.01))
print("equal scores, rope 0.01, sign", shares(scores, scores.copy(), SignTest, rope=0.01))
ahead = scores + [0.1, 0, 0, 0, 0]
print("second ahead on one of five, sign:", shares(scores, ahead, SignTest), "swapped:", shares(ahead, scores, SignTest))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
