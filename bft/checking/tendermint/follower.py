"""One validator of a trace of the specification, as a replica whose rules are called one by one; see `replay`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bft.checking.exploration import Trusting
from bft.checking.tendermint.traces import Row
from bft.core.inputs import ProposalReady
from bft.core.quorum import QuorumSystem
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value
from bft.protocols.tendermint import TendermintReplica, filing, lines, starting
from bft.protocols.tendermint.config import PRECOMMIT_TIMER, PREVOTE_TIMER, PROPOSE_TIMER
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.rotation import Rotation
from bft.protocols.tendermint.state import PRECOMMIT, PROPOSE, WAITING, Own, State

if TYPE_CHECKING:
    from bft.checking.tendermint.replay import Replay

INVALID = "invalid"
STEPS = {WAITING: "NoStep", PROPOSE: "ProposeStep", PROPOSE + 1: "PrevoteStep", PRECOMMIT: "PrecommitStep"}
TIMERS = {"ProposeTimeout": PROPOSE_TIMER, "PrevoteTimeout": PREVOTE_TIMER, "PrecommitTimeout": PRECOMMIT_TIMER}
Line = Callable[[State], bool]
WATCHED: dict[str, Line] = {
    "22": lines.line_22,
    "28": lines.line_28,
    "34": lines.line_34,
    "36": lines.line_36,
    "44": lines.line_44,
    "47": lines.line_47,
    "49": lines.line_49,
    "55": lines.line_55,
}


class Difference(Exception):  # noqa: N818  # no error: it is what is looked for
    """The replica does something else than the trace says."""


class _SourceRotation(Rotation):
    """Number round + 1 mod n proposes, at every height."""

    __slots__ = ("meant",)

    def __init__(self, system: QuorumSystem) -> None:
        super().__init__(system)
        self.meant: int | None = None

    def proposer(self, height: int, round_: int) -> int:
        """Return the proposer of a round; who starts one asks about the round after the one it leaves."""
        del height
        return ((round_ if self.meant is None else self.meant) + 1) % self._n


def _later(state: State, message: Own) -> None:
    """An own message comes back as an input."""


class Follower:
    """One validator of a trace, as a replica.

    Attributes
    ----------
    decided : (height, value) or None
        What it decided last, and the state that it showed then.
    """

    def __init__(self, replay: Replay, name: str) -> None:
        self.replay = replay
        self.replica = TendermintReplica(replay.number[name], replay.config, Trusting())
        self.state = self.replica.state
        self.state.hear_own = _later
        self.rotation = _SourceRotation(replay.config.system)
        self.state.rotation = self.rotation
        self.decided: tuple[int, str] | None = None
        self.frozen: dict[str, Any] = {}

    def take(self, row: Row) -> None:
        """Do what a row says, and compare."""
        state, height = self.state, int(row.after["height"])
        if self.decided is not None and height == self.decided[0]:
            self.after_decision(row)
            return
        if height + 1 != state.height:
            raise Difference(f"the trace is at height {height}, the replica at {state.height - 1}")
        if state.step == WAITING and row.kind != "NoDInput":
            self.load(height)
        before = set() if state.step == WAITING else self.enabled()
        state.effects.clear()
        self.hear(row)
        if row.says in ("NoConsensusOutput", "ErrorOutput"):
            self.nothing(row, before)
        else:
            self.act(row)
        self.compare(row, self.frozen if row.says == "DecidedOutput" else self.show())

    def after_decision(self, row: Row) -> None:
        """The source goes on with a height that is decided; the replica has left it."""
        assert self.decided is not None
        if row.says == "DecidedOutput" and str(row.said[1]) != self.decided[1]:
            raise Difference(f"the trace decides {row.said[1]!r}, the replica has decided {self.decided[1]!r}")
        if row.after["round"] == self.frozen["round"]:
            self.compare(row, {name: self.frozen[name] for name in ("lockedRound", "lockedValue")})

    def load(self, height: int) -> None:
        """Who starts takes the messages that are there without a row: all that the trace has shown of this height."""
        for message in self.replay.seen.get(height, ()):
            self.file(message)

    def hear(self, row: Row) -> None:
        """File what the row brings."""
        if row.kind == "ProposalDInput":
            message = self.replay.proposal(row.told)
            self.file(message)
        elif row.kind == "VoteDInput":
            self.file(self.replay.vote(row.told))
        elif row.kind == "CertificateDInput":
            self.certificate([self.replay.vote(vote) for vote in row.told])

    def certificate(self, votes: list[Prevote | Precommit]) -> None:
        """File a certificate: it counts even where a voter has said something else before."""
        state = self.state
        digests = {vote.digest for vote in votes}
        near = all(vote.height == state.height for vote in votes) and len({vote.round for vote in votes}) == 1
        weight = state.system.weight({vote.replica for vote in votes})
        digest = digests.pop() if len(digests) == 1 else None
        if near and digest is not None and weight >= state.system.quorum:
            filing.file_quorum(state, state.log(votes[0].round), votes, digest)
            state.effects.clear()
            return
        for vote in votes:
            self.file(vote)

    def file(self, message: Own) -> None:
        """File a message without letting any rule fire."""
        if isinstance(message, Propose):
            invalid = message.proposal.answer == INVALID
            self.state.verdicts[message.digest] = Verdict.REJECT if invalid else Verdict.ACCEPT
        filing.file_message(self.state, message)
        self.state.effects.clear()

    def enabled(self) -> set[str]:
        """Return the lines whose guards hold now."""
        return {name for name, line in WATCHED.items() if line(self.state.clone())}

    def nothing(self, row: Row, before: set[str]) -> None:
        """The trace does nothing, so the input makes no rule possible; but it may have set the valid value."""
        state = self.state
        if row.after["validRound"] != state.valid_round and state.step == PRECOMMIT:
            self.fire(lines.line_36)
        if row.says == "ErrorOutput" or row.kind not in ("VoteDInput", "CertificateDInput", "ProposalDInput"):
            return
        new = self.enabled() - before
        log = state.current
        if log is not None and log.prevote_timer_set:
            new.discard("36")  # it follows as a pending input
        if any(each.proposals for number, each in state.rounds.items() if number > state.round):
            new.discard("55")
        if row.kind == "ProposalDInput":
            new.discard("55")
        if new:
            raise Difference(f"the trace does nothing, and the replica would act by line {', '.join(sorted(new))}")

    def act(self, row: Row) -> None:
        """Let the rule fire that leads to the row's output."""
        said = row.said
        match row.says:
            case "TimeoutOutput":
                round_, timer = said
                if timer == "ProposeTimeout":
                    self.start(row, int(round_))
                else:
                    self.set_timer(TIMERS[timer])
            case "GetValueAndScheduleTimeoutOutput":
                self.start(row, int(said[1]))
            case "ProposalOutput":
                self.propose(row)
            case "VoteOutput":
                self.vote(row)
            case "DecidedOutput":
                self.decide(row)
            case _:
                raise ScenarioError(bad_value("traces", row.says, "is no output of a validator"))

    def start(self, row: Row, round_: int) -> None:
        """A round starts: at the beginning, after timeoutPrecommit, or by line 55."""
        state = self.state
        self.rotation.meant = state.round + 1
        try:
            if row.kind == "StartDInput" and state.step == WAITING:
                starting.start_round(state, 0)
            elif row.kind == "TimeoutDInput" and row.told == "PrecommitTimeout":
                if state.current is None or not state.current.precommit_timer_set:
                    raise Difference("the timer of line 47 does not run here")
                starting.start_round(state, state.round + 1)
            else:
                self.rotation.meant, meant = None, self.rotation.meant
                if not lines.line_55(state.clone()):
                    raise Difference("line 55 does not hold here")
                self.rotation.meant = meant
                starting.start_round(state, round_, skipped=True)
        finally:
            self.rotation.meant = None
        if state.round != round_:
            raise Difference(f"the trace starts round {round_}, the replica round {state.round}")
        proposed = self.sent(Propose)
        asks = row.says == "GetValueAndScheduleTimeoutOutput"
        if row.says == "ProposalOutput":
            self.same(proposed, self.replay.proposal(row.said))
        elif proposed is not None or (asks and state.valid is not None):
            raise Difference("the trace starts a round without proposing, the replica proposes its valid value")

    def propose(self, row: Row) -> None:
        """A proposer has a value: that of its application, or, as a round starts, its valid value."""
        if row.kind != "ProposeValueDInput":
            self.start(row, int(row.said["round"]))
            return
        state = self.state
        request = self.replay.value(state.height - 1, str(row.told)).request
        assert request is not None
        state.proposing = request.key
        starting.on_proposal_ready(state, ProposalReady(state.round, request, str(row.told)))
        self.same(self.sent(Propose), self.replay.proposal(row.said))

    def set_timer(self, name: str) -> None:
        """A timer of line 34 or 47; one that runs may be set again."""
        log = self.state.current
        line = lines.line_34 if name == PREVOTE_TIMER else lines.line_47
        runs = log is not None and (log.prevote_timer_set if name == PREVOTE_TIMER else log.precommit_timer_set)
        if not runs:
            self.fire(line)

    def vote(self, row: Row) -> None:
        """A prevote or a precommit."""
        state, expected = self.state, self.replay.vote(row.said)
        if isinstance(expected, Precommit):
            if row.kind == "TimeoutDInput":
                self.timeout(row, "PrevoteTimeout")
                lines.precommit(state, None)
            else:
                self.fire(lines.line_44 if expected.digest is None else lines.line_36)
            self.same(self.sent(Precommit), expected)
            return
        if row.kind == "TimeoutDInput":
            self.timeout(row, "ProposeTimeout")
            lines.prevote(state, None)
        elif not (lines.line_28(state) or lines.line_22(state)):
            told = row.told if isinstance(row.told, dict) else {}
            if told.get("proposal") != INVALID or state.step != PROPOSE:
                raise Difference("neither line 22 nor line 28 holds here")
            lines.prevote(state, None)
        self.same(self.sent(Prevote), expected)

    def timeout(self, row: Row, name: str) -> None:
        """A timer rings: the right one, in the right step, having been set."""
        state = self.state
        wanted = PROPOSE if name == "ProposeTimeout" else PROPOSE + 1
        log = state.current
        runs = name == "ProposeTimeout" or (log is not None and log.prevote_timer_set)
        if row.told != name or state.step != wanted or not runs:
            raise Difference(f"{row.told} does nothing here")

    def decide(self, row: Row) -> None:
        """Line 49."""
        state = self.state
        shown = self.show()
        height, value = state.height - 1, str(row.said[1])
        self.fire(lines.line_49)
        decision = state.decisions[state.height - 1]
        if (decision.round, decision.proposal.answer) != (int(row.said[0]), value):
            raise Difference(f"the trace decides {row.said}, the replica {[decision.round, decision.proposal.answer]}")
        self.decided, self.frozen = (height, value), {**shown, "step": "CommitStep"}

    def fire(self, line: Line) -> None:
        """Let one rule fire."""
        if not line(self.state):
            raise Difference(f"{line.__name__.replace('_', ' ')} does not hold here")

    def sent(self, kind: type) -> Any:
        """Return what was broadcast in this step."""
        sent = [each.message for each in self.state.effects if hasattr(each, "message")]
        return next((each for each in sent if isinstance(each, kind)), None)

    def same(self, said: Any, expected: Own) -> None:
        """Compare a message."""
        if said != expected:
            raise Difference(f"the trace says {self.replay.words(expected)}, the replica {self.replay.words(said)}")

    def show(self) -> dict[str, Any]:
        """Return the state of consensus as the trace writes it."""
        state = self.state
        valid = None if state.valid is None else state.valid.digest
        return {
            "height": state.height - 1,
            "round": state.round,
            "step": STEPS[state.step],
            "lockedRound": state.locked_round,
            "lockedValue": self.replay.named(state.locked),
            "validRound": state.valid_round,
            "validValue": self.replay.named(valid),
        }

    def compare(self, row: Row, shown: dict[str, Any]) -> None:
        """Compare the state of consensus after the step."""
        for field, ours in shown.items():
            theirs = row.after[field]
            if isinstance(theirs, dict):
                theirs = theirs.get("Val")
            if theirs != ours:
                raise Difference(f"{field} is {theirs!r} afterwards in the trace, {ours!r} in the replica")
