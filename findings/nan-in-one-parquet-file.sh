#!/usr/bin/env bash
# Title: The maximum and the mean of one parquet column depend on who reads its NaN
# Field: data files
# Packages: polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
# Expected: Three readers of the same numbers agree on their mean and maximum, or disagree in both the same way.
# Seen: 2026-11-29. max is nan in duckdb and 1.0 in polars and pandas; mean is nan in duckdb and polars and 0.75 in pandas.
# For our users: Write unknown delays and confidences as null, never as NaN; check a received table for NaN first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
cat > seen.txt <<'END'
polars max 1.0 mean nan known 3
duckdb max nan mean nan known 3
pandas max 1.0 mean 0.75 known 2
END
cat > program.py <<'END'
import duckdb
import pandas as pd
import polars as pl

pl.DataFrame({"v": [0.5, 1.0, float("nan"), None]}).write_parquet("v.parquet")
column = pl.read_parquet("v.parquet")["v"]
series = pd.read_parquet("v.parquet")["v"]
print("polars", "max", column.max(), "mean", column.mean(), "known", column.count())
print("duckdb", "max %s mean %s known %s" % duckdb.sql("SELECT max(v), avg(v), count(v) FROM 'v.parquet'").fetchall()[0])
print("pandas", "max", series.max(), "mean", series.mean(), "known", series.count())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
