"""`bft local`: serve a small real model on loopback, until interrupted."""

from __future__ import annotations

import signal
import time
from argparse import Namespace
from types import FrameType

from bft.cli.output import complain
from bft.errors import BftError
from bft.live.local.model import model_file
from bft.live.local.process import LocalServer
from bft.live.local.server import ALIAS

LOOK_EVERY_S = 0.5


def local_command(arguments: Namespace) -> int:
    """Serve until interrupted, or ended by SIGTERM."""
    server = LocalServer(
        model_file(tell=complain),
        port=arguments.port,
        slots=arguments.slots,
        context=arguments.context,
        threads=arguments.threads,
    )

    def end(_: int, __: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        complain(f"listening on {server.url}, model {ALIAS!r}; end with Ctrl-C")
        while server.alive:
            time.sleep(LOOK_EVERY_S)
        raise BftError("the local model's process has ended by itself")
    finally:
        signal.signal(signal.SIGTERM, before)
        server.stop()
