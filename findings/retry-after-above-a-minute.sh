#!/usr/bin/env bash
# Title: Told to retry after an hour, openai gives up at once and groq asks again within a second
# Field: LLM clients
# Packages: openai==3.57.0 groq==1.7.0
# Expected: Two clients made with one generator treat Retry-After alike: wait, or give the error back.
# Seen: 2026-11-29. openai sends one request; groq drops the header and sends all three of its requests within seconds.
# For our users: A panel over several providers needs its own handling of Retry-After (max_retries=0) to be fair and polite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openai==3.57.0 groq==1.7.0
cat > seen.txt <<'END'
OpenAI requests 1 within 20 s: True RateLimitError
Groq requests 3 within 20 s: True RateLimitError
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

import groq
import openai

for client_class in (openai.OpenAI, groq.Groq):
    server = serve(429, {"retry-after": "3600"}, b"{}")
    try:
        ask(client_class, server)
    except (openai.RateLimitError, groq.RateLimitError) as error:
        within = server.times[-1] - server.times[0] < 20
        print(client_class.__name__, "requests", len(server.times), "within 20 s:", within, type(error).__name__)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
