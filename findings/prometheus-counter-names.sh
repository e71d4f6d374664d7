#!/usr/bin/env bash
# Title: prometheus-client reads a counter under a name that the endpoint did not give
# Field: LLM serving endpoints
# Packages: prometheus-client==0.26.0
# Expected: A sample is read under its own name; in the text format a counter need not end in _total.
# Seen: 2026-11-29. The sample requests is returned as requests_total, while the same line without its TYPE stays requests.
# For our users: Look for both names when reading a serving endpoint's counters, or queries and code disagree about the metric.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check prometheus-client==0.26.0
cat > seen.txt <<'END'
'# TYPE requests counter\nrequests 3\n' [('requests_total', 3.0)]
'requests 3\n' [('requests', 3.0)]
END
cat > program.py <<'END'
from prometheus_client.parser import text_string_to_metric_families as parse

for text in ("# TYPE requests counter\nrequests 3\n", "requests 3\n"):
    print(repr(text), [(sample.name, float(sample.value)) for family in parse(text) for sample in family.samples])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
