#!/usr/bin/env bash
# Title: Hypothesis hardly ever draws a list that comes near its max_size
# Field: property testing
# Packages: hypothesis==6.170.17
# Expected: Sizes from 0 to max_size all have a fair chance: with up to 100 votes a property is tried near 100 as well.
# Seen: 2026-11-29. In 1,000 examples no list of booleans and no set reaches 60; with min_size=50 the largest has all 100.
# For our users: Draw the number of nodes as an integer first and the votes after it, or large panels are never tried.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check hypothesis==6.170.17
cat > seen.txt <<'END'
list, up to 100: below 60 True
set, up to 100: below 60 True
list, 50 to 100: longest 100
END
cat > program.py <<'END'
from hypothesis import given, settings, strategies as st

def longest(strategy):
    sizes = []

    @settings(max_examples=1000, database=None, derandomize=True, deadline=None)
    @given(strategy)
    def draw(value):
        sizes.append(len(value))

    draw()
    return max(sizes)

print("list, up to 100: below 60", longest(st.lists(st.booleans(), max_size=100)) < 60)
print("set, up to 100: below 60", longest(st.sets(st.integers(0, 99), max_size=100)) < 60)
print("list, 50 to 100: longest", longest(st.lists(st.booleans(), min_size=50, max_size=100)))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
