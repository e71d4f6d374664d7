#!/usr/bin/env bash
# Title: Asked for a confidence in steps of 0.1, a model that says 0.3, 0.6 or 0.7 is refused by jsonschema
# Field: LLM clients
# Packages: jsonschema==4.26.0 fastjsonschema==2.22.3 jsonschema-rs==0.61.2 pydantic==2.14.4
# Expected: Field(multiple_of=0.1) in pydantic and the schema that it writes for a model (multipleOf 0.1) accept the same replies, whoever validates.
# Seen: 2026-11-30. jsonschema divides in floating point and wants a whole number: 0.3 / 0.1 is 2.9999999999999996. It refuses three of the eleven steps of 0.1, ten of the 101 of 0.01; pydantic, fastjsonschema and jsonschema-rs accept all of them, and all four refuse what lies between.
# For our users: Votes with some confidences are lost, always the same ones. Let models answer in whole per cent, or list the values in an enum.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check jsonschema==4.26.0 fastjsonschema==2.22.3 jsonschema-rs==0.61.2 pydantic==2.14.4
cat > seen.txt <<'END'
multipleOf 0.1: values 11 refused by pydantic 0 jsonschema 3 fastjsonschema 0 jsonschema-rs 0
refused by jsonschema [0.3, 0.6, 0.7]
multipleOf 0.05: values 21 refused by pydantic 0 jsonschema 6 fastjsonschema 0 jsonschema-rs 0
refused by jsonschema [0.15, 0.3, 0.35, 0.6, 0.7, 0.95]
multipleOf 0.01: values 101 refused by pydantic 0 jsonschema 10 fastjsonschema 0 jsonschema-rs 0
refused by jsonschema [0.07, 0.14, 0.28, 0.29, 0.47, 0.56, 0.57, 0.58, 0.59, 0.94]
0.255 refused for 0.1 by [True, True, True, True]
END
cat > program.py <<'END'
from typing import Annotated

import fastjsonschema
import jsonschema
import jsonschema_rs
from pydantic import Field, TypeAdapter, ValidationError


def validators(step):
    answer = TypeAdapter(Annotated[float, Field(ge=0, le=1, multiple_of=step)])
    schema = answer.json_schema()
    compiled = fastjsonschema.compile(schema)
    return {
        "pydantic": lambda value: raises(ValidationError, answer.validate_python, value),
        "jsonschema": lambda value: not jsonschema.Draft202012Validator(schema).is_valid(value),
        "fastjsonschema": lambda value: raises(fastjsonschema.JsonSchemaException, compiled, value),
        "jsonschema-rs": lambda value: not jsonschema_rs.is_valid(schema, value),
    }


def raises(kind, call, value):
    try:
        call(value)
    except kind:
        return True
    return False


for number in (10, 20, 100):
    values = [part / number for part in range(number + 1)]
    refused = {name: [value for value in values if refuses(value)] for name, refuses in validators(1 / number).items()}
    print(f"multipleOf {1 / number}: values", len(values), "refused by",
          *(f"{name} {len(some)}" for name, some in refused.items()))
    print("refused by jsonschema", refused["jsonschema"])
print("0.255 refused for 0.1 by", [refuses(0.255) for refuses in validators(0.1).values()])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
