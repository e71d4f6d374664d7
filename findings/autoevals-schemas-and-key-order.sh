#!/usr/bin/env bash
# Title: autoevals' ValidJSON does not use the schema that it was made with, and its ExactMatch refuses equal objects with other key orders
# Field: LLM evaluation data
# Packages: autoevals==0.4.1
# Expected: ValidJSON(schema=...) gives 1 if the reply matches the schema, as its documentation says and shows; ExactMatch gives 1.0 for an object and a text of it with the keys in another order, as its first example says.
# Seen: 2026-11-30. Verdicts that the schema forbids, even an empty object, are valid: the schema is kept, but eval checks against its second argument, which is the expected answer, and no schema if there is none. ExactMatch writes both values in the order of their own keys and compares texts, so 0 for the example of its documentation.
# For our users: Give the schema as ValidJSON().eval(reply, schema), or validate with jsonschema; compare objects, not their texts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check autoevals==0.4.1
cat > seen.txt <<'END'
{"agree": true} valid by jsonschema True, ValidJSON(schema=SCHEMA) 1, eval(reply, SCHEMA) 1
{"agree": "maybe"} valid by jsonschema False, ValidJSON(schema=SCHEMA) 1, eval(reply, SCHEMA) 0
{} valid by jsonschema False, ValidJSON(schema=SCHEMA) 1, eval(reply, SCHEMA) 0
[true] valid by jsonschema False, ValidJSON(schema=SCHEMA) 1, eval(reply, SCHEMA) 0
ExactMatch, keys in another order: text 0 objects 0 same order 1
END
cat > program.py <<'END'
import json

from autoevals import ExactMatch, ValidJSON
from jsonschema import Draft202012Validator

SCHEMA = {"type": "object", "properties": {"agree": {"type": "boolean"}}, "required": ["agree"]}
for reply in ('{"agree": true}', '{"agree": "maybe"}', "{}", "[true]"):
    print(reply, f"valid by jsonschema {Draft202012Validator(SCHEMA).is_valid(json.loads(reply))},",
          f"ValidJSON(schema=SCHEMA) {ValidJSON(schema=SCHEMA).eval(reply).score},",
          f"eval(reply, SCHEMA) {ValidJSON().eval(reply, SCHEMA).score}")
answer = {"name": "John", "age": 30}
other = {"age": 30, "name": "John"}
scorer = ExactMatch()
print("ExactMatch, keys in another order: text", scorer.eval(answer, json.dumps(other)).score,
      "objects", scorer.eval(answer, other).score, "same order", scorer.eval(answer, json.dumps(answer)).score)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
