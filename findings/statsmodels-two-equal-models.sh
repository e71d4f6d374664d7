#!/usr/bin/env bash
# Title: Two models that are right and wrong on the same questions differ with p = 0, says statsmodels' mcnemar
# Field: statistics
# Packages: statsmodels==0.15.0 scipy==1.17.1
# Expected: Without a question that only one of both got right there is no evidence of a difference: p = 1, as the exact test says, or no value.
# Seen: 2026-11-30. mcnemar(exact=False) divides the 1 of its continuity correction by 0 and returns p = 0; without the correction nan. Ten of ten against ten of ten: the score interval of the difference is a ValueError, the test's p nan, the Wald interval has no width.
# For our users: Clones and strong models agree on every question of a small set. Take exact=True, and Newcombe's or the Agresti-Caffo interval.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check statsmodels==0.15.0 scipy==1.17.1
cat > seen.txt <<'END'
one right alone 0 0 exact 1.0 corrected 0.0 uncorrected nan
one right alone 1 1 exact 1.0 corrected 0.48 uncorrected 1.0
10 of 10 against 10 of 10 score ValueError
10 of 10 against 10 of 10 wald 0.00 to 0.00
10 of 10 against 10 of 10 newcomb -0.28 to 0.28
10 of 10 against 10 of 10 agresti-caffo -0.22 to 0.22
p of the score test nan
END
cat > program.py <<'END'
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

for both_right, only_first, only_second, both_wrong in ((30, 0, 0, 10), (30, 1, 1, 8)):
    table = [[both_right, only_first], [only_second, both_wrong]]
    print("one right alone", only_first, only_second, "exact", float(mcnemar(table, exact=True).pvalue),
          "corrected", round(float(mcnemar(table, exact=False).pvalue), 3),
          "uncorrected", float(mcnemar(table, exact=False, correction=False).pvalue))
for method in ("score", "wald", "newcomb", "agresti-caffo"):
    try:
        low, high = confint_proportions_2indep(10, 10, 10, 10, method=method)
        print("10 of 10 against 10 of 10", method, f"{low:.2f} to {high:.2f}")
    except ValueError as error:
        print("10 of 10 against 10 of 10", method, type(error).__name__)
print("p of the score test", test_proportions_2indep(10, 10, 10, 10, method="score").pvalue)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
