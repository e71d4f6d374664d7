#!/usr/bin/env bash
# Title: A judge that finds one wrong answer in two has a recall of 0.5 by scikit-learn and 0.9 by confidenceinterval
# Field: statistics
# Packages: confidenceinterval==1.0.5 scikit-learn==1.9.1 numpy==2.2.4 pandas==2.2.3 scipy==1.15.2
# Expected: The package says that it has scikit-learn's naming convention and interface: recall_score, precision_score and f1_score of the same labels are the same numbers, and bounds of a share stay within 0 and 1.
# Seen: 2026-11-30. Without average= it takes the micro average, in which all three are the accuracy: 0.9 with an upper bound of 1.03. average="binary" raises for recall and precision unless a method is named, too.
# For our users: Name average and method, and compare the point with scikit-learn's before you quote the interval.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check confidenceinterval==1.0.5 scikit-learn==1.9.1 numpy==2.2.4 pandas==2.2.3 scipy==1.15.2
cat > seen.txt <<'END'
accuracy_score scikit-learn 0.9 confidenceinterval 0.9
recall_score scikit-learn 0.5 confidenceinterval 0.9 upper bound 1.03
precision_score scikit-learn 0.5 confidenceinterval 0.9 upper bound 1.03
f1_score scikit-learn 0.5 confidenceinterval 0.9 upper bound 1.03
recall_score binary AssertionError
recall_score binary by Wilson 0.5
END
cat > program.py <<'END'
import confidenceinterval
from sklearn import metrics

WRONG = [1, 1] + [0] * 18  # of twenty answers, those that are wrong
FLAGGED = [1, 0] + [0] * 17 + [1]
print("accuracy_score scikit-learn", metrics.accuracy_score(WRONG, FLAGGED),
      "confidenceinterval", round(float(confidenceinterval.accuracy_score(WRONG, FLAGGED)[0]), 2))
for name in ("recall_score", "precision_score", "f1_score"):
    point, (_, upper) = getattr(confidenceinterval, name)(WRONG, FLAGGED)
    print(name, "scikit-learn", getattr(metrics, name)(WRONG, FLAGGED),
          "confidenceinterval", round(float(point), 2), "upper bound", round(float(upper), 2))
try:
    print(confidenceinterval.recall_score(WRONG, FLAGGED, average="binary"))
except AssertionError as error:
    print("recall_score binary", type(error).__name__)
point, _ = confidenceinterval.recall_score(WRONG, FLAGGED, average="binary", method="wilson")
print("recall_score binary by Wilson", round(float(point), 2))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
