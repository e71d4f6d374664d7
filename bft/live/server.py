"""The server of a panel: it listens, is stopped by signals, and ends what was begun."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

from bft.errors import BftError, bad_value
from bft.live.connections import Connections, accepted_at_once, lengthen_queue, most_connections, protocol_of
from bft.live.service import Service

FORCED = 130
"""Exit code of a process whose user would not wait for its end."""


class Server(uvicorn.Server):
    """Serves until it is told to stop; then what was begun is ended."""

    def __init__(self, service: Service, announce: Callable[[str], None] = lambda _: None) -> None:
        settings = service.settings
        super().__init__(
            uvicorn.Config(
                service.app,
                host=settings.host,
                port=settings.port,
                log_level="warning",
                access_log=False,
                server_header=False,
                ws="none",
                backlog=accepted_at_once(),
                http=protocol_of(Connections(most_connections(settings.max_connections), settings.header_s)),
                timeout_graceful_shutdown=math.ceil(service.graceful_s),  # for answers on their way out
            )
        )
        self._service = service
        self._settings = settings
        self._announce = announce

    async def startup(self, sockets: Any = None) -> None:
        """Listen, and say where."""
        with suppress(SystemExit):  # uvicorn ends the process when it cannot bind
            await super().startup(sockets)
        if not self.started:
            raise BftError(
                bad_value("port", self._settings.port, f"cannot listen on {self._settings.host} and this port")
            )
        for each in self.servers[0].sockets:
            lengthen_queue(each.fileno())
        port = self.servers[0].sockets[0].getsockname()[1]
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        self._announce(f"http://{host}:{port}/v1")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at the first signal; end the process at the second, whatever is under way: the record is written."""
        if self.should_exit and sig == signal.SIGINT:
            os._exit(FORCED)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: Any = None) -> None:
        """End the questions, then the connections."""
        await self._service.wind_down()
        await super().shutdown(sockets)
