#!/usr/bin/env bash
# Title: LangChain's max_concurrency holds for each level, not for the whole
# Field: LLM clients
# Packages: langchain-core==1.8.3
# Expected: batch(..., config={'max_concurrency': 2}) has at most two model calls in flight.
# Seen: 2026-11-29. Two inputs of a parallel of two models have four calls in flight.
# For our users: For a provider's limit on parallel requests, put a semaphore or a rate limiter at the model itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check langchain-core==1.8.3
cat > seen.txt <<'END'
most calls in flight with max_concurrency 2: 4
END
cat > program.py <<'END'
import threading
import time

from langchain_core.runnables import RunnableLambda, RunnableParallel

lock, running, most = threading.Lock(), 0, 0

def ask(question):
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    time.sleep(0.3)
    with lock:
        running -= 1
    return "yes"

panel = RunnableParallel(a=RunnableLambda(ask), b=RunnableLambda(ask))
panel.batch(["q1", "q2"], config={"max_concurrency": 2})
print("most calls in flight with max_concurrency 2:", most)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
