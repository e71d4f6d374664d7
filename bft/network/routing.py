"""How messages find their way where not everybody has a link to everybody: routed over relays, or gossiped.

Relays are nodes. One that is down passes nothing on. A Byzantine one does with the messages of others what
`byzantine_relays` says. Signed messages are checked by who receives them, so that altering is no better than dropping;
without signatures a receiver believes what it gets, and where paths are several, what more than half of them say
(Dolev 1982).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bft.network.conditions import Count
from bft.settings import Settings

Misdeed = Literal["drop", "alter", "forward"]


class Routed(Settings):
    """Each message follows the shortest path, by the typical delays of its links; these add up.

    Paths are fixed before the run and do not avoid nodes or links that fail; more than one path does.

    Attributes
    ----------
    paths : int
        How many node-disjoint paths a message takes at once, as many as there are; 2f + 1 without signatures, f + 1
        with them, bring it past f faulty relays.
    signed : bool
        Whether receivers can tell an altered message.
    byzantine_relays : {"drop", "alter", "forward"}
        What Byzantine relays do.
    """

    kind: Literal["routed"] = "routed"
    paths: Count = 1
    signed: bool = True
    byzantine_relays: Misdeed = "drop"


class Gossip(Settings):
    """Each node passes a message on when it first hears it, and drops it when it hears it again.

    Attributes
    ----------
    fanout : int, optional
        To how many neighbours, drawn anew each time; by default to all of them.
    ttl : int, optional
        Over how many links at most; by default no limit.
    signed : bool
        Whether nodes can tell an altered message, and do not pass it on; without, the first copy is believed.
    byzantine_relays : {"drop", "alter", "forward"}
        What Byzantine nodes do with the messages of others.
    """

    kind: Literal["gossip"] = "gossip"
    fanout: Count | None = None
    ttl: Count | None = None
    signed: bool = True
    byzantine_relays: Misdeed = "drop"


def by_kind(value: object) -> object:
    """Let a bare name stand for the routing of that kind with all its defaults."""
    return {"kind": value} if isinstance(value, str) else value


Routing = Annotated[Annotated[Routed | Gossip, Field(discriminator="kind")], BeforeValidator(by_kind)]
