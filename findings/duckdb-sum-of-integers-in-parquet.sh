#!/usr/bin/env bash
# Title: duckdb writes the sum of integers to parquet as floating point
# Field: data files
# Packages: duckdb==2.0.1 pyarrow==26.0.1
# Expected: The sum of a BIGINT column is a whole number (HUGEINT in duckdb) and stays one in the file.
# Seen: 2026-11-29. The column is double: 2**53 + 1 is read back one smaller. A decimal literal such as 0.25 is written as decimal128.
# For our users: Cast before COPY: sums of nanoseconds or message counts to BIGINT, literals of probabilities to DOUBLE.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
cat > seen.txt <<'END'
duckdb  (9007199254740993, 9007199254740993) ['HUGEINT', 'BIGINT', 'DECIMAL(3,2)']
parquet [9007199254740992, 9007199254740993] ['double', 'int64', 'decimal128(3, 2)']
END
cat > program.py <<'END'
import duckdb
import pyarrow.parquet as pq

query = """SELECT sum(ns) AS total, sum(ns)::BIGINT AS cast_total, 0.25 AS p
           FROM (VALUES (9007199254740992), (1)) AS t(ns)"""
print("duckdb ", duckdb.sql(query).fetchall()[0][:2], [str(kind) for kind in duckdb.sql(query).types])
duckdb.sql(f"COPY ({query}) TO 'sums.parquet'")
table = pq.read_table("sums.parquet")
print("parquet", [int(table[name][0].as_py()) for name in ("total", "cast_total")],
      [str(kind) for kind in table.schema.types])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
