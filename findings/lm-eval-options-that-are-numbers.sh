#!/usr/bin/env bash
# Title: lm-evaluation-harness takes a right option that is a number for its place among the options
# Field: LLM evaluation data
# Packages: lm-eval==0.4.13
# Expected: With doc_to_choice ["2", "0", "1"] and doc_to_target "{{right}}", the right option is the one whose text is `right`, as it is for words: "two", "nil", "one".
# Seen: 2026-11-29. A text of digits becomes an index: of "What is 2 - 2?" the option "2" is counted as right; where the number is beyond the options, the task ends in an IndexError.
# For our users: Accuracies of such tasks are wrong before bft sees them. Give the index (`{{options.index(right)}}`); bft reads `target` as the harness does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check lm-eval==0.4.13
cat > seen.txt <<'END'
digits: right is the option at that index in 60 of 60 questions
words: right is the option with that text in 60 of 60 questions
END
cat > program.py <<'END'
import glob
import json
import os
import subprocess
import sys

DIGITS, WORDS = ["2", "0", "1"], ["two", "nil", "one"]


def counted(name, options):
    """Run the task with the harness's own dummy model; return what each sample says."""
    rows = [{"q": f"question {number}", "options": options, "right": options[number % 3]} for number in range(60)]
    with open(f"{name}.jsonl", "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    os.makedirs("tasks", exist_ok=True)
    with open(f"tasks/{name}.yaml", "w") as file:
        file.write(f"task: {name}\ndataset_path: json\n"
                   f"dataset_kwargs: {{data_files: {{test: {os.path.abspath(name)}.jsonl}}}}\n"
                   "test_split: test\noutput_type: multiple_choice\ndoc_to_text: '{{q}}'\n"
                   "doc_to_choice: options\ndoc_to_target: '{{right}}'\nmetric_list: [{metric: acc}]\n")
    subprocess.run([sys.executable, "-m", "lm_eval", "--model", "dummy", "--tasks", name, "--include_path", "tasks",
                    "--log_samples", "--output_path", f"out_{name}"], check=True, capture_output=True)
    (file,) = glob.glob(f"out_{name}/*/samples_{name}_*.jsonl")
    return [json.loads(line) for line in open(file)]


def chosen(sample):
    likelihoods = [float(each[0]) for each in sample["filtered_resps"]]
    return likelihoods.index(max(likelihoods))


samples = counted("digits", DIGITS)
agree = sum((chosen(each) == int(each["doc"]["right"])) == (each["acc"] == 1.0) for each in samples)
print(f"digits: right is the option at that index in {agree} of {len(samples)} questions")
samples = counted("words", WORDS)
agree = sum((chosen(each) == WORDS.index(each["doc"]["right"])) == (each["acc"] == 1.0) for each in samples)
print(f"words: right is the option with that text in {agree} of {len(samples)} questions")
END
HF_HOME="$folder/hf" HF_DATASETS_OFFLINE=1 HF_HUB_OFFLINE=1 venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
