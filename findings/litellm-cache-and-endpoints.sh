#!/usr/bin/env bash
# Title: litellm's cache gives the answer of one endpoint to a question for another
# Field: LLM clients
# Packages: litellm==1.110.2 fastapi==0.165.0 orjson==3.13.0 soundfile==0.14.0
# Expected: A cached answer is given to the same request only; another address, or another body, is another request.
# Seen: 2026-11-30. The key holds neither api_base nor extra_body nor headers: of two servers that call their model alike only the first is asked. A seed or temperature does make another request. In this release a hit also imports fastapi, orjson and soundfile, which litellm does not install.
# For our users: Replicas on servers of their own get one and the same answer, which counts as agreement. Name each model after its server, or turn the cache off where panels are asked.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check litellm==1.110.2 fastapi==0.165.0 orjson==3.13.0 soundfile==0.14.0
export LITELLM_LOCAL_MODEL_COST_MAP=True
cat > seen.txt <<'END'
first server: answer 1 of the first
second server: answer 1 of the first
first server, top_k 1 in extra_body: answer 1 of the first
first server, top_k 40 in extra_body: answer 1 of the first
first server, seed 1: answer 2 of the first
first server, seed 2: answer 3 of the first
END
cat > program.py <<'END'
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import litellm
from litellm.caching.caching import Cache

asked = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        asked.append(self.server.name)
        message = {"role": "assistant", "content": f"answer {len(asked)} of the {self.server.name}"}
        body = json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "small",
                           "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                           "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve(name):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.name = name
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v1"


def ask(address, **settings):
    reply = litellm.completion(model="openai/small", messages=[{"role": "user", "content": "Is 91 prime?"}],
                               api_base=address, api_key="none", caching=True, **settings)
    return reply.choices[0].message.content


litellm.cache = Cache(type="local")
first, second = serve("first"), serve("second")
print("first server:", ask(first))
print("second server:", ask(second))
print("first server, top_k 1 in extra_body:", ask(first, extra_body={"top_k": 1}))
print("first server, top_k 40 in extra_body:", ask(first, extra_body={"top_k": 40}))
print("first server, seed 1:", ask(first, seed=1))
print("first server, seed 2:", ask(first, seed=2))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
