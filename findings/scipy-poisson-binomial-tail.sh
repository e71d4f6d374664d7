#!/usr/bin/env bash
# Title: The survival function of scipy's poisson_binom loses small tails
# Field: statistics
# Packages: scipy==1.17.1
# Expected: sf, which scipy recommends over 1 - cdf for its precision, is right to a few digits, as binom.sf is.
# Seen: 2026-11-29. For 31 independent validators the tail 8.3e-26 is given as 0.0, and for 100 of them 3e-42 as some 1e-16. pmf is exact.
# For our users: Sum the pmf from the tail's own end for the probability that more than f validators are wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check scipy==1.17.1
cat > seen.txt <<'END'
n=31 P(X>10): binom.sf 8.313e-26, summed pmf 8.313e-26, poisson_binom.sf 0.0
n=100 P(X>33): binom.sf 3.050e-42, summed pmf 3.050e-42, poisson_binom.sf above 1e-17
END
cat > program.py <<'END'
from scipy import stats

for n, p, f in ((31, 0.001, 10), (100, 0.01, 33)):
    law = stats.poisson_binom([p] * n)
    exact = stats.binom.sf(f, n, p)
    summed = sum(law.pmf(k) for k in range(n, f, -1))
    given = law.sf(f)
    print(f"n={n} P(X>{f}): binom.sf {exact:.3e}, summed pmf {summed:.3e},",
          "poisson_binom.sf", "0.0" if given == 0 else "above 1e-17" if given > 1e-17 else given)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
