#!/usr/bin/env bash
# Title: scipy's betabinom goes wrong where the correlation becomes small
# Field: statistics
# Packages: scipy==1.17.1
# Expected: With a growing a + b the law becomes the binomial one; probabilities add up to 1.
# Seen: 2026-11-29. At correlation 1e-14 they add up to about 1.5, at 1e-15 to 6.7, where sf is 0.0 instead of 0.35. No warning.
# For our users: Take the binomial law where the correlation is next to nothing, or evaluate the product form.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check scipy==1.17.1
cat > seen.txt <<'END'
binomial sf(3) 0.350
correlation 1e-03: sum of pmf within 10 % of 1: True, sf(3) within 10 % of the binomial: True
correlation 1e-14: sum of pmf within 10 % of 1: False, sf(3) within 10 % of the binomial: False
correlation 1e-15: sum of pmf within 10 % of 1: False, sf(3) within 10 % of the binomial: False
END
cat > program.py <<'END'
import numpy as np
from scipy import stats

p, n = 0.3, 10
limit = stats.binom.sf(3, n, p)
print(f"binomial sf(3) {limit:.3f}")
for rho in (1e-3, 1e-14, 1e-15):
    scale = (1 - rho) / rho
    law = stats.betabinom(n, p * scale, (1 - p) * scale)
    total = law.pmf(np.arange(n + 1)).sum()
    print(f"correlation {rho:.0e}: sum of pmf within 10 % of 1: {abs(total - 1) < 0.1},",
          f"sf(3) within 10 % of the binomial: {abs(law.sf(3) / limit - 1) < 0.1}")
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
