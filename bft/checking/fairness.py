"""LV5: every request of a correct client executes within a bounded number of views, even while others keep asking.

Once the network is well the liveness oracle proper (`liveness`) asks nothing new, so to it a primary that starves one
client is slow and no worse. Here a corrupted primary hears nothing of one client, whose request the correct nodes have,
while another client asks again and again: the correct nodes must leave the view in time.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.checking.fair_network import FairNetwork
from bft.core.inputs import ClientRequest
from bft.core.request import Request

STARVED, BUSY = "starved", "busy"
EVERY_S = 2.0
"""How often the busy client asks: far oftener than a view may take."""


def starves(fair: FairNetwork, correct: Sequence[int], views: int, message_s: float) -> str | None:
    """Return what is wrong if the node that leads can starve a client; None if not, or if a correct or mute one leads.

    Parameters
    ----------
    fair : FairNetwork
        After everything else has been executed.
    correct : sequence of int
        The correct nodes.
    views : int
        How many more views may fail.
    message_s : float
        Time of a message, in seconds.
    """
    world, subject = fair.world, fair.world.subject
    if subject.leader is None or subject.healing_s is None or not world.setting.retransmit:
        return None
    if world.setting.ledger:  # S8 judges all requests that were made, and these stand in no client's history
        return None
    leader = subject.leader(world, correct)
    if world.honest[leader] or leader in fair.mute:
        return None
    by_s = fair.now_s + subject.healing_s(world, correct, message_s)
    last_view = max(int(getattr(world.replicas[node], "view", 0)) for node in correct) + views
    victim = world.keyring.sign(Request(client=STARVED, timestamp=1, operation="will anybody hear this?"))
    fair.starved = STARVED
    fair.ask(ClientRequest(victim))
    asked, next_s = 0, fair.now_s
    while victim.key not in world.done:
        if fair.now_s >= next_s:
            asked, next_s = asked + 1, next_s + EVERY_S
            again = Request(client=BUSY, timestamp=asked, operation=f"and this, for the {asked}th time?")
            fair.ask(ClientRequest(world.keyring.sign(again)))
        if fair.advance() is None:
            return f"a request of {STARVED} is not executed, and nothing is under way"
        latest = max(int(getattr(world.replicas[node], "view", 0)) for node in correct)
        if fair.now_s > by_s or latest > last_view:
            served = sum(client == BUSY for client, _ in world.done)
            return f"a request of {STARVED} is not executed by {by_s:.0f} s in view {latest}, {served} of {BUSY} are"
    return None
