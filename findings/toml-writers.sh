#!/usr/bin/env bash
# Title: The package toml writes other values than it was given, without an error
# Field: settings and results
# Packages: toml==0.10.2 tomli_w==1.2.0 tomlkit==0.15.2
# Expected: What dumps returns reads back as what it was given, or dumps raises, as tomli_w and tomlkit do.
# Seen: 2026-11-29. A table inside two lists is reduced to its key, and None in a list becomes the text None.
# For our users: Scenario files that other tools write with toml can hold wrong values that are valid TOML: write with tomli_w.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check toml==0.10.2 tomli_w==1.2.0 tomlkit==0.15.2
cat > seen.txt <<'END'
toml {'groups': [[{'delay_s': 0.1}]]} -> {'groups': [[['delay_s']]]}
tomli_w {'groups': [[{'delay_s': 0.1}]]} -> {'groups': [[{'delay_s': 0.1}]]}
tomlkit {'groups': [[{'delay_s': 0.1}]]} -> {'groups': [[{'delay_s': 0.1}]]}
toml {'seeds': [None]} -> {'seeds': ['None']}
tomli_w {'seeds': [None]} -> TypeError
tomlkit {'seeds': [None]} -> ConvertError
END
cat > program.py <<'END'
import tomllib

import toml
import tomli_w
import tomlkit

for value in ({"groups": [[{"delay_s": 0.1}]]}, {"seeds": [None]}):
    for module in (toml, tomli_w, tomlkit):
        try:
            print(module.__name__, value, "->", tomllib.loads(module.dumps(value)))
        except Exception as error:
            print(module.__name__, value, "->", type(error).__name__)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
