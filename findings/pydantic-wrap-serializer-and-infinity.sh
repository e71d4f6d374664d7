#!/usr/bin/env bash
# Title: A wrap serializer that changes nothing turns infinity into None in pydantic
# Field: settings and results
# Packages: pydantic==2.14.4
# Expected: model_dump(mode='json') keeps inf, as it does without the serializer; one that returns handler(self) changes nothing.
# Seen: 2026-11-29. With it the nested inf is None, which does not validate when read back.
# For our users: A model with such a serializer over infinite delays or thresholds needs ser_json_inf_nan='constants' itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pydantic==2.14.4
cat > seen.txt <<'END'
Plain {'link': {'delay_s': inf}}
Wrapped {'link': {'delay_s': None}}
Constants {'link': {'delay_s': inf}}
END
cat > program.py <<'END'
import math

from pydantic import BaseModel, model_serializer

class Link(BaseModel):
    delay_s: float

class Plain(BaseModel):
    link: Link

class Wrapped(Plain):
    @model_serializer(mode="wrap")
    def same(self, handler):
        return handler(self)

class Constants(Wrapped):
    model_config = {"ser_json_inf_nan": "constants"}

for model in (Plain, Wrapped, Constants):
    print(model.__name__, model(link=Link(delay_s=math.inf)).model_dump(mode="json"))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
