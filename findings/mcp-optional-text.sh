#!/usr/bin/env bash
# Title: An MCP tool with an optional text gets the answer null as no answer, and never one in brackets
# Field: settings and results
# Packages: mcp==2.3.0
# Expected: An argument that its schema calls a string or null arrives as the string that was sent; null is what JSON calls null.
# Seen: 2026-11-30. For `str | None` the text null arrives as None, and [1] or {"a": 1} is an error, though valid; for `str` all arrive as sent. The server parses texts as JSON before it validates them.
# For our users: A tool that takes votes or answers should declare them as str with a default of "", and no optional text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mcp==2.3.0
cat > seen.txt <<'END'
schema of plain: {"title": "Answer", "type": "string"}
schema of optional: {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Answer"}
42 -> plain '42' optional '42'
null -> plain 'null' optional None
[1] -> plain '[1]' optional error
{"a": 1} -> plain '{"a": 1}' optional error
END
cat > program.py <<'END'
import asyncio
import json
import logging

from mcp import Client
from mcp.server.mcpserver import MCPServer

logging.disable(logging.CRITICAL)
server = MCPServer("votes")


@server.tool()
def plain(answer: str) -> str:
    return repr(answer)


@server.tool()
def optional(answer: str | None = None) -> str:
    return repr(answer)


async def main():
    async with Client(server) as client:
        for tool in (await client.list_tools()).tools:
            print(f"schema of {tool.name}:", json.dumps(tool.input_schema["properties"]["answer"], sort_keys=True))
        for answer in ("42", "null", "[1]", '{"a": 1}'):
            seen = []
            for name in ("plain", "optional"):
                result = await client.call_tool(name, {"answer": answer})
                seen.append(f"{name} {'error' if result.is_error else result.content[0].text}")
            print(answer, "->", *seen)


asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt 2> warnings.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
