#!/usr/bin/env bash
# Title: A model's refusal arrives from LangChain's ChatOpenAI as an empty answer
# Field: LLM clients
# Packages: langchain-openai==1.7.3 langchain-core==1.7.2 openai==3.52.0
# Expected: A completion whose message has a refusal and no content is an error, or its text; the protocol tells it apart from an answer.
# Seen: 2026-11-30. invoke returns a message with an empty text, and a parser behind it an empty string; the refusal is in additional_kwargs.
# For our users: An empty text from another chain may be a refusal. A panel counts neither; with an address it says which of both it was.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check langchain-openai==1.7.3 langchain-core==1.7.2 openai==3.52.0
cat > seen.txt <<'END'
text ''
parsed ''
refusal 'I cannot help with that.'
END
cat > program.py <<'END'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from langchain_core.output_parsers import StrOutputParser
from langchain_openai import ChatOpenAI

MESSAGE = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
SAID = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}],
}


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(SAID).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
chat = ChatOpenAI(model="m", base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0)
message = chat.invoke("?")
print("text", repr(message.text))
print("parsed", repr((chat | StrOutputParser()).invoke("?")))
print("refusal", repr(message.additional_kwargs.get("refusal")))
server.shutdown()
END
env -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u http_proxy -u https_proxy -u all_proxy venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
