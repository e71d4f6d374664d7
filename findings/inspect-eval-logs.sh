#!/usr/bin/env bash
# Title: Inspect's .eval logs are ZIP files that unzip tools often cannot read, with NaN in their JSON
# Field: LLM evaluation data
# Packages: inspect_ai==0.3.285
# Expected: A ZIP file of JSON files: readable with any ZIP library, each member valid JSON.
# Seen: 2026-11-29. Members use method 93 (Zstandard), which Python's zipfile knows only from 3.14 on; a score of nan is written as NaN.
# For our users: Convert with `inspect log convert` to .json before another tool reads answers, and expect NaN there too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check inspect_ai==0.3.285
cat > seen.txt <<'END'
methods [93]
not JSON: NaN
END
cat > program.py <<'END'
import json
import zipfile

from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
from inspect_ai.scorer import Score

spec = EvalSpec(created="2026-01-01T00:00:00+00:00", task="t", dataset=EvalDataset(), model="m",
                config=EvalConfig())
sample = EvalSample(id=1, epoch=1, input="q", target="a", scores={"judge": Score(value=float("nan"))})
log = EvalLog(status="success", eval=spec, samples=[sample])
write_eval_log(log, "log.eval")
write_eval_log(log, "log.json")
with zipfile.ZipFile("log.eval") as archive:
    print("methods", sorted({member.compress_type for member in archive.infolist()}))

def refuse(name):
    raise ValueError(name)

try:
    json.load(open("log.json"), parse_constant=refuse)
except ValueError as error:
    print("not JSON:", error)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
