#!/usr/bin/env bash
# Title: Inspect's default scorer marks 15 right where 5 is right, and its exact scorer -5
# Field: LLM evaluation data
# Packages: inspect_ai==0.3.285
# Expected: match() finds the target as an answer of its own, and exact() tells a number from its negative.
# Seen: 2026-11-30. match() asks whether the reply ends with the characters of the target, and exact() takes the sign for punctuation; match(numeric=True) refuses both.
# For our users: Accuracies in an imported log can be too high for short numeric targets; score again from the replies, or demand numeric=True.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check inspect_ai==0.3.285
cat > seen.txt <<'END'
'15' for 5: match right, exact wrong, numeric wrong
'-5' for 5: match right, exact right, numeric wrong
'The answer is 1500' for 500: match right, exact wrong, numeric wrong
'It is 5 (not 15)' for 5: match right, exact wrong, numeric wrong
'The answer is 5.' for 5: match right, exact wrong, numeric right
END
cat > program.py <<'END'
import asyncio

from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Target, exact, match
from inspect_ai.solver import TaskState

MODEL = "mockllm/model"


def judged(scorer, reply, target):
    output = ModelOutput.from_content(MODEL, reply)
    state = TaskState(model=MODEL, sample_id=1, epoch=1, input="?", messages=[], output=output)
    return "right" if asyncio.run(scorer(state, Target(target))).value == "C" else "wrong"


for reply, target in [
    ("15", "5"),
    ("-5", "5"),
    ("The answer is 1500", "500"),
    ("It is 5 (not 15)", "5"),
    ("The answer is 5.", "5"),
]:
    scorers = {"match": match(), "exact": exact(), "numeric": match(numeric=True)}
    print(f"{reply!r} for {target}:", ", ".join(f"{name} {judged(s, reply, target)}" for name, s in scorers.items()))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
