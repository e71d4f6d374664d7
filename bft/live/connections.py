"""Connections of the service: bounded in number, and closed when they only wait.

asyncio accepts as many connections in one turn as its queue is long, before it looks at any of them, and where
descriptors run out it logs a traceback for each of those tries. So it is given a short queue, and that of the kernel
is lengthened afterwards.

A connection costs a descriptor, and a client needs no key to open one. So a request's header has to come within a time
limit, and when as many connections are open as may be, the one that has waited longest for its client's request gives
way to the new one. Those at work on a request never do. What a body may take is left to `service`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEADER_S = 10.0
"""How long a client may take for the header of a request, from the connection or from the last answer on."""

MOST_CONNECTIONS = 512
OWN_DESCRIPTORS = 64  # files, the event loop's, and calls to members
LOGGED_EVERY_S = 60.0
ACCEPTED_AT_ONCE = 64
KERNEL_QUEUE = 2048


def most_connections(wanted: int = MOST_CONNECTIONS) -> int:
    """Return how many connections may be open: so many that half of the process's descriptors stay for its calls."""
    soft = _descriptors()
    return max(1, min(wanted, soft // 2, soft - OWN_DESCRIPTORS - 2 * accepted_at_once()))


def accepted_at_once() -> int:
    """Return how many connections may be accepted in one turn of the event loop."""
    return max(1, min(ACCEPTED_AT_ONCE, _descriptors() // 16))


def lengthen_queue(listening: int) -> None:
    """Let the kernel hold more connections that were not accepted yet, at the listening socket of a descriptor."""
    with socket.socket(fileno=os.dup(listening)) as same:
        same.listen(KERNEL_QUEUE)


def _descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if soft == resource.RLIM_INFINITY else soft


class Connections:
    """All connections of a service.

    Parameters
    ----------
    most : int
        Open at a time.
    header_s : float
        How long a header may take, in seconds.
    """

    def __init__(self, most: int, header_s: float = HEADER_S) -> None:
        self.most = most
        self.header_s = header_s
        self._waiting: dict[BoundedProtocol, asyncio.TimerHandle] = {}
        self._open = 0
        self._crowded = 0
        self._logged_at_s = -LOGGED_EVERY_S
        self._log = logging.getLogger("uvicorn.error")

    def admit(self) -> bool:
        """Count a new connection; make room for it, or say that there is none."""
        if self._open >= self.most:
            self._crowd()
            longest = next(iter(self._waiting), None)
            if longest is None:
                return False
            self._waiting.pop(longest).cancel()
            longest.leave()
        self._open += 1
        return True

    def left(self, protocol: BoundedProtocol) -> None:
        """Count a connection no more."""
        self.at_work(protocol)
        self._open -= 1

    def waits(self, protocol: BoundedProtocol) -> None:
        """Begin to count the time that a client takes for its request."""
        if protocol not in self._waiting:
            self._waiting[protocol] = asyncio.get_running_loop().call_later(self.header_s, self._too_late, protocol)

    def at_work(self, protocol: BoundedProtocol) -> None:
        """Stop counting: the header is there."""
        timer = self._waiting.pop(protocol, None)
        if timer is not None:
            timer.cancel()

    def _too_late(self, protocol: BoundedProtocol) -> None:
        self._waiting.pop(protocol, None)
        protocol.leave()

    def _crowd(self) -> None:
        """Log that connections are closed for want of room, once a minute at most."""
        self._crowded += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._logged_at_s >= LOGGED_EVERY_S:
            self._log.warning("%d connections are open, and no more may be: %d closed", self._open, self._crowded)
            self._logged_at_s, self._crowded = now_s, 0


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol, of which a connection counts and may be closed while it waits for a request."""

    bounds: Connections  # of the service; set where the class is made for it
    _counted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or close it at once."""
        super().connection_made(transport)
        self._counted = self.bounds.admit()
        if self._counted:
            self.bounds.waits(self)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self._counted:
            self._counted = False
            self.bounds.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; once a header is whole the client is waited for no more."""
        super().data_received(data)
        if self._busy():
            self.bounds.at_work(self)

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is there already."""
        super().on_response_complete()
        if self._counted and not (self.transport.is_closing() or self._busy()):
            self.bounds.waits(self)

    def leave(self) -> None:
        """Close the connection."""
        self.transport.abort()

    def _busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete


def protocol_of(connections: Connections) -> type[BoundedProtocol]:
    """Return the protocol whose connections are counted there."""
    named: dict[str, Any] = {"bounds": connections}
    return type("ServiceProtocol", (BoundedProtocol,), named)
