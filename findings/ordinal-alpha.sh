#!/usr/bin/env bash
# Title: Krippendorff's ordinal alpha is not what irrCAC's ordinal weights give
# Field: annotator agreement
# Packages: irrCAC==0.4.4 krippendorff==0.9.0 numpy==1.26.4 pandas==2.3.3 scipy==1.12.0
# Expected: Krippendorff's alpha of ordinal answers, with his distance between ranks, from both packages, as they agree on nominal and interval answers.
# Seen: 2026-11-30. 0.633 against 0.620 for the same complete table of grades: irrCAC's weights count places between two grades, his distance counts how many answers lie there. The formula written out gives 0.620.
# For our users: Say which package an ordinal agreement comes from; the two cannot be compared, and thresholds for alpha were stated for his.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check irrCAC==0.4.4 krippendorff==0.9.0 numpy==1.26.4 pandas==2.3.3 scipy==1.12.0
cat > seen.txt <<'END'
nominal formula 0.4978 krippendorff 0.4978 irrCAC 0.4978
ordinal formula 0.6197 krippendorff 0.6197 irrCAC 0.6328
interval formula 0.6381 krippendorff 0.6381 irrCAC 0.6381
END
cat > program.py <<'END'
from collections import Counter
from itertools import permutations

import krippendorff
import pandas as pd
from irrCAC.raw import CAC

GRADES = [[1, 2, 3, 5, 5, 2, 4, 1], [1, 3, 3, 5, 4, 2, 4, 1], [2, 2, 3, 5, 5, 1, 4, 5]]  # a row for each model


def formula(distance):
    units = list(zip(*GRADES))
    counts = Counter(grade for unit in units for grade in unit)
    total = counts.total()
    seen = sum(distance(a, b, counts) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2)) / total
    chance = sum(counts[a] * counts[b] * distance(a, b, counts) for a in counts for b in counts)
    return 1 - seen / (chance / (total * (total - 1)))


def nominal(a, b, counts):
    return a != b


def ordinal(a, b, counts):
    between = sum(number for grade, number in counts.items() if min(a, b) <= grade <= max(a, b))
    return (between - (counts[a] + counts[b]) / 2) ** 2


def interval(a, b, counts):
    return (a - b) ** 2


for level, distance, weights in (("nominal", nominal, "identity"), ("ordinal", ordinal, "ordinal"),
                                 ("interval", interval, "quadratic")):
    table = CAC(pd.DataFrame(GRADES).T, weights=weights)
    print(level, "formula", f"{formula(distance):.4f}",
          "krippendorff", f"{krippendorff.alpha(GRADES, level_of_measurement=level):.4f}",
          "irrCAC", f"{table.krippendorff()['est']['coefficient_value']:.4f}")
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
