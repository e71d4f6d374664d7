#!/usr/bin/env bash
# Title: After ten of ten, the Sison-Glaz interval of statsmodels has no width; after nine of ten it is 0 to 1
# Field: statistics
# Packages: statsmodels==0.15.0
# Expected: 95 % simultaneous intervals of the shares of outcomes that narrow as runs are added, as Goodman's do.
# Seen: 2026-11-30. method="sison-glaz" gives 1 to 1 for an outcome that ended all of 10 runs, and 0 to 1 for each of three outcomes after 1, 0 and 9.
# For our users: Shares of outcomes are often 0 or 1 in simulations; take Goodman's intervals, or an exact one for each outcome with Bonferroni.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check statsmodels==0.15.0
cat > seen.txt <<'END'
[0, 0, 10] sison-glaz 0.00-0.17 0.00-0.17 1.00-1.00
[0, 0, 10] goodman 0.00-0.36 0.00-0.36 0.64-1.00
[1, 0, 9] sison-glaz 0.00-1.00 0.00-1.00 0.00-1.00
[1, 0, 9] goodman 0.01-0.48 0.00-0.36 0.52-0.99
END
cat > program.py <<'END'
from statsmodels.stats.proportion import multinomial_proportions_confint

for counts in ([0, 0, 10], [1, 0, 9]):
    for method in ("sison-glaz", "goodman"):
        intervals = multinomial_proportions_confint(counts, method=method)
        print(counts, method, *(f"{low:.2f}-{high:.2f}" for low, high in intervals))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
