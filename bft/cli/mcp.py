"""`bft mcp`: a panel, tallies and designs as tools for clients of the Model Context Protocol."""

from __future__ import annotations

from argparse import Namespace

from bft.cli.panel import panel_of
from bft.model_context.server import server


def mcp_command(arguments: Namespace) -> int:
    """Serve one client on stdin and stdout until it leaves."""
    if arguments.models is None and arguments.panel is None:
        server().run("stdio")
        return 0
    panel = panel_of(arguments)
    made = server(panel)
    panel.check()
    try:
        made.run("stdio")
    finally:
        panel.close()
    return 0
