"""T1 to T9, AC and LV2: what Tendermint owes besides the state machine. Nothing here calls protocol code for a verdict.

T1  at most one distinct proposal, prevote and precommit of a node in each round, nil included, across restarts too.
T2  at most one value has a polka in a round.
T3  after a precommit of v in round r, a prevote of another value in a later round r' needs a polka for that value, of
    the round vr that its proposal names, r ≤ vr < r', in the node's own log, or the node has locked that value since
    (line 22). Nil is always allowed.
T4  lockedRound and validRound only grow within a height, lockedRound ≤ validRound, in equal rounds for equal values; a
    precommit of v in round r stores the lock (r, v).
T5  a prevote for a value rests on a proposal of the round's proposer; a decision on such a one, on a quorum of
    precommits of its round, and on a polka somewhere.
T6  once more than n − q honest nodes precommitted v in one round, no other value has a polka in a later one.
T7  rounds only grow: by one after a quorum of precommits and timeoutPrecommit, or to any higher round in which more
    than F have sent something.
T8  a value that has a polka was accepted by the validators of at least q − K of weight of honest nodes.
T9  a node votes for a value only if its own validator accepted it, or, with follow_polka, if it holds a polka for it.
AC  where two honest nodes decided differently, the pooled log names at least 2q − n culprits; no honest node is named.
LV2 a timer of round r runs for initial + r · delta.

T2, T5, T6 and T8 are promised while fewer than 2q − n are Byzantine, AC while fewer than q are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from bft.checking.tendermint.heard import Heard, Said, messages_in
from bft.core.effects import Broadcast, Execute, Persist, Send, SetTimer
from bft.core.events import Restarted
from bft.core.inputs import Deliver, ProposalReady, TimerFired, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal
from bft.core.signatures import Signed
from bft.core.verdict import Verdict
from bft.protocols.tendermint.accountability import Pool
from bft.protocols.tendermint.config import TendermintConfig
from bft.protocols.tendermint.events import Decided, PolkaFollowed, RoundStarted
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.rotation import Rotation
from bft.record.safety import Breach

MANY = 32
"""Breaches kept per run."""
FORGETS_EVERY = 16
"""Heights between two looks at what can be forgotten."""


@dataclass(slots=True)
class Node:
    """What one node did.

    Attributes
    ----------
    said : dict
        Per (kind, height, round) what it said first.
    locked, valid : (int, int, str)
        Height, round and value of its lock, and of its valid value, as it stored them last.
    precommitted : dict
        Per height its precommits of values, as (round, value).
    accepted : set of str
        Values that its validator accepted, or that it proposed as its own.
    """

    height: int = 1
    round: int = -1
    said: dict[tuple[type, int, int], object] = field(default_factory=dict)
    locked: tuple[int, int, str] = (0, -1, "")
    valid: tuple[int, int, str] = (0, -1, "")
    precommitted: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    heard: Heard = field(default_factory=Heard)
    last_input: Any = None


class TendermintWatch:
    """Watches all honest nodes of a run.

    Parameters
    ----------
    config : TendermintConfig
        What the nodes were told; quorums are those of `system`.
    genuine : callable
        Whether the signer named in a body signed it, or is corrupted.
    honest : collection of int
        Nodes to judge.
    system : QuorumSystem, optional
        By which to judge; by default that of the configuration.

    Attributes
    ----------
    breaches : list of Breach
        What did not hold, in order.
    reached : set of str
        What the run has exercised.
    """

    def __init__(
        self,
        config: TendermintConfig,
        genuine: Callable[[Signed], bool],
        honest: Collection[int],
        system: QuorumSystem | None = None,
    ) -> None:
        self.config = config
        self.system = config.system if system is None else system
        self.genuine = genuine
        self.honest = set(honest)
        self.nodes = [Node() for _ in range(self.system.n)]
        self.breaches: list[Breach] = []
        self.reached: set[str] = set()
        self._rotation = Rotation(config.system)
        self._initial_s = {"propose": config.propose_s, "prevote": config.prevote_s, "precommit": config.precommit_s}
        self._polkas: dict[tuple[int, int], str] = {}
        self._precommits: dict[tuple[int, int, str], set[int]] = {}
        self._fixed: dict[int, tuple[int, str]] = {}
        self._executed: dict[int, str] = {}
        self._pools: dict[int, Pool] = {}
        self._front = 1
        self._now = (0.0, 0)

    # What monitors of a protocol have

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input that a node is about to get."""
        if node not in self.honest:
            return
        own = self.nodes[node]
        own.last_input = event
        kind = event.__class__
        if kind is Deliver:
            assert isinstance(event, Deliver)
            for message, by_sender in messages_in(event):
                if 0 <= message.replica < self.system.n and (by_sender or self.genuine(message)):
                    own.heard.take(message)
                    self._pool(message)
        elif kind is VerdictReady:
            assert isinstance(event, VerdictReady)
            if event.verdict is Verdict.ACCEPT:
                own.accepted.add(event.digest)
        elif kind is ProposalReady:
            assert isinstance(event, ProposalReady)
            if event.answer is not None:
                value = Proposal(request=event.request, answer=event.answer, wording=event.wording)
                own.accepted.add(value.digest)

    def observe_step(self, time_s: float, node: int, effects: Iterable[Any]) -> None:
        """Check the events and effects of a step, and learn from them."""
        if node not in self.honest:
            return
        self._now = (time_s, node)
        find = _CHECKS.get
        for effect in effects:
            check = find(effect.__class__)
            if check is not None:
                check(self, node, effect)

    def corrupt(self, node: int) -> None:
        """The node is honest no longer."""
        self.honest.discard(node)

    # Checks by what happens

    def _broadcast(self, node: int, effect: Broadcast | Send) -> None:
        message = effect.message
        if isinstance(message, Propose | Prevote | Precommit):
            self._said(node, message)

    def _said(self, node: int, message: Said) -> None:
        own = self.nodes[node]
        value = (message.digest, message.valid_round) if isinstance(message, Propose) else message.digest
        kind = message.__class__
        if message.replica != node:
            self._breach("T1", f"{kind.__name__} sent in the name of node {message.replica}")
            return
        place = (kind, message.height, message.round)
        if place in own.said:
            if own.said[place] != value:
                where = f"height {message.height}, round {message.round}"
                self._breach(
                    "T1", f"{where}: a second {kind.__name__}, {_short(value)} after {_short(own.said[place])}"
                )
            return
        own.said[place] = value
        own.heard.take(message)
        self._pool(message)
        if isinstance(message, Prevote) and message.digest is not None:
            self._prevoted(own, message.height, message.round, message.digest)
        elif isinstance(message, Precommit) and message.digest is not None:
            self._precommitted(node, message.height, message.round, message.digest)

    def _prevoted(self, own: Node, height: int, round_: int, digest: str) -> None:
        """T3, T5 and T9."""
        proposer = self._rotation.proposer(height, round_)
        names = {each[1] for each in own.heard.proposed.get((height, round_), ()) if each[::2] == (digest, proposer)}
        if not names:
            self._breach(
                "T5", f"height {height}: prevotes {digest[:8]} in round {round_}, not proposed by its proposer"
            )
        lock = max([r for r, value in own.precommitted.get(height, ()) if r < round_ and value != digest], default=-1)
        if lock >= 0:
            self.reached.add("unlocked by a polka")
            # The proposal names the polka's round, or the node locked the value itself since (line 22).
            since = {r for r, value in own.precommitted[height] if value == digest}
            fine = any(lock <= r < round_ and self._holds_polka(own, height, r, digest) for r in names | since)
            if not fine:
                self._breach(
                    "T3", f"height {height}: prevotes {digest[:8]} in round {round_}, locked on another in round {lock}"
                )
        self._accepted(own, height, digest, "prevotes")

    def _precommitted(self, node: int, height: int, round_: int, digest: str) -> None:
        """T4, T6 and T9."""
        own = self.nodes[node]
        own.precommitted.setdefault(height, []).append((round_, digest))
        if own.locked[0] != 0 and own.locked != (height, round_, digest):
            self._breach("T4", f"precommits {digest[:8]} in round {round_}, its lock is {_lock(own.locked)}")
        self._accepted(own, height, digest, "precommits")
        voters = self._precommits.setdefault((height, round_, digest), set())
        voters.add(node)
        if height not in self._fixed and self.system.weight(voters & self.honest) > self.system.live_up_to:
            self._fixed[height] = (round_, digest)
            self.reached.add("value fixed")
            for (at, later), other in self._polkas.items():
                if at == height:
                    self._fixed_against(height, later, other)

    def _accepted(self, own: Node, height: int, digest: str, verb: str) -> None:
        """T9."""
        if digest in own.accepted:
            return
        if self.config.follow_polka:
            places = [place for place in own.heard.prevotes if place[0] == height]
            if any(self._holds_polka(own, *place, digest) for place in places):
                return
        self._breach("T9", f"height {height}: {verb} {digest[:8]}, which its validator has not accepted")

    def _holds_polka(self, own: Node, height: int, round_: int, digest: str) -> bool:
        voters = own.heard.prevotes.get((height, round_), {}).get(digest, ())
        return self.system.weight(voters) >= self.system.quorum

    def _polka(self, node: int, event: PolkaFollowed) -> None:
        """T2, T6 and T8; and a polka is one."""
        del node
        height, round_, digest = event.seq, event.view, event.digest
        self.reached.add("polka")
        if not event.locked:
            self.reached.add("polka after the precommit")
        self._quorum("T2", event.voters, Prevote, height, round_, digest)
        first = self._polkas.setdefault((height, round_), digest)
        if first != digest:
            self._breach("T2", f"height {height}, round {round_}: polkas for {first[:8]} and {digest[:8]}")
        self._fixed_against(height, round_, digest)
        accepting = {each for each in self.honest if digest in self.nodes[each].accepted}
        liars = self.system.total - self.system.weight(self.honest)
        if self.system.weight(accepting) < self.system.quorum - liars:
            self._breach("T8", f"height {height}: a polka for {digest[:8]}, accepted by {sorted(accepting)} alone")

    def _fixed_against(self, height: int, round_: int, digest: str) -> None:
        """T6."""
        fixed = self._fixed.get(height)
        if fixed is not None and fixed[0] < round_ and fixed[1] != digest:
            self._breach(
                "T6", f"height {height}: {fixed[1][:8]} was fixed in round {fixed[0]}, a polka for {digest[:8]} follows"
            )

    def _decided(self, node: int, event: Decided) -> None:
        """T5."""
        height, round_, digest = event.seq, event.view, event.digest
        own = self.nodes[node]
        if round_ < own.round:
            self.reached.add("decision of a past round")
        if round_ > 0:
            self.reached.add("decided after round 0")
        self._quorum("T5", event.voters, Precommit, height, round_, digest)
        proposer = self._rotation.proposer(height, round_)
        said = self.nodes[proposer].said.get((Propose, height, round_))
        if proposer in self.honest and (not isinstance(said, tuple) or said[0] != digest):
            self._breach("T5", f"height {height}: decides {digest[:8]} of round {round_}, which nobody proposed")
        prevoters = {each for each in self.honest if self.nodes[each].said.get((Prevote, height, round_)) == digest}
        liars = self.system.total - self.system.weight(self.honest)
        if self.system.weight(prevoters) + liars < self.system.quorum:
            self._breach("T5", f"height {height}: decides {digest[:8]} of round {round_}, which can have had no polka")

    def _quorum(self, name: str, voters: Collection[int], kind: type, height: int, round_: int, digest: str) -> None:
        """Check that distinct voters of a quorum really voted so."""
        if len(set(voters)) != len(voters) or self.system.weight(set(voters)) < self.system.quorum:
            self._breach(name, f"height {height}, round {round_}: {sorted(voters)} are no quorum")
        for voter in voters:
            if voter in self.honest and self.nodes[voter].said.get((kind, height, round_), digest) != digest:
                self._breach(name, f"height {height}, round {round_}: node {voter} voted for something else")
            if voter in self.honest and (kind, height, round_) not in self.nodes[voter].said:
                self._breach(name, f"height {height}, round {round_}: node {voter} has not voted")

    def _round_started(self, node: int, event: RoundStarted) -> None:
        """T7."""
        own = self.nodes[node]
        height, round_ = event.seq, event.view
        self.reached.add("round 1" if round_ == 1 else "round 2 or later")
        if height != own.height or round_ <= own.round:
            self._breach("T7", f"starts round {round_} of height {height} in round {own.round} of height {own.height}")
        elif event.skipped:
            self.reached.add("round skipped")
            senders = own.heard.senders.get((height, round_), set())
            if self.system.weight(senders) < self.system.weak:
                self._breach("T7", f"height {height}: skips to round {round_}, where it has heard {sorted(senders)}")
        else:
            due = own.last_input.__class__ is TimerFired and own.last_input.name == "precommit"
            voters = own.heard.voters((height, max(own.round, 0)))
            enough = self.system.weight(voters) >= self.system.quorum
            if not due or not enough or round_ != max(own.round, 0) + 1:
                self._breach(
                    "T7", f"height {height}: starts round {round_} after {sorted(voters)} precommitted in the last"
                )
        own.round = round_

    def _restarted(self, node: int, event: Restarted) -> None:
        """T7, across a restart."""
        own = self.nodes[node]
        self.reached.add("restart")
        if own.locked[0] == own.height:
            self.reached.add("restart with a lock")
        if event.last_executed + 1 == own.height and event.view < own.round:
            self._breach("T7", f"restarts in round {event.view}, had been in round {own.round}")
        if event.last_executed + 1 != own.height:  # its disk was set back, or had more than it told
            own.height, own.round = event.last_executed + 1, event.view

    def _persisted(self, node: int, event: Persist) -> None:
        """T4."""
        own = self.nodes[node]
        for key, stored in event.entries:
            told: Any = stored
            if key == ("locked",) and told is not None:
                own.locked = self._grown(own.locked, told, "lockedRound")
            elif key == ("valid",) and told is not None:
                own.valid = self._grown(own.valid, (told[0], told[1], told[2].digest), "validRound")
        (height, lock, locked), (at, valid, value) = own.locked, own.valid
        if height == own.height and (at != height or lock > valid or (lock == valid and locked != value)):
            self._breach("T4", f"the lock is {_lock(own.locked)}, the valid value {_lock(own.valid)}")

    def _grown(self, before: tuple[int, int, str], now: tuple[int, int, str], what: str) -> tuple[int, int, str]:
        if now[0] == before[0] and (now[1] < before[1] or (now[1] == before[1] and now[2] != before[2])):
            self._breach("T4", f"height {now[0]}: {what} goes from {_lock(before)} to {_lock(now)}")
        return now

    def _timer(self, node: int, event: SetTimer) -> None:
        """LV2."""
        initial_s = self._initial_s.get(event.name)
        if initial_s is None:
            return
        round_ = max(self.nodes[node].round, 0)
        expected_s = initial_s + round_ * self.config.delta_s
        if abs(event.delay_s - expected_s) > 1e-9 * expected_s:
            self._breach("LV2", f"the {event.name} timer of round {round_} runs {event.delay_s} s, not {expected_s}")

    def _execute(self, node: int, event: Execute) -> None:
        """The next height begins; where nodes disagree, AC."""
        own = self.nodes[node]
        first = self._executed.setdefault(event.seq, event.digest)
        if first != event.digest:
            self._account(event.seq)
        own.height, own.round = event.seq + 1, -1
        self._front = max(self._front, own.height)
        if event.seq % FORGETS_EVERY == 0:
            self._forget(min(self.nodes[each].height for each in self.honest) - 1)

    def _account(self, height: int) -> None:
        """AC."""
        liars = self.system.total - self.system.weight(self.honest)
        named = set(self._pools[height].charges()) if height in self._pools else set()
        self.reached.add("culprits named")
        if named & self.honest:
            self._breach("AC", f"height {height}: honest nodes are named, {sorted(named & self.honest)}")
        if liars < self.system.quorum and self.system.weight(named) < self.system.safe_below:
            self._breach("AC", f"height {height}: a split, and only {sorted(named)} are named")

    # What is remembered

    def _pool(self, message: Said) -> None:
        if message.height <= self._front + 1:
            pool = self._pools.get(message.height)
            if pool is None:
                pool = self._pools[message.height] = Pool(self.system)
            pool.add(message)

    def _forget(self, height: int) -> None:
        """Drop what is of heights that all honest nodes have passed; a split would have shown."""
        for old in [each for each in self._pools if each < height]:
            del self._pools[old]
        for node in self.nodes:
            node.heard.forget_below(height)
            node.said = {place: value for place, value in node.said.items() if place[1] >= height}
            node.precommitted = {at: held for at, held in node.precommitted.items() if at >= height}

    def _breach(self, name: str, detail: str) -> None:
        if len(self.breaches) < MANY:
            self.breaches.append(Breach(name, *self._now, detail))


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return f"{str(value[0])[:8]} of round {value[1]}"
    return "nil" if value is None else str(value)[:8]


def _lock(lock: tuple[int, int, str]) -> str:
    return f"{lock[2][:8] or 'nothing'} of round {lock[1]}"


_CHECKS: dict[type, Callable[[TendermintWatch, int, Any], None]] = {
    Broadcast: TendermintWatch._broadcast,
    Send: TendermintWatch._broadcast,
    Persist: TendermintWatch._persisted,
    SetTimer: TendermintWatch._timer,
    PolkaFollowed: TendermintWatch._polka,
    Decided: TendermintWatch._decided,
    RoundStarted: TendermintWatch._round_started,
    Restarted: TendermintWatch._restarted,
    Execute: TendermintWatch._execute,
}
