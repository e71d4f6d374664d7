#!/usr/bin/env bash
# Title: evalica's Bradley-Terry scores are all 0 where one model never won or never lost
# Field: LLM evaluation data
# Packages: evalica==0.4.2 numpy==2.4.6 pandas==3.1.1
# Expected: The likelihood has no maximum there: an error, a warning, or scores that still say who beat whom.
# Seen: 2026-11-30. a beat b in 9 of 10 comparisons and b beat c in all 10; bradley_terry returns 0.0 for all three, and so it does where one model never lost. No warning.
# For our users: In small sets of comparisons by a judge some model wins or loses all. Look for such models before ranking, or add half a win to both sides of every pair.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check evalica==0.4.2 numpy==2.4.6 pandas==3.1.1
cat > seen.txt <<'END'
c beats b once: bradley_terry a 9.0 b 1.0 c 0.11
c never wins: bradley_terry a 0.0 b 0.0 c 0.0
a never loses: bradley_terry a 0.0 b 0.0 c 0.0
a never loses, c never wins: bradley_terry a 0.0 b 0.0 c 0.0
a never loses, c never wins: average_win_rate a 1.0 b 0.5 c 0.0
warnings: 0
END
cat > program.py <<'END'
import warnings

import evalica
from evalica import Winner


def scores(method, *pairs):
    first, second, winners = zip(*((one, other, Winner.X) for one, other, number in pairs for _ in range(number)))
    result = getattr(evalica, method)(list(first), list(second), list(winners)).scores
    return " ".join(f"{name} {round(float(result[name]), 2)}" for name in "abc")


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print("c beats b once: bradley_terry", scores("bradley_terry", ("a", "b", 9), ("b", "a", 1), ("b", "c", 9), ("c", "b", 1)))
    print("c never wins: bradley_terry", scores("bradley_terry", ("a", "b", 9), ("b", "a", 1), ("b", "c", 10)))
    print("a never loses: bradley_terry", scores("bradley_terry", ("a", "b", 10), ("b", "c", 9), ("c", "b", 1)))
    for method in ("bradley_terry", "average_win_rate"):
        print(f"a never loses, c never wins: {method}", scores(method, ("a", "b", 10), ("b", "c", 10)))
print("warnings:", len(caught))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
