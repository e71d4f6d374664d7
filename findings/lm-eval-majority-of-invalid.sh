#!/usr/bin/env bash
# Title: In lm-evaluation-harness, replies without an answer vote together
# Field: LLM evaluation data
# Packages: lm-eval==0.4.13
# Expected: majority_vote elects the most common answer; a reply from which none could be taken votes for nothing.
# Seen: 2026-11-30. The filter regex puts [invalid] in its place, and [invalid] wins with three of five replies that had nothing in common; 3 and 3.0 split a majority. The maj@8 and maj@64 of its task gsm8k_cot_self_consistency are these two filters.
# For our users: Accuracies by majority in such logs can be too low. Vote again over the single replies; in an imported table [invalid] is a missing answer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check lm-eval==0.4.13
cat > seen.txt <<'END'
['7', '[invalid]', '[invalid]', '[invalid]', '7'] -> [invalid]
['3', '3.0', '3', '4', '4', '4'] -> 4
the task's filters: take_first_k regex majority_vote take_first
END
cat > program.py <<'END'
from pathlib import Path

import lm_eval
import yaml
from lm_eval.filters.extraction import RegexFilter
from lm_eval.filters.selection import MajorityVoteFilter

regex = RegexFilter(regex_pattern=r"The answer is (\-?[0-9\.\,]*[0-9]+)")
for replies in (
    ["The answer is 7", "I am not sure.", "Hard to say.", "It is odd.", "The answer is 7"],
    [f"The answer is {number}" for number in ("3", "3.0", "3", "4", "4", "4")],
):
    (answers,) = regex.apply([replies], [{}])
    ((winner,),) = MajorityVoteFilter().apply([answers], [{}])
    print(answers, "->", winner)
task = Path(lm_eval.__file__).parent / "tasks/gsm8k/gsm8k-cot-self-consistency.yaml"
(maj,) = (each for each in yaml.safe_load(task.read_text())["filter_list"] if each["name"] == "maj@8")
print("the task's filters:", *(step["function"] for step in maj["filter"]))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
