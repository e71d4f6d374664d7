"""What is read off a finished run: its outcome, what either monitor found, and its measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bft.adversary.inject import Inject
from bft.adversary.node import Behaviour, FaultyNode
from bft.core.lean import maker
from bft.record.outcome import Outcome, worst
from bft.record.safety import Breach
from bft.record.trace import Trace
from bft.simulation.clients import Clients
from bft.simulation.fabric import Fabric
from bft.simulation.host import Host
from bft.simulation.member_changes import ChangeTold
from bft.simulation.meter import MeteredPanel
from bft.simulation.run import Metrics
from bft.validators.injection import instruction_by

new_metrics = maker(Metrics)


def outcome_of_all(outcomes: Sequence[Outcome], changes: Sequence[ChangeTold], breaches: Sequence[Breach]) -> Outcome:
    """Return the outcome of a run: split where honest replicas disagreed anywhere, else the worst of all requests.

    A replica may commit another value than the one executed and never execute it: that is a split, even if all agree on
    what was executed. An operator's change that no f + 1 members answered is a request that stalled.
    """
    if breaches and any(each.invariant == "S1" for each in breaches):
        return Outcome.SPLIT
    unanswered = changes and any(each.answered_at_s is None for each in changes)
    return worst((*outcomes, Outcome.STALLED) if unanswered else outcomes)


def both(full: Sequence[Breach], plain: Sequence[Breach]) -> list[Breach]:
    """Return what either monitor found, once, in order of time."""
    known = {(each.invariant, each.time_s, each.node) for each in full}
    more = [each for each in plain if (each.invariant, each.time_s, each.node) not in known]
    return sorted([*full, *more], key=lambda each: each.time_s)


def count_obeyed(contexts: Mapping[int, FaultyNode], plan: Mapping[int, Behaviour], obeyed: Mapping[str, int]) -> None:
    """Add to what injecting nodes did how often they were obeyed, also where they never were."""
    for node, behaviour in plan.items():
        if isinstance(behaviour, Inject):
            contexts[node].count("injections obeyed", obeyed.get(instruction_by(node), 0))


def measured(
    host: Host,
    panel: MeteredPanel,
    fabric: Fabric | None,
    clients: Clients,
    *,
    deciding: int | None,
    honest: Sequence[int],
    done_at_s: Mapping[int, float],
    settled: Callable[..., Mapping[int, float]] | None,
    trace: Trace,
) -> Metrics:
    """Measure a finished run; `deciding` nodes make a decision, or all the honest if fewer or where it is None."""
    times = sorted(done_at_s.values())
    needed = len(honest) if deciding is None else min(len(honest), deciding)
    entered = [event.view for _, node, event in host.views if node in honest]
    sent = host.sent
    return new_metrics(
        decided_at_s=times[needed - 1] if needed and len(times) >= needed else None,
        first_decided_at_s=times[0] if times else None,
        last_decided_at_s=times[-1] if times and len(times) == len(honest) else None,
        views=1 + max(entered, default=0),
        messages_sent=sum(sent.values()),
        messages_delivered=host.delivered,
        messages_lost=host.lost + (0 if fabric is None else fabric.lost),
        sent_by_kind=sent,
        calls=panel.count,
        calls_saved=panel.saved(done_at_s if settled is None else settled(trace, done_at_s)),
        tokens=panel.tokens,
        cost=panel.cost,
        client_latency_s=tuple([latency_s for latency_s in clients.latency_s if latency_s >= 0.0]),
        network=None if fabric is None else fabric.metrics(),
    )
