"""Exhaustive search of one height of Tendermint: every order of deliveries, every timer, every lie, up to a bound.

A replica is driven by messages that have been sent, in any order, and by its timers whenever they run. What has been
sent only grows, and no guard of Algorithm 1 asks for the absence of a message. So the search does not remember what a
replica has received, only what it did: its round, step, lock and valid value, its own votes, its decision. A move is
one rule fired by just the messages that it needs, taken from all that was ever sent, Byzantine ones included; which
voters make a quorum does not matter. The replica's own code decides what comes of it.

This allows all that can really happen: in a real run a rule fires by messages on file, and those were sent. It allows a
little more, for a replica may overlook what it has received. So where the search is complete and nothing broke, nothing
can break; and a counterexample is a run of replicas that may lose and get again what is on file.

Replicas that propose in none of the rounds are interchangeable: a state counts once for all their permutations.

>>> from bft.checking.tendermint.explorer import TendermintExplorerConfig, explore
>>> explore(TendermintExplorerConfig(n=3, byzantine=(0,))).complete
True
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

from bft.checking.exploration import ANSWERS, Bounds, Exploration, Step, Trusting
from bft.checking.tendermint.local_states import Local, Move
from bft.core.effects import Broadcast, Execute, RequestProposal, RequestVerdict
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, TimerFired, VerdictReady
from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.protocols.tendermint import Rules, TendermintConfig, TendermintReplica
from bft.protocols.tendermint.config import PRECOMMIT_TIMER, PREVOTE_TIMER, PROPOSE_TIMER
from bft.protocols.tendermint.messages import NO_ROUND, Precommit, Prevote, Propose, Vote
from bft.protocols.tendermint.rotation import Rotation
from bft.protocols.tendermint.state import PRECOMMIT, PREVOTE, PROPOSE, WAITING

HEIGHT = 1
Rule = tuple[str, int, str | None]
"""A line, the round and the value that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TendermintExplorerConfig(Bounds):
    """One height, two values, and what may happen to them.

    Attributes
    ----------
    rules : Rules
        The protocol's rules, to plant a bug.
    """

    rules: Rules = field(default_factory=Rules)


class Search:
    """Breadth-first search over the states of all honest replicas."""

    def __init__(self, config: TendermintExplorerConfig) -> None:
        self.config = config
        self.system = config.system()
        self.request = Request(client="client", timestamp=1, operation="question")
        self.values = tuple(Proposal(request=self.request, answer=answer) for answer in ANSWERS)
        self.names = {value.digest: value.answer or "" for value in self.values}
        self.rotation = Rotation(self.system)
        self.messages: list[Any] = []
        self._bits: dict[Any, int] = {}
        self._votes: dict[tuple[type, int, str | None], list[Any]] = {}
        self.lies = 0
        for lie in self._lies():
            self.lies |= self.bit(lie)
        self.local = Local()
        self._moves: dict[tuple[int, int], tuple[Move, ...]] = {}
        self._taken: dict[tuple[int, Hashable], Move | None] = {}
        self._prints: dict[int, Hashable] = {}
        self.transitions = self.decided = self.stalled = 0

    def bit(self, message: Any) -> int:
        """Return the place of a message in the masks of what was sent."""
        found = self._bits.get(message)
        if found is None:
            found = self._bits[message] = 1 << len(self.messages)
            self.messages.append(message)
            self._votes.setdefault((type(message), message.round, message.digest), []).append(message)
        return found

    def run(self) -> Exploration:
        """Search level by level."""
        honest = self.config.honest
        first = tuple(self.local.add(self._born(node), 0, None) for node in honest)
        seen = {self._canonical(first)}
        parents: dict[tuple[int, ...], tuple[tuple[int, ...], int, Move]] = {}
        level, depth = [first], 0
        while level:
            following = []
            for states in level:
                ended = True
                sent = self.lies
                for each in states:
                    sent |= self.local.said[each]
                for place, state in enumerate(states):
                    for move in self._moves_of(state, sent):
                        after = (*states[:place], move.after, *states[place + 1 :])
                        ended = False
                        self.transitions += 1
                        key = self._canonical(after)
                        if key in seen:
                            continue
                        if len(seen) == self.config.max_states:
                            return self._result(len(seen), depth + 1, f"max_states = {len(seen)}", None, ())
                        seen.add(key)
                        parents[after] = (states, place, move)
                        following.append(after)
                        broken = self._broken(after) if move.executed is not None else None
                        if broken is not None:
                            return self._result(len(seen), depth + 1, None, broken, self._path(after, parents))
                if ended:
                    done = all(self.local.executed[each] is not None for each in states)
                    self.decided, self.stalled = self.decided + done, self.stalled + (not done)
            depth += bool(following)
            level = following
        return self._result(len(seen), depth, None, None, ())

    def _born(self, replica: int) -> TendermintReplica:
        config = TendermintConfig(
            system=self.system, views=self.config.views, retransmit_s=None, rules=self.config.rules, durable=False
        )
        return TendermintReplica(replica, config, Trusting())

    def _lies(self) -> Iterator[Any]:
        """Yield all that the liars can sign: every vote, and in their rounds every proposal."""
        digests = (None, *self.names)
        for liar, round_ in product(self.config.byzantine, range(self.config.views)):
            yield from (Prevote(HEIGHT, round_, digest, liar) for digest in digests)
            yield from (Precommit(HEIGHT, round_, digest, liar) for digest in digests)
            if self.rotation.proposer(HEIGHT, round_) == liar or not self.config.rules.only_proposer:
                for value, valid_round in product(self.values, range(-1, self.config.views)):
                    yield Propose(HEIGHT, round_, value, valid_round, liar)

    # Moves

    def _moves_of(self, number: int, sent: int) -> tuple[Move, ...]:
        found = self._moves.get((number, sent))
        if found is None:
            moves: dict[tuple[int, str | None], Move] = {}
            for rule, inputs in self._inputs(self.local.replicas[number], sent):
                key = (number, rule if rule is not None else inputs)
                if key not in self._taken:
                    self._taken[key] = self._take(number, inputs)
                move = self._taken[key]
                if move is not None:
                    moves.setdefault((move.after, move.executed), move)
            found = self._moves[number, sent] = tuple(moves.values())
        return found

    def _inputs(self, replica: TendermintReplica, sent: int) -> Iterator[tuple[Rule | None, tuple[Input, ...]]]:
        """Yield rules with inputs, as few as each needs; no rule is named where it matters which inputs they are."""
        state = replica.state
        if state.height != HEIGHT:
            return
        heard = state.round
        if state.step == WAITING and not state.pending:
            yield None, (ClientRequest(self.request),)
        if PROPOSE_TIMER in state.timers:
            yield None, (TimerFired(PROPOSE_TIMER),)  # line 57
        for round_, value in product(range(self.config.views), self.names):
            for message in self._there(replica, sent, Propose, round_, value):
                yield from self._about(replica, sent, message)
        if state.step == PREVOTE:
            nil = self._quorum(replica, sent, Prevote, heard, None)
            if nil is not None:
                yield ("44", heard, None), nil
            for votes in self._whatever(replica, sent, Prevote):
                yield None, (*votes, TimerFired(PREVOTE_TIMER))  # lines 34 and 61
        if state.step != WAITING and heard + 1 < self.config.views:
            for votes in self._whatever(replica, sent, Precommit):
                yield None, (*votes, TimerFired(PRECOMMIT_TIMER))  # lines 47 and 65
        for round_ in range(heard + 1, self.config.views):
            there = [each for each in self.messages if self._bits[each] & sent and each.round == round_]
            senders = {each.replica: each for each in there if each.replica != state.id}
            if self.system.weight(senders) >= self.config.rules.skip_quorum(self.system):
                yield ("55", round_, None), tuple(told(each) for each in senders.values())

    def _about(
        self, replica: TendermintReplica, sent: int, message: Propose
    ) -> Iterator[tuple[Rule | None, tuple[Input, ...]]]:
        """Yield the rules that need a proposal: lines 22, 28, 36 and 49."""
        state, round_, digest = replica.state, message.round, message.digest
        own = message.replica == state.id
        first = () if own else (told(message),)
        if round_ == state.round and state.step == PROPOSE and not own:
            yield None, first
            polka = self._quorum(replica, sent, Prevote, message.valid_round, digest)
            if polka is not None:
                yield (f"28 {message.valid_round}", round_, digest), (*polka, *first)
        if round_ == state.round and state.step in (PREVOTE, PRECOMMIT):
            polka = self._quorum(replica, sent, Prevote, round_, digest)
            if polka is not None:
                yield ("36", round_, digest), (*first, *polka)
        votes = self._quorum(replica, sent, Precommit, round_, digest)
        if votes is not None:
            yield ("49", round_, digest), (*first, *votes)

    def _there(self, replica: TendermintReplica, sent: int, kind: type, round_: int, digest: str | None) -> list[Any]:
        """Return what was sent of a kind, for a value; of votes only the others'."""
        found = self._votes.get((kind, round_, digest), [])
        keep = replica.id if kind is not Propose else -1
        return [each for each in found if self._bits[each] & sent and each.replica != keep]

    def _quorum(
        self, replica: TendermintReplica, sent: int, kind: type[Vote], round_: int, digest: str | None
    ) -> tuple[Input, ...] | None:
        """Return votes that make a quorum for a value with the replica's own; None if there are too few."""
        log = replica.state.rounds.get(round_)
        tally: Any = None if log is None else log.prevotes if kind is Prevote else log.precommits
        weight = 0 if tally is None else tally.weights.get(digest, 0)
        rules, weights = self.config.rules, self.system.weights
        needed = (rules.polka_quorum if kind is Prevote else rules.decision_quorum)(self.system)
        chosen: list[Input] = []
        for each in self._there(replica, sent, kind, round_, digest):
            if weight >= needed:
                break
            chosen.append(told(each))
            weight += weights[each.replica]
        return tuple(chosen) if weight >= needed and round_ >= 0 else None

    def _whatever(self, replica: TendermintReplica, sent: int, kind: type[Vote]) -> Iterator[tuple[Input, ...]]:
        """Yield votes of the current round that make a quorum for whatever with the replica's own."""
        state, system = replica.state, self.system
        log = state.current
        tally: Any = None if log is None else log.prevotes if kind is Prevote else log.precommits
        needed = self.config.rules.any_quorum(system) - (0 if tally is None else tally.total)
        by_voter: dict[int, list[Any]] = {}
        for digest in (None, *self.names):
            for each in self._there(replica, sent, kind, state.round, digest):
                by_voter.setdefault(each.replica, []).append(each)
        for size in range(len(by_voter) + 1):
            for chosen in combinations(sorted(by_voter), size):
                if system.weight(chosen) >= needed and system.weight(chosen[:-1]) < needed:
                    for picked in product(*(by_voter[node] for node in chosen)):
                        yield tuple(told(each) for each in picked)
                        if self._settled(kind, state.step):
                            return

    def _settled(self, kind: type[Vote], step: int) -> bool:
        """Whether one quorum is as good as any other: precommits without their proposal decide nothing."""
        return kind is Precommit and step in (PREVOTE, PRECOMMIT, PROPOSE) and not self.config.rules.count_nil

    def _take(self, number: int, inputs: tuple[Input, ...]) -> Move | None:
        """Let a replica take inputs, and what its validator answers at once."""
        twin = self.local.replicas[number].clone()
        sent = 0
        executed: str | None = None
        for each in inputs:
            if isinstance(each, TimerFired) and each.name not in twin.timers:
                return None
            soon: list[Input] = [each]
            while soon:
                for effect in twin.step(0.0, soon.pop(0)):
                    if isinstance(effect, Broadcast):
                        sent |= self.bit(effect.message)
                    elif isinstance(effect, Execute):
                        executed = effect.digest
                    elif isinstance(effect, RequestProposal):
                        soon.append(ProposalReady(effect.view, effect.request, ANSWERS[effect.view % len(ANSWERS)]))
                    elif isinstance(effect, RequestVerdict):
                        soon.append(VerdictReady(effect.view, effect.seq, effect.digest, Verdict.ACCEPT))
        said = self.local.said[number] | sent
        held = self.local.executed[number] if executed is None else executed
        after = self.local.add(twin, said, held)
        return None if after == number else Move(inputs, after, said, executed)

    # What is seen

    def _broken(self, states: tuple[int, ...]) -> str | None:
        """S1: no two replicas decide differently; S3: what is decided was asked."""
        decided = {self.local.executed[each] for each in states} - {None}
        if len(decided) > 1:
            return "S1"
        return None if decided <= set(self.names) else "S3"

    def _canonical(self, states: tuple[int, ...]) -> Hashable:
        """Return the least of a state's renamed twins: replicas that propose in no round are interchangeable."""
        if not self.config.symmetry:
            return states
        leaders = {self.rotation.proposer(HEIGHT, round_) for round_ in range(self.config.views)}
        alike = [place for place, node in enumerate(self.config.honest) if node not in leaders]
        fixed = tuple(states[place] for place in range(len(states)) if place not in alike)
        prints = [f"{self._anonymous(states[place])} {self.local.executed[states[place]]}" for place in alike]
        return fixed, tuple(sorted(prints))

    def _anonymous(self, number: int) -> Hashable:
        if number not in self._prints:
            self._prints[number] = repr(self.local.print_of(self.local.replicas[number], (0,) * self.config.n))
        return self._prints[number]

    def _path(self, states: tuple[int, ...], parents: dict[Any, Any]) -> tuple[Step, ...]:
        steps: list[Step] = []
        while states in parents:
            states, place, move = parents[states]
            said = move.said & ~self.local.said[states[place]]
            new = [each for each in self.messages if self._bits[each] & said]
            did = [f"sends {self._words(each)}" for each in new]
            did += [f"executes {self.names.get(move.executed, move.executed)}"] if move.executed else []
            heard = ", ".join(map(self._input_words, move.inputs))
            steps.append(Step(replica=self.config.honest[place], heard=heard, did=tuple(did)))
        return tuple(reversed(steps))

    def _input_words(self, event: Input) -> str:
        if isinstance(event, TimerFired):
            return f"its {event.name} timer runs out"
        if isinstance(event, Deliver):
            return f"{self._words(event.message)} from {event.sender}"
        return "the request"

    def _words(self, message: Any) -> str:
        value = "nil" if message.digest is None else self.names.get(message.digest, message.digest[:8])
        again = f", valid round {message.valid_round}" if getattr(message, "valid_round", NO_ROUND) >= 0 else ""
        return f"{type(message).__name__}(round {message.round}, {value}{again})"

    def _result(
        self, states: int, depth: int, bound: str | None, broken: str | None, path: tuple[Step, ...]
    ) -> Exploration:
        return Exploration(
            states=states,
            transitions=self.transitions,
            replica_states=len(self.local.replicas),
            messages=len(self.messages),
            depth=depth,
            bound=bound,
            decided=self.decided,
            stalled=self.stalled,
            invariant=broken,
            counterexample=path,
        )


def told(message: Any) -> Deliver:
    """Return the delivery of a message from its sender."""
    return Deliver(message.replica, message)


def explore(config: TendermintExplorerConfig) -> Exploration:
    """Explore all that can happen at one height, breadth first.

    Parameters
    ----------
    config : TendermintExplorerConfig
        The system and the bounds.

    Returns
    -------
    Exploration
        Counts, whether the search is complete, and a shortest counterexample if there is one.
    """
    return Search(config).run()
