#!/usr/bin/env bash
# Title: dspy's majority leaves out the option A, and counts 1.5 and 15 as one answer
# Field: LLM evaluation data
# Packages: dspy==3.4.1
# Expected: majority() returns the most common completion; letters of options and numbers are common answers.
# Seen: 2026-11-30. B wins with one vote against three for A, and 2 loses with three votes against two for 1.5 and two for 15: answers lose their articles and their punctuation before they are counted. Its answer_exact_match takes -5 for 5 in the same way.
# For our users: Pass normalize=None (or str.strip) where answers are letters or numbers, and score again what was chosen or marked right without it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check dspy==3.4.1
export DSPY_CACHEDIR="$folder/cache" LITELLM_LOCAL_MODEL_COST_MAP=True
cat > seen.txt <<'END'
A A A B -> B without normalize A
1.5 15 2 1.5 15 2 2 -> 1.5 without normalize 2
-1 1 2 2 -> -1 without normalize 2
5 exactly right where -5 is right: True
END
cat > program.py <<'END'
import dspy
from dspy.evaluate import answer_exact_match

for answers in ("A A A B", "1.5 15 2 1.5 15 2 2", "-1 1 2 2"):
    completions = [{"answer": answer} for answer in answers.split()]
    print(answers, "->", dspy.majority(completions).answer,
          "without normalize", dspy.majority(completions, normalize=None).answer)
print("5 exactly right where -5 is right:", answer_exact_match(dspy.Example(answer="-5"), dspy.Prediction(answer="5")))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
