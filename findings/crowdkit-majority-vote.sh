#!/usr/bin/env bash
# Title: crowd-kit's MajorityVote: ties go to the first row, one worker's repeats outvote two, a missing answer shrinks the panel
# Field: annotator agreement
# Packages: crowd-kit==1.4.2
# Expected: A vote for each worker, a tie told or drawn at random with a seed, a missing answer counted as no vote for anything.
# Seen: 2026-11-30. The order of the rows decides a tie; three rows of one worker beat two others; of three workers, one who answers beats two who did not.
# For our users: Drop repeats, and count quorums of all who were asked, before aggregating with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check crowd-kit==1.4.2
cat > seen.txt <<'END'
tie, b first: b
tie, a first: a
b three times by one worker, a by two others: b
a by one of three, the others without an answer: a with probability 1.0
END
cat > program.py <<'END'
import pandas as pd
from crowdkit.aggregation import MajorityVote


def table(*rows):
    return pd.DataFrame([("q", worker, label) for worker, label in rows], columns=["task", "worker", "label"])


def winner(frame):
    return MajorityVote().fit_predict(frame)["q"]


print("tie, b first:", winner(table(("m1", "b"), ("m2", "a"))))
print("tie, a first:", winner(table(("m2", "a"), ("m1", "b"))))
repeats = table(("m1", "b"), ("m1", "b"), ("m1", "b"), ("m2", "a"), ("m3", "a"))
print("b three times by one worker, a by two others:", winner(repeats))
missing = table(("m1", None), ("m2", None), ("m3", "a"))
share = MajorityVote().fit_predict_proba(missing)
print("a by one of three, the others without an answer: a with probability", float(share.loc["q", "a"]))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
