#!/usr/bin/env bash
# Title: The 75th percentile of seven latencies leaves two of them above it in hdrhistogram
# Field: statistics
# Packages: hdrhistogram==0.10.8 numpy==2.4.6
# Expected: At least p of 100 values are at or below the p-th percentile: the smallest such value, as HdrHistogram of Java defines it, or numpy's inverted_cdf.
# Seen: 2026-11-30. The rank is rounded to the nearest one and not up: the 75th percentile of 7 values is the 5th (71 %), the 90th the 6th (86 %), and the 99th of 160 the 158th (98.75 %).
# For our users: Where a deadline is to cover a share of a few replies, sort them, or take numpy.quantile with method="inverted_cdf".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check hdrhistogram==0.10.8 numpy==2.4.6
cat > seen.txt <<'END'
7 values percentile 75 rank 5 share 71.43 inverted_cdf rank 6 share 85.71
7 values percentile 90 rank 6 share 85.71 inverted_cdf rank 7 share 100.0
160 values percentile 99 rank 158 share 98.75 inverted_cdf rank 159 share 99.38
100 values percentile 99 rank 99 share 99.0 inverted_cdf rank 99 share 99.0
END
cat > program.py <<'END'
import numpy
from hdrh.histogram import HdrHistogram

for number, percent in ((7, 75), (7, 90), (160, 99), (100, 99)):
    histogram = HdrHistogram(1, 1000, 3)
    for latency_ms in range(1, number + 1):  # the rank of a value is the value
        histogram.record_value(latency_ms)
    rank = histogram.get_value_at_percentile(percent)
    right = int(numpy.quantile(range(1, number + 1), percent / 100, method="inverted_cdf"))
    print(number, "values percentile", percent, "rank", rank, "share", round(100 * rank / number, 2),
          "inverted_cdf rank", right, "share", round(100 * right / number, 2))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
