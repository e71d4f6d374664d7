"""Every panel of a pool under every rule and quorum: how often it decides right, and wrong, on weighted questions.

Rules that count votes alike are quorums: plurality is a quorum of one, PBFT in n views and a ballot by quorum decide
the same wherever a majority is needed. In fewer views a quorum needs a member that leads. Rules that weigh votes have
no quorum. Which candidate to take is left to `choice`, which questions to `trial`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bft.designing.fault_cases import FaultModel, Ints, panels_of, spread, worst
from bft.designing.honest_sets import HonestSets, WeighedVotes
from bft.designing.judged_sets import JudgedSets, JudgedTable, Judges
from bft.designing.rules import COUNTED, MAJORITIES, PROPOSED, WEIGHED
from bft.randomness import Floats
from bft.voting.confidence import MILLIONTHS

_AT_ONCE = 1 << 20  # entries of an array that is alive for a moment


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A panel with its rule.

    Attributes
    ----------
    members : tuple of int
        Places of the models in the pool, in rising order.
    rule : str
        Its name.
    quorum : int or None
        Votes that decide; None where votes weigh differently.
    """

    members: tuple[int, ...]
    rule: str
    quorum: int | None

    @property
    def n(self) -> int:
        """Number of members."""
        return len(self.members)

    @property
    def by(self) -> str:
        """The rule and its quorum."""
        return (
            self.rule if self.quorum is None or self.rule == "plurality" else f"{self.rule}, {self.quorum} of {self.n}"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """What candidates do on the same questions.

    Attributes
    ----------
    candidates : list of Candidate
        Which.
    size : ndarray of int
        Their numbers of members.
    correct, wrong : ndarray of shape (candidates,)
        Shares decided right and wrong, in the worst case of the faults.
    kinds : sequence of (int, ndarray)
        Where candidates of one size, rule and quorum begin, and who is in each of them: shape (candidates, models).
    """

    candidates: Sequence[Candidate]
    size: Ints
    correct: Floats
    wrong: Floats
    kinds: Sequence[tuple[int, Floats]]


class Search:
    """All panels of some models.

    Parameters
    ----------
    honest : HonestSets
        Of these models.
    columns : sequence of int
        Places of these models in the pool; members are named by them.
    sizes : sequence of int
        Sizes of panels.
    rules : sequence of str
        Which rules, the first preferred among equals.
    faults : FaultModel
        What must be withstood.
    views : int, optional
        How many members lead, one after the other, under rules by which one proposes: the first ones of each panel. By
        default every member leads once.
    judges : Judges, optional
        How members judge each other's answers; the rule `judge` needs it.
    """

    def __init__(
        self,
        honest: HonestSets,
        columns: Sequence[int],
        *,
        sizes: Sequence[int],
        rules: Sequence[str],
        faults: FaultModel,
        views: int | None = None,
        judges: Judges | None = None,
    ) -> None:
        self.honest = honest
        self._judges = judges
        self.views = views
        self.columns = np.array(columns, dtype=np.intp)
        self.faults = faults
        self.sizes = [size for size in sizes if size <= honest.models]
        self.rules = rules
        self.panels = {size: panels_of(honest.models, size) for size in self.sizes}
        self._honest = {size: spread(2**size - 1 - faults.cases(size).faulty, self.panels[size]) for size in self.sizes}

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Every candidate, in the order of the scores."""
        found = []
        for size in self.sizes:
            members = [tuple(self.columns[panel].tolist()) for panel in self.panels[size]]
            for rule, quorum in self.counted(size) + [(rule, None) for rule in self.rules if rule in WEIGHED]:
                found += [Candidate(each, rule, quorum) for each in members]
        return found

    @cached_property
    def _kinds(self) -> list[tuple[int, Floats]]:
        found, start = [], 0
        for size in self.sizes:
            members = np.zeros((len(self.panels[size]), self.honest.models))
            np.put_along_axis(members, self.panels[size], 1.0, axis=1)
            for _ in range(len(self.counted(size)) + sum(rule in WEIGHED for rule in self.rules)):
                found.append((start, members))
                start += len(members)
        return found

    @cached_property
    def _judged(self) -> JudgedSets:
        assert self._judges is not None, "rules_of refuses the rule where it is not known"
        return JudgedSets(self.honest, self._judges)

    def _tables(self, share: Floats) -> dict[bool, _Table | JudgedTable]:
        """Return what sets of honest models decide where answers are judged (True), and where they are counted."""
        found: dict[bool, _Table | JudgedTable] = {False: _Table(self.honest, share)}
        return found | ({True: JudgedTable(self._judged, share)} if "judge" in self.rules else {})

    def counted(self, size: int) -> list[tuple[str, int | None]]:
        """Return rules and quorums that count votes alike, for panels of a size."""
        found: list[tuple[str, int | None]] = []
        for rule in self.rules:
            if rule == "plurality":
                found.append((rule, 1))
            elif rule in COUNTED:
                least = size // 2 + 1 if rule in MAJORITIES else 2
                found += [(rule, quorum) for quorum in range(min(least, size), size + 1)]
        return found

    def scores(self, weight: Floats, weights: dict[str, Ints]) -> Scores:
        """Return what every candidate does.

        Parameters
        ----------
        weight : ndarray of shape (questions,)
            Of each question; they are brought to a sum of 1.
        weights : mapping of str to ndarray
            What each model's vote weighs under the rules that weigh votes.
        """
        share = self.honest.share(weight)
        tables = self._tables(share)
        correct: list[Floats] = []
        wrong: list[Floats] = []
        sizes: list[int] = []
        weighed = {rule: self._by_weight(rule, weights, share) for rule in self.rules if rule in WEIGHED}
        for size in self.sizes:
            decided: dict[tuple[int, bool, bool], tuple[Floats, Floats]] = {}
            for rule, quorum in self.counted(size):
                assert quorum is not None
                key = (quorum, self._led(rule, size), rule == "judge")
                if key not in decided:
                    decided[key] = worst(*self._by_count(size, quorum, tables[key[2]], led=key[1]))
                correct.append(decided[key][0])
                wrong.append(decided[key][1])
            for rule in self.rules:
                if rule in WEIGHED:
                    right, erring = worst(*weighed[rule][size])
                    correct.append(right)
                    wrong.append(erring)
            sizes += [size] * (sum(map(len, correct)) - len(sizes))
        return Scores(
            candidates=self.candidates,
            size=np.array(sizes, dtype=np.intp),
            correct=np.concatenate(correct),
            wrong=np.concatenate(wrong),
            kinds=self._kinds,
        )

    def by_case(self, candidate: Candidate, weight: Floats, weights: dict[str, Ints]) -> tuple[Floats, Floats]:
        """Return what one candidate decides right and wrong in each case of the faults, shape (cases,) each."""
        share = self.honest.share(weight)
        if candidate.quorum is None:
            right, wrong = self._by_weight(candidate.rule, weights, share)[candidate.n]
        else:
            led = self._led(candidate.rule, candidate.n)
            table = self._tables(share)[candidate.rule == "judge"]
            right, wrong = self._by_count(candidate.n, candidate.quorum, table, led=led)
        place = [tuple(self.columns[panel].tolist()) for panel in self.panels[candidate.n]].index(candidate.members)
        return right[place], wrong[place]

    def _by_count(self, size: int, quorum: int, table: _Table | JudgedTable, *, led: bool) -> tuple[Floats, Floats]:
        """Return what panels of a size decide right and wrong in each case, shape (panels, cases) each."""
        cases, honest = self.faults.cases(size), self._honest[size]
        right, wrong = np.zeros(honest.shape), np.zeros(honest.shape)
        leading = (cases.colluding & ((1 << min(self.views or size, size)) - 1)) > 0
        lasts = self.panels[size][:, (self.views or size) - 1] if led else np.full(len(honest), -1)
        for colluders, leads in sorted(set(zip(cases.colluders.tolist(), leading.tolist(), strict=True))):
            sets = np.flatnonzero((cases.colluders == colluders) & (leading == leads))
            for last in np.unique(lasts).tolist():
                here = np.ix_(np.flatnonzero(lasts == last), sets)
                if led:
                    assert isinstance(table, _Table), "under judge nobody proposes"
                    decides_right, decides_wrong = table.decided_when_led(quorum, colluders, last, leads)
                else:
                    decides_right, decides_wrong = table.decided(quorum, colluders)
                right[here] = decides_right[honest[here]]
                wrong[here] = decides_wrong[honest[here]]
        return right @ cases.chance.T, wrong @ cases.chance.T

    def _led(self, rule: str, size: int) -> bool:
        """Whether not every member leads once, so that it matters who does."""
        return rule in PROPOSED and self.views is not None and self.views < size

    def _by_weight(self, rule: str, weights: dict[str, Ints], share: Floats) -> dict[int, tuple[Floats, Floats]]:
        """Return the same where votes weigh differently, for each size; every set of honest models is met once.

        Colluders state that they are certain.
        """
        if rule == "confidence":
            assert self.honest.stated is not None, "rules_of refuses it where nothing is stated"
            honestly, falsely = self.honest.stated, np.full(self.honest.models, MILLIONTHS)
        else:
            honestly = falsely = weights[rule]
        asked = [self._weighed_faults(size, falsely) for size in self.sizes]
        sets, rows = np.unique(np.concatenate([honest for honest, _ in asked]), return_inverse=True)
        colluding = np.concatenate([weight for _, weight in asked])
        right, wrong = np.zeros(len(rows)), np.zeros(len(rows))
        places = np.flatnonzero(share)
        order = np.argsort(rows, kind="stable")
        ends = np.searchsorted(rows[order], np.arange(len(sets) + 1))
        block, attacked = max(1, _AT_ONCE // max(1, len(places))), bool(colluding.any())
        for first in range(0, len(sets), block):
            last = min(first + block, len(sets))
            votes = self.honest.weighed(honestly, sets[first:last], places, attacked=attacked)
            alone = (votes.first > votes.right) & (votes.first > votes.second)
            here = order[ends[first] : ends[last]]
            right[here] = ((votes.right > votes.first) @ share[places])[rows[here] - first]
            wrong[here] = (alone @ share[places])[rows[here] - first]
            for row in range(last - first):
                of_row = order[ends[first + row] : ends[first + row + 1]]
                of_row = of_row[colluding[of_row] > 0]
                if len(of_row):
                    right[of_row], wrong[of_row] = _against(votes, row, colluding[of_row], share[places])
        found, start = {}, 0
        for size, (honest, _) in zip(self.sizes, asked, strict=True):
            part, cases = slice(start, start + len(honest)), self.faults.cases(size)
            shape = self._honest[size].shape
            found[size] = right[part].reshape(shape) @ cases.chance.T, wrong[part].reshape(shape) @ cases.chance.T
            start += len(honest)
        return found

    def _weighed_faults(self, size: int, weights: Ints) -> tuple[Ints, Ints]:
        """Return the honest models of every panel with every set of faulty members, and what the colluders weigh."""
        colluding = spread(self.faults.cases(size).colluding, self.panels[size])
        inside = (colluding[:, :, np.newaxis] >> np.arange(self.honest.models)) & 1
        return self._honest[size].ravel(), (inside @ weights).ravel()


class _Table:
    """How much weight the questions have that each set of honest models decides, by quorum and colluders."""

    def __init__(self, honest: HonestSets, share: Floats) -> None:
        self._honest, self._share = honest, share
        self._histogram = honest.histogram(share)
        self._histograms: dict[int, Floats] = {}
        self._known: dict[tuple[int, ...], tuple[Floats, Floats]] = {}

    def decided(self, quorum: int, colluders: int) -> tuple[Floats, Floats]:
        """Return the shares decided right and wrong, shape (sets,) each."""
        key = (quorum, colluders)
        if key not in self._known:
            right, wrong = self._honest.decided(quorum, colluders)
            self._known[key] = self._histogram @ right, self._histogram @ wrong
        return self._known[key]

    def decided_when_led(self, quorum: int, colluders: int, last: int, leads: bool) -> tuple[Floats, Floats]:
        """Return the same where the models up to `last` lead, and perhaps a colluder does."""
        key = (quorum, colluders, last, int(leads))
        if key not in self._known:
            if last not in self._histograms:
                self._histograms[last] = self._honest.histogram(self._share, last)
            right, wrong = self._honest.decided_when_led(quorum, colluders, colluder_leads=leads)
            self._known[key] = self._histograms[last] @ right, self._histograms[last] @ wrong
        return self._known[key]


def _against(votes: WeighedVotes, row: int, colluding: Ints, share: Floats) -> tuple[Floats, Floats]:
    """Return the shares decided right and wrong against each weight of colluders, all of them above 0.

    They back the most popular wrong answer, so that it weighs p + c; the heaviest wrong one beside it weighs o. The
    right answer, r, wins iff r > o and c < r − p; the popular one iff c > max(r, o) − p; and the other one iff it is
    above r and above the one behind it, and c < o − p.
    """
    right, popular, other = votes.right[row], votes.popular[row], votes.other[row]
    stands = (other > right) & (other > votes.behind[row])
    correct = _below(np.where(right > other, right - popular, 0), colluding, share)
    beside = _below(np.where(stands, other - popular, 0), colluding, share)
    limit = np.maximum(right, other) - popular
    return correct, beside + _above(limit, colluding, share)


def _below(limit: Floats, colluding: Ints, share: Floats) -> Floats:
    """Return, for each weight, the share of the questions whose limit is above it."""
    ordered, total = _summed(limit, share)
    return np.asarray(total[-1] - total[np.searchsorted(ordered, colluding, side="right")])


def _above(limit: Floats, colluding: Ints, share: Floats) -> Floats:
    """Return the share of the questions whose limit is below it."""
    ordered, total = _summed(limit, share)
    return np.asarray(total[np.searchsorted(ordered, colluding, side="left")])


def _summed(limit: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return the limits in rising order, and the share of the questions up to each."""
    if share[0] == share[-1] and np.all(share == share[0]):  # recorded questions: each counts the same
        return np.sort(limit), share[0] * np.arange(len(limit) + 1)
    order = np.argsort(limit, kind="stable")
    return limit[order], np.concatenate([[0.0], np.cumsum(share[order])])
