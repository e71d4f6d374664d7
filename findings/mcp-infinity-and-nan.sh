#!/usr/bin/env bash
# Title: An MCP tool that returns infinity or NaN: the client raises instead of giving a result
# Field: settings and results
# Packages: mcp==2.3.0
# Expected: A tool that declares a float and returns one gives a result, or an error result of the tool.
# Seen: 2026-11-30. The server writes null where its own schema says number; the client's call_tool then raises a RuntimeError, and the text of the answer is lost.
# For our users: A tool that reports times that may be infinite, or shares of nothing, should declare float | None and return None.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mcp==2.3.0
cat > seen.txt <<'END'
0.5 {'result': 0.5}
inf RuntimeError: Invalid structured content returned by tool echo: None is not of type 'number'
nan RuntimeError: Invalid structured content returned by tool echo: None is not of type 'number'
END
cat > program.py <<'END'
import asyncio

from mcp.client import Client
from mcp.server import MCPServer

server = MCPServer("times")


@server.tool()
def echo(text: str) -> float:
    """Return the number that the text states."""
    return float(text)


async def main():
    async with Client(server) as client:
        for text in ("0.5", "inf", "nan"):
            try:
                print(text, (await client.call_tool("echo", {"text": text})).structured_content)
            except RuntimeError as error:
                print(text, "RuntimeError:", str(error).splitlines()[0])


asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
