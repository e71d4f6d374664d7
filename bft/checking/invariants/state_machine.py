"""S1 to S6 and S9: what a replicated state machine owes its clients (§4.1, §4.2). These hold for every protocol."""

# ruff: noqa: ARG001 -- every check has the one signature of its table

from __future__ import annotations

from bft.checking.invariants.facts import Facts, Invariant
from bft.core.effects import Execute, Reply
from bft.core.events import Restarted, StateTransferred
from bft.core.request import Request, RequestKey


def agreement(facts: Facts, node: int, event: Execute) -> str | None:
    """S1: no two honest nodes execute different values at one number."""
    first = facts.executed.get(event.seq)
    if first is not None and first[0] != event.digest:
        return f"seq {event.seq}: node {first[1]} executed {first[0][:8]}, node {node} {event.digest[:8]}"
    return None


def order(facts: Facts, node: int, event: Execute) -> str | None:
    """S2: execution leaves no gap and repeats nothing."""
    last = facts.nodes[node].last_executed
    return None if event.seq == last + 1 else f"seq {event.seq} executed after {last}"


def validity(facts: Facts, node: int, event: Execute) -> str | None:
    """S3: what executes is null or a client's own request, under its own digest."""
    request = event.proposal.request
    if event.proposal.digest != event.digest:
        return f"seq {event.seq}: the digest is not the proposal's"
    if request is not None and not facts.genuine(request):
        return f"seq {event.seq}: request {request.key} was not signed by its client"
    return None


def once(facts: Facts, node: int, event: Execute) -> str | None:
    """S4: per client, executed timestamps increase; a request ordered again is a repetition and changes nothing."""
    request = event.proposal.request
    if event.seq == facts.front + 1:
        expected = request is not None and request.timestamp <= facts.clients.get(request.client, -1)
    else:
        expected = facts.repeated.get(event.seq, event.repeated)
    if event.repeated != expected:
        return f"seq {event.seq}: request executed {'before' if expected else 'never before'}, not so treated"
    if event.repeated and facts.state_after.get(event.seq - 1, event.state_digest) != event.state_digest:
        return f"seq {event.seq}: a repeated request changed the state"
    return None


def replies(facts: Facts, node: int, event: Reply) -> str | None:
    """S5: honest replies to one request are equal, so f + 1 equal ones fix it."""
    first = facts.replies.get((event.client, event.timestamp))
    if first is not None and first[0] != event.result:
        return f"{event.client}: node {first[1]} replied {first[0]!r}, node {node} {event.result!r}"
    return None


def state(facts: Facts, node: int, event: Execute) -> str | None:
    """S6: equal state at equal numbers."""
    known = facts.state_after.get(event.seq)
    return None if known is None or known == event.state_digest else f"seq {event.seq}: the state differs"


def transfer(facts: Facts, node: int, event: StateTransferred) -> str | None:
    """S6: a state can only be transferred if an honest node has been in it."""
    if event.seq > facts.front:
        return f"state of seq {event.seq} adopted, honest nodes reached {facts.front}"
    if facts.state_after.get(event.seq, event.state_digest) != event.state_digest:
        return f"state of seq {event.seq} adopted, it is not the one that honest nodes were in"
    return None


def reply_due(facts: Facts, node: int, request: object) -> RequestKey | None:
    """S9: a client that asks again gets the reply to its last request again from whoever has executed it (§4.1)."""
    service = facts.service
    if service is None or type(request) is not Request or type(request.client) is not str:
        return None  # clients may send anything
    if facts.clients.get(request.client) != request.timestamp or not facts.genuine(request):
        return None
    seq, _ = service.replies.get(request.key, (0, ""))
    return request.key if 0 < seq <= facts.nodes[node].last_executed else None


def missing_reply(key: RequestKey) -> str:
    """Return what to say of a reply that was not given again; a monitor asks before the next input."""
    return f"{key[0]}: no reply to request {key[1]}, which was asked again"


def learn_execute(facts: Facts, node: int, event: Execute) -> None:
    """Remember an execution."""
    own = facts.nodes[node]
    own.failures = 0
    if event.seq > own.last_executed:
        own.last_executed = event.seq
    facts.executed.setdefault(event.seq, (event.digest, node))
    facts.state_after.setdefault(event.seq, event.state_digest)
    facts.committed_at.setdefault(event.seq, {}).setdefault(event.view, event.digest)
    facts.reached.add("executed")
    if event.seq == facts.front + 1:
        facts.front = event.seq
        facts.repeated[event.seq] = event.repeated
        request = event.proposal.request
        if request is None:
            facts.reached.add("null executed")
        elif event.repeated:
            facts.reached.add("request ordered twice")
        else:
            facts.clients[request.client] = request.timestamp


def learn_reply(facts: Facts, node: int, event: Reply) -> None:
    """Remember a reply. A client is answered once f + 1 say the same; the faulty say what serves them best."""
    key = (event.client, event.timestamp)
    facts.replies.setdefault(key, (event.result, node))
    own = facts.nodes[node]
    if own.due_reply == key:
        own.due_reply = None
    if key in facts.answered:
        return
    tellers = facts.tellers.setdefault((key, event.result), set())
    tellers.add(node)
    system = facts.system
    if system.total - facts.weigh(facts.honest - tellers) >= system.weak:
        facts.answered[key] = (facts.made(), event.result)


def learn_transfer(facts: Facts, node: int, event: StateTransferred) -> None:
    """The node is now as far as the snapshot."""
    own = facts.nodes[node]
    own.last_executed = max(own.last_executed, event.seq)
    own.failures = 0
    facts.reached.add("state transfer")


def learn_restart(facts: Facts, node: int, event: Restarted) -> None:
    """The node goes on from what its disk holds, which is less than it had executed if the disk was set back."""
    facts.nodes[node].last_executed = event.last_executed


INVARIANTS = (
    Invariant("S1", Execute, agreement, "executed values agree"),
    Invariant("S2", Execute, order, "execution has no gaps"),
    Invariant("S3", Execute, validity, "only clients' requests execute"),
    Invariant("S4", Execute, once, "every request executes once"),
    Invariant("S5", Reply, replies, "replies agree"),
    Invariant("S6", Execute, state, "states agree"),
    Invariant("S6", StateTransferred, transfer, "transferred states are real"),
)
LESSONS = {Execute: learn_execute, Reply: learn_reply, StateTransferred: learn_transfer, Restarted: learn_restart}
