#!/usr/bin/env bash
# Title: Answers that math-verify finds equal to a third are not equal to each other
# Field: LLM evaluation data
# Packages: math-verify[antlr4_13_2]==0.9.0
# Expected: Equality of answers is transitive, as counting votes by pairs needs; and what is no single number is not read as one.
# Seen: 2026-11-30. 50% equals .5 and 50, which differ; x = 1 and y = 1 equal 1 and differ. A list 1,2 is read as 1.2, and 1e3 as 1.
# For our users: Groups of equal answers, and so whether there is a quorum, depend on which answer is compared first. Compare each answer with its group's canonical form.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check math-verify[antlr4_13_2]==0.9.0
cat > seen.txt <<'END'
50% = 0.5: True
50% = 50: True
0.5 = 50: False
$x=1$ = $1$: True
$y=1$ = $1$: True
$x=1$ = $y=1$: False
1,2 is read as 1.2
1e3 is read as 1
END
cat > program.py <<'END'
from math_verify import parse, verify

for first, second in [
    ("50%", "0.5"),
    ("50%", "50"),
    ("0.5", "50"),
    ("$x=1$", "$1$"),
    ("$y=1$", "$1$"),
    ("$x=1$", "$y=1$"),
]:
    there, back = verify(parse(first), parse(second)), verify(parse(second), parse(first))
    assert there == back
    print(f"{first} = {second}: {there}")
for text in ("1,2", "1e3"):
    print(text, "is read as", parse(text)[1])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
