"""One panel of a design: who, by what rule, how good on held-out questions, at what price; and the files to run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tomli_w

from bft.designing.fault_cases import FaultModel
from bft.designing.pools import Pool
from bft.designing.rules import PROPOSED
from bft.designing.trial import HeldOut
from bft.errors import ScenarioError, bad_value
from bft.scenario import Scenario
from bft.validators.comparison import DEFAULT_COMPARISON
from bft.validators.model_names import in_one_line

_WITH_QUORUM = ("quorum", "judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignedPanel:
    """A panel and what it is worth.

    Attributes
    ----------
    models : tuple of str
        Its members.
    rule : str
        How they decide.
    quorum : int or None
        Votes that decide; None where votes weigh differently.
    held_out : HeldOut
        Shares decided right, wrong and not at all, on questions that the choice was not made on.
    chosen_on_correct, chosen_on_wrong : float
        The same on those that it was made on.
    calls : float
        Calls that a question takes; where answers are judged, on average.
    cost : float or None
        What they cost; None where a price is not known.
    latency_s : float or None
        How long a question takes, or with early stop on average; None where a latency is not known.
    accuracy : tuple of float
        What was learnt of the members: behind the weights of `log_odds`.
    stakes : tuple of int or None
        Their stakes, where the rule counts them.
    views : int or None
        How many members lead, where not all do.
    worst_liars : tuple of int
        The members that do most harm if they lie.
    """

    models: tuple[str, ...]
    rule: str
    quorum: int | None
    held_out: HeldOut
    chosen_on_correct: float
    chosen_on_wrong: float
    calls: float
    cost: float | None
    latency_s: float | None
    accuracy: tuple[float, ...]
    stakes: tuple[int, ...] | None = None
    views: int | None = None
    worst_liars: tuple[int, ...] = ()

    @property
    def n(self) -> int:
        """Number of members."""
        return len(self.models)

    @property
    def safe_below(self) -> int:
        """Members that vote twice split no decision while they are fewer than 2q - n; 0 without a majority quorum."""
        counts = self.quorum is not None and self.rule not in ("plurality", "judge")
        return max(0, 2 * (self.quorum or 0) - self.n) if counts else 0

    @property
    def words(self) -> str:
        """The panel in a few words."""
        return f"{in_one_line(self.models)} by {self.by}"

    @property
    def by(self) -> str:
        """The rule and its quorum."""
        return f"{self.rule}, {self.quorum} of {self.n}" if self.rule != "plurality" and self.quorum else self.rule

    def to_dict(self) -> dict[str, Any]:
        """Return it in types that JSON knows."""
        shares: dict[str, float] = {}
        for name in ("correct", "wrong", "none"):
            share = getattr(self.held_out, name)
            shares |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
        correct, wrong = self.chosen_on_correct, self.chosen_on_wrong
        return {
            "models": list(self.models),
            "rule": self.rule,
            "quorum": self.quorum,
            "n": self.n,
            "held_out": {**shares, "questions": self.held_out.questions, "confidence": self.held_out.confidence},
            "chosen_on": {"correct": correct, "wrong": wrong, "none": max(0.0, 1.0 - correct - wrong)},
            "optimism": {"correct": correct - self.held_out.correct.value, "wrong": self.held_out.wrong.value - wrong},
            "calls": self.calls,
            "cost": self.cost,
            "latency_s": self.latency_s,
            "views": self.views,
            "safe_below": self.safe_below,
            "accuracy": list(self.accuracy),
        }

    def scenario(self, pool: Pool, faults: FaultModel) -> Scenario:
        """Return what runs this panel on the answers that it was designed from, under the faults it was designed for.

        Where members lie, those lie that do most harm; δ of the others has no place beside them and is left out. Raises
        `ScenarioError` if they state confidences: recorded answers are replayed without.
        """
        if self.rule == "confidence":
            told = "a scenario of recorded answers states no confidences; --out writes the live panel alone"
            raise ScenarioError(bad_value("rule", self.rule, told))
        given: dict[str, Any] = {"n": self.n, "validators": self._validators(pool)}
        if self.rule in PROPOSED:
            given |= {"protocol": self.rule, "quorum": self.quorum}
            if self.views is not None:
                given["views"] = self.views
        else:
            given |= {"protocol": "ballot", "rule": self._rule()}
            if self.rule in _WITH_QUORUM:
                given["quorum"] = self.quorum
        if self.stakes is not None and self.rule == "stake":
            given["stakes"] = tuple(float(each) for each in self.stakes)
        if faults.liars:
            given["faults"] = {"nodes": self.worst_liars, "behaviour": "collude"}
        elif max(faults.deltas) > 0.0:
            given["faults"] = {"delta": max(faults.deltas), "behaviour": faults.behaviour}
        return Scenario(**given)

    def panel_toml(self) -> str:
        """Return a live panel of these members, for `bft panel --panel`; endpoints and keys are to be filled in."""
        table: dict[str, Any] = {"rule": self._rule()}
        if self.rule in PROPOSED:
            table["check"] = "same_answer"
            if self.views is not None:
                table["views"] = self.views
        if self.quorum is not None and self.rule != "plurality":
            table["quorum"] = self.quorum
        if self.stakes is not None and self.rule == "stake":
            table["stakes"] = [float(each) for each in self.stakes]
        members = [{"model": model} for model in self.models]
        return tomli_w.dumps({**table, "members": members})

    def _rule(self) -> Any:
        if self.rule == "log_odds":
            return {"kind": "log_odds", "accuracy": [round(each, 6) for each in self.accuracy]}
        return self.rule

    def _validators(self, pool: Pool) -> dict[str, Any]:
        told = self._answers(pool)
        if self.rule == "judge":
            assert pool.judges is not None
            right, wrong = pool.judges.accept_right, pool.judges.accept_wrong
            told["check"] = {"kind": "judge", "accept_given_right": right, "accept_given_wrong": wrong}
        return told

    def _answers(self, pool: Pool) -> dict[str, Any]:
        places = [pool.models.index(model) for model in self.models]
        if pool.numbers is None:
            given: dict[str, Any] = {"kind": "recorded", "file": pool.file, "models": self.models}
            if pool.compare != DEFAULT_COMPARISON:
                given["compare"] = pool.compare
            if pool.drop_conflicts:
                given["drop_conflicts"] = True
            return given
        numbers = pool.numbers
        missing = numbers.missing
        return {
            "kind": "statistical",
            "accuracy": tuple(float(pool.accuracy[place]) for place in places),
            "options": numbers.options,
            "errors": numbers.errors.model_dump(exclude_none=True),
            "missing": missing if isinstance(missing, float) else tuple(missing[place] for place in places),
            "missing_correlation": numbers.missing_correlation,
        }
