#!/usr/bin/env bash
# Title: Two models that are both right on seven of seven differ significantly, by reliability's two_proportion_test
# Field: statistics
# Packages: reliability==0.9.0 scipy==1.15.2
# Expected: Bounds on a difference that include 0 are "non-significant", as its documentation says; for two equal samples the difference is 0.
# Seen: 2026-11-30. Where both samples are all successes or all failures the bounds are 0 and 0, and the result is "significant", for any number of trials; Fisher's exact test gives p = 1. Where each has one failure the bounds are right and wide.
# For our users: Easy questions are answered by all models alike. Compare with an exact test, or an interval that keeps its width at 0 and 1 (Wilson, Newcombe).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check reliability==0.9.0 scipy==1.15.2
cat > seen.txt <<'END'
7 of 7 and 7 of 7: bounds 0.00 0.00 significant; Fisher's p 1.00
6 of 7 and 6 of 7: bounds -0.37 0.37 non-significant; Fisher's p 1.00
0 of 100 and 0 of 10: bounds 0.00 0.00 significant; Fisher's p 1.00
END
cat > program.py <<'END'
from reliability.Reliability_testing import two_proportion_test
from scipy.stats import fisher_exact

for first, second in (((7, 7), (7, 7)), ((6, 7), (6, 7)), ((0, 100), (0, 10))):
    lower, upper, result = two_proportion_test(
        sample_1_successes=first[0], sample_1_trials=first[1],
        sample_2_successes=second[0], sample_2_trials=second[1], print_results=False)
    p = fisher_exact([[right, total - right] for right, total in (first, second)]).pvalue
    print(f"{first[0]} of {first[1]} and {second[0]} of {second[1]}:",
          f"bounds {lower:.2f} {upper:.2f} {result}; Fisher's p {p:.2f}")
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
