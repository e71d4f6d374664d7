#!/usr/bin/env bash
# Title: LangChain's JsonOutputParser completes a reply that was cut off
# Field: LLM clients
# Packages: langchain-core==1.8.3
# Expected: parse() of a whole reply raises where the JSON is not whole; completing it is for streams.
# Seen: 2026-11-29. A reply cut off in the middle of a word or number is an answer; so is one with text behind, but not with text before.
# For our users: A reply that ended for its length must not vote: look at finish_reason before parsing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check langchain-core==1.8.3
cat > seen.txt <<'END'
{"vote": "no -> {'vote': 'no'}
{"vote": "yes", "confidence": 0. -> {'vote': 'yes', 'confidence': 0}
{"vote": "yes"} unless -> {'vote': 'yes'}
So: {"vote": "yes"} -> OutputParserException
END
cat > program.py <<'END'
from langchain_core.exceptions import OutputParserException
from langchain_core.output_parsers import JsonOutputParser

parser = JsonOutputParser()
for reply in ('{"vote": "no', '{"vote": "yes", "confidence": 0.', '{"vote": "yes"} unless', 'So: {"vote": "yes"}'):
    try:
        print(reply, "->", parser.parse(reply))
    except OutputParserException:
        print(reply, "-> OutputParserException")
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
