#!/usr/bin/env bash
# Title: A local server of xllamacpp keeps up to 8 GiB of prompts by default, however small the model
# Field: LLM serving endpoints
# Packages: xllamacpp==2026.10.11549
# Expected: A server for a model of 0.1 GB takes memory of about that size, as its binding starts it with default parameters.
# Seen: 2026-11-29. cache_ram_mib is 8192 by default: prompts that differ are kept until they fill 8 GiB; 0 turns it off.
# For our users: On a small machine many different questions fill the memory; bound cache_ram_mib before the model is loaded.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check xllamacpp==2026.10.11549
cat > seen.txt <<'END'
default cache_ram_mib 8192
set to 64: 64
END
cat > program.py <<'END'
import xllamacpp

params = xllamacpp.CommonParams()
print("default cache_ram_mib", params.cache_ram_mib)
params.cache_ram_mib = 64
print("set to 64:", params.cache_ram_mib)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
