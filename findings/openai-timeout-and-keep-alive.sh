#!/usr/bin/env bash
# Title: The openai client's timeout of one second waits four for a server that sends spaces
# Field: LLM clients
# Packages: openai==3.57.0
# Expected: A request times out after the seconds it was given, as its README says of timeout.
# Seen: 2026-11-30. A gateway that keeps the connection alive with a space every half second, which JSON allows before a value, gets its answer accepted after 4 s; one that is silent ends after 1 s. The limit is one for each read, not for the request.
# For our users: A deadline of a panel needs a limit around the whole call (asyncio.timeout), or one slow member holds up the ballot for as long as its gateway likes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openai==3.57.0
cat > seen.txt <<'END'
silent: APITimeoutError within 3 s: True
with spaces: yes within 3 s: False
with spaces in asyncio.timeout(1): TimeoutError within 3 s: True
END
cat > program.py <<'END'
import asyncio
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import openai

MESSAGE = {"role": "assistant", "content": "yes"}
ANSWER = {"id": "1", "object": "chat.completion", "created": 1, "model": "m",
          "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for _ in range(8):
                time.sleep(0.5)
                if self.path.startswith("/spaces"):
                    self.send(b" ")
            self.send(json.dumps(ANSWER).encode())
            self.send(b"")
        except OSError:  # the client has gone
            pass

    def send(self, chunk):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
Thread(target=server.serve_forever, daemon=True).start()


async def ask(path, whole_s):
    client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{server.server_port}/{path}", api_key="none",
                                timeout=1.0, max_retries=0)
    async with asyncio.timeout(whole_s):
        reply = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
    return reply.choices[0].message.content


for name, path, whole_s in (("silent", "silent", None), ("with spaces", "spaces", None),
                            ("with spaces in asyncio.timeout(1)", "spaces", 1)):
    begun = time.monotonic()
    try:
        answer = asyncio.run(ask(path, whole_s))
    except (openai.APITimeoutError, TimeoutError) as error:
        answer = type(error).__name__
    print(f"{name}: {answer} within 3 s: {time.monotonic() - begun < 3}")
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
