"""E1 to E8: what epochs owe, besides S1 to S6 over all of them and all of PBFT's invariants within each.

E1  one sequence of epochs: every honest node enters the same ones in order, each where the one before ended
E2  members change by an executed request of the operator, or by evidence of the epoch it names, and not otherwise
E3  nobody is isolated but by two votes of its own, in its epoch; no honest node ever is
E4  execution stops at the end of an epoch: a number is executed in the epoch that it belongs to
E5  whoever has executed up to the end of its epoch votes for nothing above it
E6  a node speaks in the epoch that it is in, also after a restart, and votes only as a member
E7  a reply is to what was executed
E8  an epoch is persisted before it is entered; persisted epochs are never taken back
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bft.checking.invariants.facts import Timing
from bft.checking.membership.model import Epoch, MemberModel, Ruling
from bft.checking.monitor import Monitor
from bft.checking.pbft.monitor import PbftMonitor
from bft.core.effects import Broadcast, Execute, Persist, Reply, Send
from bft.core.events import Restarted, StateTransferred
from bft.core.inputs import Restart
from bft.core.quorum import QuorumSystem
from bft.core.request import RequestKey
from bft.core.signatures import Keyring
from bft.membership.disk import EPOCHS
from bft.membership.events import EpochEntered, Isolated
from bft.membership.keys import EpochKeyring
from bft.membership.messages import EpochStarts, InEpoch
from bft.protocols.pbft import PbftConfig
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, PrePrepare

_CONVICTED = re.compile(r"ok (\d+) is convicted")
VOTES = (PrePrepare, Prepare, Commit, Checkpoint)


class Noted(NamedTuple):
    """A step of an instance, for the monitor of its epoch: at a place, what was heard and what came of it."""

    monitor: Monitor
    time_s: float
    place: int
    event: object
    effects: Sequence[object]

    def show(self) -> None:
        """Let the monitor see it."""
        self.monitor.hear(self.time_s, self.place, self.event)
        self.monitor.observe_step(self.time_s, self.place, self.effects)


class EpochMonitor(Monitor):
    """Watches all honest nodes of a system whose members change.

    Parameters
    ----------
    system : QuorumSystem
        Of all nodes, members or not; tolerates what the first members do.
    model : MemberModel
        Who should be a member.
    keyring : Keyring
        Of all nodes and clients.
    honest : iterable of int
        Nodes to watch.
    config : PbftConfig
        Of every epoch, but for its quorums.
    timing : Timing, optional
        How the view timer should run.

    Attributes
    ----------
    beyond : bool
        Whether an epoch has begun, by the operator's doing, in which more members are faulty than it tolerates: from
        then on nothing is promised, and nothing judged. Where that is so from the start, everything is.
    """

    def __init__(
        self,
        system: QuorumSystem,
        model: MemberModel,
        keyring: Keyring,
        honest: Iterable[int],
        *,
        config: PbftConfig,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(system, keyring.verify, honest)
        n = system.n
        self.model = model
        self._noted: list[list[Noted]] = [[] for _ in range(n)]
        self.beyond = False
        self._bounded = self._tolerable()
        self.epoch = [0] * n
        self.isolated: list[set[int]] = [set() for _ in range(n)]
        self._keyring = keyring
        self._config = config
        self._timing = timing
        self._within: dict[tuple[int, tuple[int, ...]], Monitor] = {}
        self._persisted: list[tuple[object, ...]] = [()] * n
        self._executed: set[RequestKey] = set()
        self._rulings: dict[RequestKey, Ruling] = {}

    @property
    def kinds(self) -> frozenset[type]:
        """Types of events and effects that must be shown to `observe`."""
        return super().kinds | {EpochEntered, Isolated, Persist}

    def within(self, ring: EpochKeyring) -> Monitor:
        """Return the monitor of PBFT within one epoch, in terms of places and of numbers in it."""
        name = (ring.epoch, ring.members)
        monitor = self._within.get(name)
        if monitor is None:
            monitor = self._within[name] = _WithinEpoch(self, ring, self._config, self._timing)
        return monitor

    def members_of(self, node: int) -> tuple[int, ...]:
        """Return the members of the epoch that a node is in."""
        return self.model.epochs[min(self.epoch[node], len(self.model.epochs) - 1)].members

    def _base_of(self, node: int) -> int:
        epoch = self.epoch[node]
        return self.model.epochs[epoch].base if 0 < epoch < len(self.model.epochs) else -1

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input that a node is about to get; a step that was cut short before its write never was."""
        del time_s
        noted = self._noted[node]
        if noted:
            if not any(each.effects for each in noted):
                self._show(node)
            noted.clear()
        if isinstance(event, Restart):
            self.isolated[node].clear()

    def note(self, node: int, step: Noted) -> None:
        """Keep a step of a node's instance until it is known to count."""
        if node in self._honest:
            self._noted[node].append(step)

    def _show(self, node: int) -> None:
        noted = self._noted[node]
        for step in noted:
            step.show()
        noted.clear()

    def observe_step(self, time_s: float, node: int, effects: Iterable[Any]) -> None:
        """Check the events and effects of a step one after another, each by all that was learnt before it."""
        if node not in self._honest:
            return
        if self._noted[node]:
            self._show(node)
        for effect in effects:
            self._observe(time_s, node, effect)

    def _observe(self, time_s: float, node: int, event: Any) -> None:
        if self.beyond:
            return
        kind = type(event)
        if kind is Broadcast or kind is Send:
            self._hear_it_say(time_s, node, event.message)
            return
        check = _CHECKS.get(kind)
        if check is not None:
            check(self, time_s, node, event)
        if kind not in self.table:
            return
        at_front = isinstance(event, Execute) and event.seq == self.facts.front + 1
        if isinstance(event, Execute) and event.seq - 1 == self._base_of(node):  # the epoch itself changes the state
            before = self.facts.state_after.pop(event.seq - 1, None)
            super().observe_step(time_s, node, (event,))
            if before is not None:
                self.facts.state_after[event.seq - 1] = before
        else:
            super().observe_step(time_s, node, (event,))
        if at_front:
            assert isinstance(event, Execute)
            self._learn(event)

    def corrupt(self, node: int) -> None:
        """The node is honest no longer, in no epoch."""
        super().corrupt(node)
        for (_, members), monitor in self._within.items():
            if node in members:
                monitor.corrupt(members.index(node))

    def _tolerable(self) -> bool:
        """Whether the members of the last epoch tolerate those of them that are faulty."""
        members = self.model.epochs[-1].members
        return len([node for node in members if node not in self._honest]) <= QuorumSystem.of(len(members)).tolerated

    def is_honest(self, node: int) -> bool:
        """Whether a node is watched."""
        return node in self._honest

    def report(self, name: str, time_s: float, node: int, detail: str) -> None:
        """Note that an invariant did not hold."""
        self._breach(name, time_s, node, detail)

    def _learn(self, event: Execute) -> None:
        """What executes first tells who the next members are, and where the epoch ends."""
        request = event.proposal.request
        epochs = len(self.model.epochs)
        ruling = self.model.execute(event.seq, request, event.repeated)
        reached = self.facts.reached
        if request is not None:
            self._executed.add(request.key)
            if ruling is not None:
                self._rulings[request.key] = ruling
                reached.add("members changed" if ruling.obeyed else "change refused")
        if ruling is not None and ruling.convicted is not None:
            reached.add("convicted")
        if len(self.model.epochs) > epochs:
            reached.add("epoch ended")
            if self._bounded and not self._tolerable():
                self.beyond = True
                for monitor in (self, *self._within.values()):
                    monitor.facts.honest.clear()
        elif self.model.ever_changed and event.seq % self._config.checkpoint_interval == 0:
            reached.add("epoch went on")

    def _check_execute(self, time_s: float, node: int, event: Execute) -> None:
        epoch = self.epoch[node]
        end = self.model.ends(epoch) if epoch < len(self.model.epochs) else None
        if end is not None and event.seq > end:
            self._breach("E4", time_s, node, f"seq {event.seq} executed in epoch {epoch}, which ended at {end}")
        if epoch < len(self.model.epochs) and event.seq <= self.model.epochs[epoch].base:
            self._breach("E4", time_s, node, f"seq {event.seq} executed in epoch {epoch}, before which it lies")

    def _check_reply(self, time_s: float, node: int, event: Reply) -> None:
        key = (event.client, event.timestamp)
        if key not in self._executed:
            self._breach("E7", time_s, node, f"replied to {key}, which nobody has executed")
            return
        ruling = self._rulings.get(key)
        if ruling is None:
            return
        named = _CONVICTED.match(event.result)
        if event.result.startswith("ok") != ruling.obeyed:
            self._breach("E2", time_s, node, f"{key} {'should' if ruling.obeyed else 'must not'} be obeyed")
        elif named is not None and int(named[1]) != ruling.convicted:
            self._breach("E2", time_s, node, f"{key} convicted {named[1]}, its evidence convicts {ruling.convicted}")

    def _check_entered(self, time_s: float, node: int, event: EpochEntered) -> None:
        told = Epoch(event.base, event.members)
        before = self.epoch[node]
        epochs = self.model.epochs
        if event.epoch != before + 1:
            self._breach("E1", time_s, node, f"entered epoch {event.epoch} from {before}")
        if event.epoch >= len(epochs):
            self._breach("E1", time_s, node, f"epoch {before} ended at {event.base}, where nothing ends it")
        elif epochs[event.epoch].base != told.base:
            detail = f"epoch {event.epoch} began after {told.base} and not after {epochs[event.epoch].base}"
            self._breach("E1", time_s, node, detail)
        elif epochs[event.epoch].members != told.members:
            detail = f"epoch {event.epoch} has members {told.members}, not {epochs[event.epoch].members}"
            self._breach("E2", time_s, node, detail)
        if len(self._persisted[node]) < event.epoch:
            self._breach("E8", time_s, node, f"entered epoch {event.epoch} without having persisted it")
        if event.base > self.facts.nodes[node].last_executed and node in event.members:
            self._breach("S2", time_s, node, f"began after {event.base} without the state there")
        self.epoch[node] = event.epoch
        reached = self.facts.reached
        reached.add("epoch entered")
        if event.epoch >= 2:
            reached.add("epoch 2 or later")

    def _check_isolated(self, time_s: float, node: int, event: Isolated) -> None:
        if event.culprit in self._honest:
            self._breach("E3", time_s, node, f"isolated {event.culprit}, which is honest")
        if event.culprit not in self.members_of(node):
            self._breach("E3", time_s, node, f"isolated {event.culprit}, which is no member")
        self.isolated[node].add(event.culprit)
        self.facts.reached.add("isolated")

    def _check_persisted(self, time_s: float, node: int, event: Persist) -> None:
        for key, value in event.entries:
            if key != EPOCHS:
                continue
            held = self._persisted[node]
            if not isinstance(value, tuple) or value[: len(held)] != held:
                self._breach("E8", time_s, node, "took back an epoch that it had persisted")
            else:
                self._persisted[node] = value

    def _check_restarted(self, time_s: float, node: int, event: Restarted) -> None:
        del time_s, event
        self.facts.reached.add("restart after an epoch" if self.epoch[node] else "restart")

    def _check_transferred(self, time_s: float, node: int, event: StateTransferred) -> None:
        epoch = self.epoch[node]
        end = self.model.ends(epoch) if epoch < len(self.model.epochs) else None
        if end is not None and event.seq > end:
            self._breach("E4", time_s, node, f"state of seq {event.seq} adopted in epoch {epoch}, which ended at {end}")
        if end == event.seq:
            self.facts.reached.add("state transfer at an end")

    def _hear_it_say(self, time_s: float, node: int, message: object) -> None:
        """E5 and E6: votes and everything else in the name of an epoch."""
        if isinstance(message, EpochStarts):
            self.facts.reached.add("start sent")
        if not isinstance(message, InEpoch):
            return
        epoch, here = message.epoch, self.epoch[node]
        vote: Any = message.message
        if epoch != here:
            self._breach("E6", time_s, node, f"{type(vote).__name__} in epoch {epoch}, having entered {here}")
            return
        if epoch >= len(self.model.epochs) or not isinstance(vote, VOTES):
            return
        base, members = self.model.epochs[epoch]
        if node not in members:
            self._breach("E6", time_s, node, f"{type(vote).__name__} in epoch {epoch}, of which it is no member")
        end = self.model.ends(epoch)
        if end is not None and base + vote.seq > end and self.facts.nodes[node].last_executed >= end:
            kind = type(vote).__name__
            self._breach("E5", time_s, node, f"{kind} for seq {base + vote.seq} in epoch {epoch}, which ended at {end}")


_CHECKS: dict[type, Any] = {
    Execute: EpochMonitor._check_execute,
    Reply: EpochMonitor._check_reply,
    EpochEntered: EpochMonitor._check_entered,
    Isolated: EpochMonitor._check_isolated,
    Persist: EpochMonitor._check_persisted,
    Restarted: EpochMonitor._check_restarted,
    StateTransferred: EpochMonitor._check_transferred,
}


class _WithinEpoch(PbftMonitor):
    """The monitor of PBFT, upon the instances of one epoch; what it finds counts with that of all epochs.

    S4 is left to the monitor of all epochs: which requests were executed before, an epoch does not know.
    """

    def __init__(self, whole: EpochMonitor, ring: EpochKeyring, config: PbftConfig, timing: Timing | None) -> None:
        super().__init__(
            QuorumSystem.of(len(ring.members)),
            ring.verify,
            [place for place, member in enumerate(ring.members) if whole.is_honest(member)],
            checkpoint_interval=config.checkpoint_interval,
            window=config.window,
            timing=timing,
            unpromised=("S4",),
        )
        self._whole = whole
        self._ring = ring
        self.facts.reached = whole.facts.reached

    def _breach(self, name: str, time_s: float, node: int, detail: str) -> None:
        ring = self._ring
        where = f" (places in epoch {ring.epoch} of {', '.join(map(str, ring.members))})" if ring.epoch else ""
        self._whole.report(name, time_s, ring.members[node], detail + where)


__all__ = ["EpochMonitor"]
