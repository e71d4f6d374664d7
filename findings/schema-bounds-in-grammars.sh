#!/usr/bin/env bash
# Title: A confidence between 0 and 1: one grammar library keeps the bounds of the schema, the other drops them
# Field: LLM serving endpoints
# Packages: outlines_core==0.2.14 llguidance==1.9.1
# Expected: minimum and maximum of a JSON schema are kept by what the schema is compiled to, or the schema is refused.
# Seen: 2026-11-30. outlines_core silently compiles to a pattern that admits 7 and -3; llguidance keeps the bounds.
# For our users: A stated confidence that came through a grammar has still to be checked for its range before it weighs a vote.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check outlines_core==0.2.14 llguidance==1.9.1
cat > seen.txt <<'END'
0.5 outlines_core admits, llguidance admits
1.0 outlines_core admits, llguidance admits
7 outlines_core admits, llguidance refuses
-3 outlines_core admits, llguidance refuses
END
cat > program.py <<'END'
import json
import re

from llguidance import LLMatcher, LLTokenizer
from outlines_core.json_schema import build_regex_from_schema

SCHEMA = {
    "type": "object",
    "properties": {"confidence": {"type": "number", "minimum": 0, "maximum": 1}},
    "required": ["confidence"],
    "additionalProperties": False,
}
pattern = re.compile(build_regex_from_schema(json.dumps(SCHEMA)))
tokenizer = LLTokenizer("byte")
for confidence in ("0.5", "1.0", "7", "-3"):
    text = f'{{"confidence": {confidence}}}'
    tokens = tokenizer.tokenize_bytes(text.encode())
    matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_json_schema(SCHEMA))
    admitted = {
        "outlines_core": pattern.fullmatch(text) is not None,
        "llguidance": matcher.validate_tokens(tokens) == len(tokens),
    }
    print(confidence, ", ".join(f"{name} {'admits' if ok else 'refuses'}" for name, ok in admitted.items()))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
