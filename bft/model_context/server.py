"""The tools, offered by the official library: what a client asks for is answered as JSON, what it cannot have refused.

Over stdin and stdout, to the one client that started it. The panel is the server's own: a client names no model, no
address and no key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bft.designing import design
from bft.errors import BftError
from bft.model_context.tally import check_tally

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from bft.live.panel import Panel

INSTRUCTIONS = """\
Panels of language models that decide by Byzantine agreement. ask_panel puts a question to the panel of this server; \
check_tally says whether so many equal answers are safe to act on; design_panel says how many models to ask, by which \
rule and quorum, for accuracies that are known. A decision is what a quorum agrees on, which is not always right."""

SHOWN = ("recommended", "reason", "nearest", "effective_votes", "best_single", "notes")
"""What a client is told of a design; the whole front would fill its context."""


class MissingMcpError(BftError):
    """The library of the Model Context Protocol is not installed."""

    def __init__(self) -> None:
        super().__init__("bft mcp needs the extra 'mcp': pip install 'bft-lab[mcp]'")


def server(panel: Panel | None = None) -> MCPServer:
    """Return a server of the tools; without a panel, of the other two.

    Raises
    ------
    MissingMcpError
        If the library is not installed.
    """
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise MissingMcpError from None

    def refusing(what: Callable[[], Any]) -> Any:
        try:
            return what()
        except BftError as error:
            raise ToolError(str(error)) from None

    async def ask_panel(question: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
        """Put a question to a panel of models, and return what they decided, who stood where, and the certificate.

        With a JSON schema the answer is a JSON value. Without a quorum there is no answer: see "why".
        """
        assert panel is not None
        try:
            answer = await panel.ainvoke({"question": question, "schema": schema})
        except BftError as error:
            raise ToolError(str(error)) from None
        return answer.to_json()

    def tally(
        members: int, agreeing: int, failed: int = 0, faulty: int | None = None, quorum: int | None = None
    ) -> dict[str, Any]:
        """Say whether so many equal answers of a panel are safe to act on, such as 3 of 5 with one failed call.

        failed: members whose call failed or could not be read; faulty: how many may lie, by default a third; quorum:
        the votes that are to decide, by default the right number.
        """
        found: dict[str, Any] = refusing(
            lambda: check_tally(members, agreeing, failed=failed, faulty=faulty, quorum=quorum).to_dict()
        )
        return found

    async def design_panel(
        accuracies: list[float],
        correlation: float = 0.6,
        trap: float = 0.2,
        missing: float = 0.0,
        liars: int = 0,
        max_wrong: float | None = None,
        min_correct: float | None = None,
    ) -> dict[str, Any]:
        """Say which of some models to ask, and by which rule and quorum, for accuracies that are known.

        correlation: of being right (0.6 is usual between models, 0.9 between copies of one); trap: share of questions
        on which all that are wrong give the same wrong answer; missing: share of calls without an answer; liars:
        members that collude; max_wrong, min_correct: shares of questions.
        """

        def found() -> dict[str, Any]:
            told = design(
                accuracies=accuracies,
                r=correlation,
                tau=trap,
                missing=missing,
                liars=liars,
                max_wrong=max_wrong,
                min_correct=min_correct,
            ).to_dict()
            return {name: told[name] for name in SHOWN if name in told}

        told: dict[str, Any] = await asyncio.to_thread(refusing, found)
        return told

    made = MCPServer("bft", instructions=INSTRUCTIONS)
    if panel is not None:
        made.add_tool(ask_panel)
    made.add_tool(tally, name="check_tally")
    made.add_tool(design_panel)
    return made
