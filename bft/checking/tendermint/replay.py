"""Replays traces of an independent specification through the replica, step by step, and tells the first difference.

The specification (`specs/consensus/quint` of malachite) differs from the paper, and from the replica, in small things.
All that is mapped here, and the protocol knows nothing of it:

- Heights count from 0. The proposer of round r is number r + 1 mod n at every height. Quorums are more than two thirds,
  f + 1 is more than one third.
- Own messages come back through the network before they count.
- One input makes one rule fire; what else holds fires later, by a pending input or a change of step. So here the rules
  are called one by one, each by its line of Algorithm 1, and must fire where the trace says so.
- A proposer schedules timeoutPropose too. Proposals do not count for line 55.
- "invalid" is the value that is not valid; a proposal of it is answered with nil at once, whatever else is missing.
- After a decision a validator stays in its height, in a step of its own. Of what it does there only its
  lock is compared, and that it decides nothing else.
- Which start round 0 of a height finds messages there already, and takes them without a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bft.checking.tendermint.follower import Difference, Follower
from bft.checking.tendermint.traces import Row, Trace, read_folder, steps
from bft.core.quorum import QuorumSystem, integer_weights, two_thirds
from bft.core.request import Proposal, Request
from bft.errors import ScenarioError, bad_value
from bft.protocols.tendermint import Rules, TendermintConfig
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.state import (
    Own,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a trace: how many steps agree, and the first that does not, in words."""

    name: str
    steps: int
    difference: str | None = None


class Replay:
    """One trace against one replica each of its correct validators.

    Parameters
    ----------
    trace : Trace
        What to replay.
    rules : Rules, optional
        Replaces the rules of the replicas, to see that the trace finds a bug.
    """

    def __init__(self, trace: Trace, rules: Rules | None = None) -> None:
        self.trace = trace
        self.number = {name: place for place, name in enumerate(trace.weights)}
        stakes = list(trace.weights.values())
        total = sum(integer_weights(stakes))
        system = QuorumSystem.of(len(stakes), stakes=stakes, f=total // 3, quorum=two_thirds(total))
        self.config = TendermintConfig(system=system, retransmit_s=None, rules=rules or Rules())
        self.seen: dict[int, list[Own]] = {}
        self._values: dict[tuple[int, str], Proposal] = {}
        self._names: dict[str, str] = {}

    def run(self) -> Replayed:
        """Replay all steps, or up to the first difference."""
        followers = {name: Follower(self, name) for name in self.trace.running}
        done = 0
        for row in steps(self.trace):
            follower = followers.get(row.validator)
            if follower is None:
                raise ScenarioError(bad_value("traces", row.validator, f"is not running in {self.trace.name}"))
            try:
                follower.take(row)
            except Difference as found:
                told = f"line {row.line}: {row.validator}, on {row.kind} {row.told or ''}: {found}"
                return Replayed(name=self.trace.name, steps=done, difference=told)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                where = f"{self.trace.name}, line {row.line}"
                raise ScenarioError(bad_value("traces", where, f"is no step of Tendermint: {error!r}")) from error
            self.note(row)
            done += 1
        return Replayed(name=self.trace.name, steps=done)

    def note(self, row: Row) -> None:
        """Remember what was said, for those who start a height late."""
        told: list[Own] = []
        if row.kind == "VoteDInput":
            told.append(self.vote(row.told))
        elif row.kind == "ProposalDInput":
            told.append(self.proposal(row.told))
        if row.says == "VoteOutput":
            told.append(self.vote(row.said))
        elif row.says == "ProposalOutput":
            told.append(self.proposal(row.said))
        for message in told:
            if not isinstance(message, Propose):  # a proposal is always taken by a row
                self.seen.setdefault(message.height - 1, []).append(message)

    def value(self, height: int, value: str) -> Proposal:
        """Return the value of a name at a height."""
        if (height, value) not in self._values:
            request = Request(client=f"client of {value}", timestamp=1 + height, operation=value)
            made = Proposal(request=request, answer=value)
            self._values[height, value] = made
            self._names[made.digest] = value
        return self._values[height, value]

    def proposal(self, told: Any) -> Propose:
        """Return a proposal of the trace as a message."""
        height, value = int(told["height"]), str(told["proposal"])
        sender, valid_round = self.number[told["srcAddress"]], int(told["validRound"])
        return Propose(height + 1, int(told["round"]), self.value(height, value), valid_round, sender)

    def vote(self, told: Any) -> Prevote | Precommit:
        """Return a vote of the trace as a message."""
        kind: type[Prevote | Precommit] = Prevote if told["voteType"] == "Prevote" else Precommit
        height, named = int(told["height"]), told["valueId"]
        digest = None if named == "Nil" else self.value(height, str(named["Val"])).digest
        return kind(height + 1, int(told["round"]), digest, self.number[told["srcAddress"]])

    def named(self, digest: str | None) -> str:
        """Return the name of a value."""
        return "Nil" if digest is None else self._names[digest]

    def words(self, message: Any) -> str:
        """Return a message in words."""
        if message is None:
            return "nothing"
        again = f", valid round {message.valid_round}" if isinstance(message, Propose) else ""
        place = f"height {message.height - 1}, round {message.round}{again}"
        return f"{type(message).__name__} {self.named(message.digest)} ({place})"


def replay_folder(folder: Path, rules: Rules | None = None) -> list[Replayed]:
    """Replay every trace of a folder, each up to its first difference.

    Raises `ScenarioError` if there are none, or one cannot be read.
    """
    return [Replay(trace, rules).run() for trace in read_folder(folder)]


def replay_text(results: Iterable[Replayed]) -> str:
    """Return how many traces agree, and where the others do not."""
    told = list(results)
    agreeing = [each for each in told if each.difference is None]
    out = [f"{each.name:<28} {each.steps:>5} steps agree" for each in agreeing]
    out += [f"{each.name:<28} {each.steps:>5} steps agree, then {each.difference}" for each in told if each.difference]
    return "\n".join([*out, f"{len(agreeing)} of {len(told)} traces agree"])
