#!/usr/bin/env bash
# Title: The openai client returns an error that came with status 200 as an answer
# Field: LLM clients
# Packages: openai==3.57.0
# Expected: A body that is no completion raises, as a proxy that has no model left sends {"error": ...} with status 200.
# Seen: 2026-11-29. A ChatCompletion comes back whose choices are None, after one request; with a text/html body a str comes back.
# For our users: Check that choices is a list that is not empty before reading an answer, and retry there: the client does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openai==3.57.0
cat > seen.txt <<'END'
ChatCompletion choices None requests 1
str choices missing requests 1
END
cat > program.py <<'END'
import http.server
import threading
import time

class Endpoint(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.times.append(time.monotonic())
        status, headers, body = self.server.reply
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

def serve(status, headers, body):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.times, server.reply = [], (status, headers, body)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

def ask(client_class, server):
    url = "http" + f"://127.0.0.1:{server.server_address[1]}"
    client = client_class(api_key="none", base_url=url)
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])

import openai

for headers, body in (({}, b'{"error": {"message": "overloaded"}}'), ({"content-type": "text/html"}, b"<p>busy</p>")):
    server = serve(200, headers, body)
    answer = ask(openai.OpenAI, server)
    print(type(answer).__name__, "choices", getattr(answer, "choices", "missing"), "requests", len(server.times))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
