#!/usr/bin/env bash
# Title: Where every answer is the same, four agreement packages give 1, nan or an error
# Field: annotator agreement
# Packages: krippendorff==0.9.0 nltk==3.10.4 scikit-learn==1.9.1 simpledorff==0.0.2 pandas==3.1.1
# Expected: One convention: the chance-corrected coefficient is 0/0 there.
# Seen: 2026-11-29. The same table of unanimous answers is 1, nan, a ValueError or a ZeroDivisionError, by package.
# For our users: Handle unanimous panels before calling any of them; a mean over several panels is nan, too high or never computed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check krippendorff==0.9.0 nltk==3.10.4 scikit-learn==1.9.1 simpledorff==0.0.2 pandas==3.1.1
cat > seen.txt <<'END'
krippendorff alpha ValueError
nltk alpha 1.0
simpledorff alpha ZeroDivisionError
scikit-learn kappa nan
END
cat > program.py <<'END'
import warnings

import krippendorff
import pandas as pd
from nltk.metrics.agreement import AnnotationTask
from simpledorff import calculate_krippendorffs_alpha_for_df as simpledorff
from sklearn.metrics import cohen_kappa_score

warnings.simplefilter("ignore")
rows = [(who, item, "yes") for item in ("q1", "q2", "q3") for who in ("m1", "m2")]
long = pd.DataFrame(rows, columns=["who", "item", "label"])
wide = pd.DataFrame({"m1": ["yes"] * 3, "m2": ["yes"] * 3})
for name, compute in {
    "krippendorff alpha": lambda: krippendorff.alpha([[1, 1, 1], [1, 1, 1]], level_of_measurement="nominal"),
    "nltk alpha": lambda: AnnotationTask(rows).alpha(),
    "simpledorff alpha": lambda: simpledorff(long, experiment_col="item", annotator_col="who", class_col="label"),
    "scikit-learn kappa": lambda: cohen_kappa_score(wide.m1, wide.m2),
}.items():
    try:
        print(name, float(compute()))
    except Exception as error:
        print(name, type(error).__name__)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
