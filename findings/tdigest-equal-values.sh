#!/usr/bin/env bash
# Title: tdigest gives negative percentiles of latencies that are all one second or more
# Field: statistics
# Packages: tdigest==0.5.2.2 fastdigest==0.12.0 numpy==2.4.6
# Expected: A percentile lies between the smallest and the largest value; with 99 replies after 1 s and one after 30 s, those up to the 98th are 1 s.
# Seen: 2026-11-30. The tenth percentile of these is -21.9 s, the 75th 15.8 s, and half of the values are said to be above 1 s: equal values become one centroid, and the line through it and its neighbour is followed beyond both. fastdigest gives 1 s.
# For our users: Simulated delays, retries and deadlines repeat values. Take exact quantiles (numpy), or look at how many centroids a digest has kept.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check tdigest==0.5.2.2 fastdigest==0.12.0 numpy==2.4.6
cat > seen.txt <<'END'
99 of 100 after 1 s percentile 10 numpy 1.0 fastdigest 1.0 tdigest -21.91
99 of 100 after 1 s percentile 50 numpy 1.0 fastdigest 1.0 tdigest 1.29
99 of 100 after 1 s percentile 75 numpy 1.0 fastdigest 1.0 tdigest 15.79
99 of 100 after 1 s percentile 90 numpy 1.0 fastdigest 1.0 tdigest 24.49
50 of 100 after 1 s percentile 10 numpy 1.0 fastdigest 1.0 tdigest -7.7
50 of 100 after 1 s percentile 50 numpy 15.5 fastdigest 15.5 tdigest 15.5
50 of 100 after 1 s percentile 75 numpy 30.0 fastdigest 30.0 tdigest 30.0
50 of 100 after 1 s percentile 90 numpy 30.0 fastdigest 30.0 tdigest 30.0
END
cat > program.py <<'END'
import fastdigest
import numpy
import tdigest

for soon in (99, 50):
    seconds = [1.0] * soon + [30.0] * (100 - soon)
    digest = tdigest.TDigest()
    digest.batch_update(seconds)
    other = fastdigest.TDigest.from_values(seconds)
    for percent in (10, 50, 75, 90):
        print(f"{soon} of 100 after 1 s percentile", percent, "numpy", float(numpy.percentile(seconds, percent)),
              "fastdigest", round(other.percentile(percent), 2), "tdigest", round(digest.percentile(percent), 2))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
