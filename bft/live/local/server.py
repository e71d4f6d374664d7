"""llama.cpp's server as a process: python -m bft.live.local.server MODEL PORT SLOTS CONTEXT THREADS.

It serves on loopback only, says on stdout where, and ends when its stdin does: with whoever started it, whatever
became of them. Its prompt cache in memory is bounded; by itself it would grow to gigabytes.
"""

from __future__ import annotations

import json
import os
import sys

ALIAS = "smollm2"
LOOPBACK = "127.0.0.1"
CACHE_MIB = 64
"""Memory for prompts that were evaluated before, beside what each slot holds."""


def main(words: list[str]) -> None:
    """Serve until stdin ends."""
    model, port, slots, context, threads = words[0], *map(int, words[1:5])
    import xllamacpp

    given = xllamacpp.CommonParams()
    given.model.path = model
    given.model_alias = {ALIAS}
    given.hostnames = [LOOPBACK]
    given.port = port
    given.cors_origins = f"http://{LOOPBACK}"  # no web page from elsewhere may read what it answers
    given.n_parallel = slots
    given.n_ctx = slots * context
    given.kv_unified = False
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = threads
    given.cache_ram_mib = CACHE_MIB
    given.warmup = False
    given.ui = False
    given.verbosity = -1
    try:
        server = xllamacpp.Server(given)
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        os._exit(1)
    print(json.dumps({"listening": server.listening_address}), flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # its own end waits for replies that nobody wants any more


if __name__ == "__main__":
    main(sys.argv[1:])
