"""S7: what executes and what clients are told is what one sequential service would have done and said (§4.1).

S4 to S6 compare replicas with each other, so what all of them do wrong alike they do not see. Here a reference service
(`bft.checking.reference`) executes the same log. Without one, nothing is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bft.checking.invariants.facts import Facts, Invariant
from bft.core.effects import Execute, Persist, Reply


def state_as_specified(facts: Facts, node: int, event: Execute) -> str | None:
    """S7: the state after an execution is the one that the service would be in."""
    del node
    service = facts.service
    if service is None:
        return None
    seq = event.seq
    if seq == service.seq + 1:
        service.execute(event.proposal)
    after = service.after.get(seq)
    if after is None or after[0] != event.digest or after[1] == event.state_digest:
        return None  # a gap, or another value: that is for S1 and S2 to tell
    return f"seq {seq}: executing the log leads to another state"


def reply_as_specified(facts: Facts, node: int, event: Reply) -> str | None:
    """S7: a client is told what executing its request has returned, and by nobody who has not executed it."""
    service = facts.service
    if service is None:
        return None
    known = service.replies.get((event.client, event.timestamp))
    if known is None:
        return f"{event.client}: reply {event.result!r} to request {event.timestamp}, which nobody has executed"
    seq, reply = known
    if event.result != reply:
        return f"{event.client}: reply {event.result!r} to request {event.timestamp}, the service said {reply!r}"
    if seq > facts.nodes[node].last_executed:
        return f"{event.client}: reply to request {event.timestamp} of seq {seq}, which the node has not reached"
    return None


def reply_table_as_specified(facts: Facts, node: int, event: Persist) -> str | None:
    """S7: the replies in a snapshot that a node keeps are those that the service had given by then (§4.3)."""
    del node
    service = facts.service
    if service is None:
        return None
    for key, value in event.entries:
        if key[0] == "snapshot" and isinstance(value, tuple) and len(value) == 2:
            table = service.tables.get(key[1])  # type: ignore[call-overload]
            if table is not None and value[1] != table:
                return f"snapshot of seq {key[1]}: replies {value[1]!r}, the service had given {table!r}"
    return None


INVARIANTS = (
    Invariant("S7", Execute, state_as_specified, "states are those of a sequential service"),
    Invariant("S7", Reply, reply_as_specified, "replies are those of a sequential service"),
    Invariant("S7", Persist, reply_table_as_specified, "reply tables are those of a sequential service"),
)
LESSONS: Mapping[type, Callable[[Facts, int, object], None]] = {}
