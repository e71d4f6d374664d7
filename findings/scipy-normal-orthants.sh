#!/usr/bin/env bash
# Title: The same small multivariate normal probability from scipy differs by per cents from call to call
# Field: statistics
# Packages: scipy==1.17.1
# Expected: One value for one argument, right to the relative accuracy releps = 1e-5 that the signature states.
# Seen: 2026-11-30. Seven standard normals with correlation .5, all below -5: the exact value is 5.502e-14, and eight calls spread by more than 1 %, since abseps = 1e-5 is met at once. A seed makes calls repeatable, not right.
# For our users: Probabilities that all of a panel err together (a Gaussian copula) need abseps = 0 and more points, or, with one factor, an integral in one dimension.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check scipy==1.17.1
cat > seen.txt <<'END'
integral over the factor: 5.502e-14
eight calls differ: True
by more than 1 %: True
END
cat > program.py <<'END'
import numpy as np
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

MEMBERS, CORRELATION, BOUND = 7, 0.5, -5.0


def all_below_given(factor):
    shifted = (BOUND - CORRELATION**0.5 * factor) / (1 - CORRELATION) ** 0.5
    return norm.pdf(factor) * norm.cdf(shifted) ** MEMBERS


exact, _ = quad(all_below_given, -12, 12, epsabs=0, epsrel=1e-10, limit=500)
print(f"integral over the factor: {exact:.3e}")
covariance = np.full((MEMBERS, MEMBERS), CORRELATION) + (1 - CORRELATION) * np.eye(MEMBERS)
calls = [float(multivariate_normal.cdf([BOUND] * MEMBERS, cov=covariance)) for _ in range(8)]
print("eight calls differ:", len(set(calls)) == len(calls))
print("by more than 1 %:", (max(calls) - min(calls)) / exact > 0.01)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
