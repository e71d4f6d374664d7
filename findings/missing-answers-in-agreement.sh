#!/usr/bin/env bash
# Title: Missing answers become a category in statsmodels and scikit-learn, and end nltk's kappa
# Field: annotator agreement
# Packages: statsmodels==0.15.0 scikit-learn==1.9.1 nltk==3.10.4 pandas==3.1.1
# Expected: A missing answer is left out, or refused as statsmodels says of data that are no integers: no answer is no agreement.
# Seen: 2026-11-29. statsmodels: items nobody answered lift kappa from -0.2 to 0.52. scikit-learn: NaN is a label among texts. nltk: RuntimeError.
# For our users: Drop unanswered items before computing kappa over a panel's recorded answers; nltk's alpha can do without them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check statsmodels==0.15.0 scikit-learn==1.9.1 nltk==3.10.4 pandas==3.1.1
cat > seen.txt <<'END'
statsmodels answered categories [0, 1] kappa -0.2
statsmodels with unanswered categories [0.0, 1.0, nan] kappa 0.52
scikit-learn 0.0 without the missing -1.0
nltk alpha 0.0
nltk kappa RuntimeError
END
cat > program.py <<'END'
import numpy as np
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

answers = [[0, 1], [1, 0], [1, 1], [0, 1], [0, 0]]
silent = [[np.nan, np.nan]] * 5
for name, data in (("answered", answers), ("with unanswered", answers + silent)):
    counts, categories = aggregate_raters(data)
    print("statsmodels", name, "categories", categories.tolist(), "kappa", round(float(fleiss_kappa(counts)), 3))
none = float("nan")
print("scikit-learn", cohen_kappa_score(["y", "n", none], ["n", "y", none]), "without the missing",
      cohen_kappa_score(["y", "n"], ["n", "y"]))
task = AnnotationTask([("m1", "q1", "y"), ("m2", "q1", "y"), ("m1", "q2", "n"), ("m2", "q2", "y"), ("m1", "q3", "n")])
print("nltk alpha", task.alpha())
try:
    print("nltk kappa", task.kappa())
except RuntimeError:
    print("nltk kappa RuntimeError")
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
